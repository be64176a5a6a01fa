//! Strings of bytes as strings of JSON.

use rdb::{Digits, Scalar};

use super::base64::Base64;
use super::escape;
use crate::rdb::args::Bytes;

/// Writes strings of bytes in the way that was asked for.
#[derive(Debug)]
pub(super) struct Text {
    how: Bytes,
    digits: Digits,
    base64: Base64,
    /// The first bytes of a character that the next piece may complete.
    held: Vec<u8>,
}

impl Text {
    pub(super) fn new(how: Bytes) -> Self {
        Self { how, digits: Digits::default(), base64: Base64::default(), held: Vec::new() }
    }

    /// A whole string, in quotes.
    #[inline]
    pub(super) fn scalar(&mut self, scalar: &Scalar<'_>, out: &mut Vec<u8>) {
        match scalar {
            Scalar::Int(_) if self.how != Bytes::Base64 => {
                out.push(b'"');
                out.extend_from_slice(scalar.as_bytes(&mut self.digits));
                out.push(b'"');
            }
            Scalar::Bytes(bytes) => self.bytes(bytes, out),
            Scalar::Int(_) => self.bytes(scalar.as_bytes(&mut Digits::default()), out),
        }
    }

    /// A whole string, in quotes.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.push(b'"');
        match self.how {
            Bytes::Text => escape::text(bytes, out),
            Bytes::Latin1 => escape::latin1(bytes, out),
            Bytes::Base64 => {
                self.base64.piece(bytes, out);
                self.base64.end(out);
            }
        }
        out.push(b'"');
    }

    /// A piece of a string whose quotes the caller writes.
    #[inline]
    pub(super) fn piece(&mut self, scalar: &Scalar<'_>, out: &mut Vec<u8>) {
        let mut digits = Digits::default();
        let bytes = scalar.as_bytes(&mut digits);
        match self.how {
            Bytes::Text => self.text_piece(bytes, out),
            Bytes::Latin1 => escape::latin1(bytes, out),
            Bytes::Base64 => self.base64.piece(bytes, out),
        }
    }

    /// What is left of a string that came in pieces.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        self.base64.end(out);
        if !self.held.is_empty() {
            escape::text(&self.held, out);
            self.held.clear();
        }
    }

    /// Keeps a character that is cut in two together, or its halves would be taken for bytes that are no text.
    #[inline]
    fn text_piece(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.held.is_empty() && bytes.last().is_none_or(u8::is_ascii) {
            return escape::text(bytes, out);
        }
        self.cut_text_piece(bytes, out);
    }

    fn cut_text_piece(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !self.held.is_empty()
            && let Some((&byte, rest)) = bytes.split_first()
        {
            self.held.push(byte);
            bytes = rest;
            if cut_character(&self.held) == 0 {
                escape::text(&self.held, out);
                self.held.clear();
            }
        }
        let (whole, cut) = bytes.split_at_checked(bytes.len() - cut_character(bytes)).unwrap_or((bytes, &[]));
        escape::text(whole, out);
        self.held.extend_from_slice(cut);
    }
}

/// How many bytes at the end may be the start of a character that goes on.
fn cut_character(bytes: &[u8]) -> usize {
    let end = bytes.len().saturating_sub(3);
    let tail = bytes.get(end..).unwrap_or_default();
    for (index, &byte) in tail.iter().enumerate().rev() {
        let len = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        let here = tail.len() - index;
        let could_go_on = tail
            .get(index..)
            .is_some_and(|start| std::str::from_utf8(start).is_err_and(|error| error.error_len().is_none()));
        return if here < len && could_go_on { here } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_make_the_same_string() {
        let samples: [&[u8]; 5] = [
            "aé€💡z\u{ef80}".as_bytes(),
            b"\xf0\x9f\x92",
            b"\xe2\x82x\xf0\x9f\xffy\xc3",
            b"\xe2\xe2\x82\xac\x82",
            b"\x80\xbf\xf4\x90",
        ];
        for how in [Bytes::Text, Bytes::Latin1, Bytes::Base64] {
            for sample in samples {
                let mut whole = Vec::new();
                Text::new(how).bytes(sample, &mut whole);
                for size in 1..=sample.len() {
                    let (mut text, mut out) = (Text::new(how), vec![b'"']);
                    sample.chunks(size).for_each(|piece| text.piece(&Scalar::Bytes(piece), &mut out));
                    text.end(&mut out);
                    out.push(b'"');
                    assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&whole), "{sample:x?} by {size}");
                }
            }
        }
    }
}
