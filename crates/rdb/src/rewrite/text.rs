//! Strings: `SET`, and `APPEND` for what comes in pieces.

use bytes::{BufMut, BytesMut};

use crate::scalar::{Digits, Scalar};
use crate::target::Target;

use super::place::Place;
use crate::room::release;

/// Appends the commands that make a whole string, and say when its key expires.
pub(super) fn put_set(key: &[u8], text: Scalar<'_>, expire_at_ms: Option<i64>, target: Target, out: &mut BytesMut) {
    out.reserve(key.len() + text.len() + WORDS);
    let with_expiry = expire_at_ms.filter(|_| target.has_set_pxat());
    out.put_slice(if with_expiry.is_some() { b"*5\r\n$3\r\nSET\r\n" } else { b"*3\r\n$3\r\nSET\r\n" });
    resp::put_bulk(out, key);
    resp::put_bulk(out, text.as_bytes(&mut Digits::default()));
    match (with_expiry, expire_at_ms) {
        (Some(at), _) => {
            out.put_slice(b"$4\r\nPXAT\r\n");
            resp::put_integer_bulk(out, pxat(at));
        }
        (None, Some(at)) => {
            out.put_slice(b"*3\r\n$9\r\nPEXPIREAT\r\n");
            resp::put_bulk(out, key);
            resp::put_integer_bulk(out, at);
        }
        (None, None) => {}
    }
}

/// Room for all that stands around a key and its value.
const WORDS: usize = 128;

/// A time that `SET` takes: before 1 is an error there, though it is none of `PEXPIREAT`, and 1 is as past.
fn pxat(at: i64) -> i64 {
    at.max(1)
}

/// A string under way.
#[derive(Debug, Default)]
pub(super) struct TextWriter {
    /// What is not yet in a command. It may be all there is, and then the command says when the key expires.
    pub(super) held: Vec<u8>,
    /// Whether the key was made.
    set: bool,
}

impl TextWriter {
    pub(super) fn begin(&mut self) {
        self.held.clear();
        self.set = false;
    }

    /// Takes the next piece.
    pub(super) fn piece(&mut self, piece: Scalar<'_>, place: &mut Place<'_>) {
        if !self.held.is_empty() && self.held.len() + piece.len() > place.options.max_bytes {
            self.flush(place);
        }
        self.held.extend_from_slice(piece.as_bytes(&mut Digits::default()));
    }

    /// Ends the string; true if the key's expiry is told with that.
    pub(super) fn end(&mut self, expire_at_ms: Option<i64>, place: &mut Place<'_>) -> bool {
        match expire_at_ms {
            Some(at) if !self.set && place.target.has_set_pxat() => {
                let at = itoa::Buffer::new().format(pxat(at)).to_owned();
                place.command("SET", &[&self.held, b"PXAT", at.as_bytes()]);
                true
            }
            _ => {
                if !self.set || !self.held.is_empty() {
                    self.flush(place);
                }
                false
            }
        }
    }

    /// Gives back what a giant took.
    pub(super) fn release(&mut self) {
        release(&mut self.held);
    }

    fn flush(&mut self, place: &mut Place<'_>) {
        place.command(if self.set { "APPEND" } else { "SET" }, &[&self.held]);
        self.held.clear();
        self.set = true;
    }
}
