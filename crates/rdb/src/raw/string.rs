//! Strings as they are in the file, and what they say.

use std::borrow::Cow;
use std::ops::Deref;

use crate::error::ErrorKind;
use crate::lzf;

use super::header::{self, StringHeader};

/// A string of the file, in its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncodedString<'a> {
    Plain(&'a [u8]),
    Int(i32),
    Lzf { data: &'a [u8], len: usize },
}

impl<'a> EncodedString<'a> {
    /// Splits the string at the start of `data` off; returns it and the rest.
    #[inline]
    pub(crate) fn split(data: &'a [u8], max: u64) -> Result<(Self, &'a [u8]), ErrorKind> {
        // Most strings are short and plain.
        if let Some((&len @ 0..=0x3f, rest)) = data.split_first()
            && u64::from(len) <= max
            && let Some((body, rest)) = rest.split_at_checked(usize::from(len))
        {
            return Ok((Self::Plain(body), rest));
        }
        Self::split_long(data, max)
    }

    fn split_long(data: &'a [u8], max: u64) -> Result<(Self, &'a [u8]), ErrorKind> {
        let (header, size) = header::string(data, max)?.ok_or(ErrorKind::UnexpectedEnd)?;
        let body_len = usize::try_from(header.body_len()).map_err(|_| ErrorKind::TooLong(header.body_len()))?;
        let (body, rest) =
            data.get(size..).and_then(|data| data.split_at_checked(body_len)).ok_or(ErrorKind::UnexpectedEnd)?;
        let string = match header {
            StringHeader::Plain(_) => Self::Plain(body),
            StringHeader::Int(_) => Self::Int(little_endian(body)),
            StringHeader::Lzf { len, .. } => {
                Self::Lzf { data: body, len: usize::try_from(len).map_err(|_| ErrorKind::TooLong(len))? }
            }
        };
        Ok((string, rest))
    }

    /// What the string says; borrowed unless it must be made.
    #[inline]
    pub(crate) fn decode(self) -> Result<StringValue<'a>, ErrorKind> {
        Ok(StringValue(match self {
            Self::Plain(bytes) => Inner::Borrowed(bytes),
            Self::Int(value) => Inner::digits(value),
            Self::Lzf { data, len } => {
                let mut text = Vec::new();
                lzf::decompress_into(data, len, &mut text).map_err(|_| ErrorKind::BadLzf)?;
                Inner::Owned(text)
            }
        }))
    }

    /// Appends what the string says.
    pub(crate) fn decode_into(self, out: &mut Vec<u8>) -> Result<(), ErrorKind> {
        match self {
            Self::Plain(bytes) => out.extend_from_slice(bytes),
            Self::Int(value) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
            Self::Lzf { data, len } => lzf::decompress_into(data, len, out).map_err(|_| ErrorKind::BadLzf)?,
        }
        Ok(())
    }
}

/// A signed little-endian integer of one to four bytes.
fn little_endian(bytes: &[u8]) -> i32 {
    match *bytes {
        [a] => i32::from(i8::from_le_bytes([a])),
        [a, b] => i32::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// A decoded string: borrowed when the file holds it plainly, made when it was an integer or compressed.
#[derive(Debug, Clone)]
pub struct StringValue<'a>(Inner<'a>);

#[derive(Debug, Clone)]
enum Inner<'a> {
    Borrowed(&'a [u8]),
    Digits { bytes: [u8; DIGITS], len: usize },
    Owned(Vec<u8>),
}

/// `-2147483648`.
const DIGITS: usize = 11;

impl Inner<'_> {
    fn digits(value: i32) -> Self {
        let mut buffer = itoa::Buffer::new();
        let text = buffer.format(value).as_bytes();
        let mut bytes = [0; DIGITS];
        let len = text.len().min(DIGITS);
        if let (Some(to), Some(from)) = (bytes.get_mut(..len), text.get(..len)) {
            to.copy_from_slice(from);
        }
        Self::Digits { bytes, len }
    }
}

impl<'a> StringValue<'a> {
    /// The bytes of the string.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Inner::Borrowed(bytes) => bytes,
            Inner::Digits { bytes, len } => bytes.get(..*len).unwrap_or_default(),
            Inner::Owned(bytes) => bytes,
        }
    }

    /// The bytes, without a copy when they are borrowed or were decompressed.
    #[must_use]
    pub fn into_cow(self) -> Cow<'a, [u8]> {
        match self.0 {
            Inner::Borrowed(bytes) => Cow::Borrowed(bytes),
            Inner::Owned(bytes) => Cow::Owned(bytes),
            Inner::Digits { .. } => Cow::Owned(self.as_bytes().to_vec()),
        }
    }

    /// The bytes as the file's own, if it holds them plainly.
    #[must_use]
    pub fn as_borrowed(&self) -> Option<&'a [u8]> {
        match self.0 {
            Inner::Borrowed(bytes) => Some(bytes),
            Inner::Digits { .. } | Inner::Owned(_) => None,
        }
    }
}

impl Deref for StringValue<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for StringValue<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for StringValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for StringValue<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(data: &[u8]) -> Result<Vec<u8>, ErrorKind> {
        let (string, rest) = EncodedString::split(data, 1000)?;
        assert_eq!(rest, b"rest");
        let value = string.decode()?;
        let mut appended = Vec::new();
        string.decode_into(&mut appended)?;
        assert_eq!(value.as_bytes(), appended);
        Ok(value.into_cow().into_owned())
    }

    #[test]
    fn plain_strings_are_their_bytes() {
        assert_eq!(decode(b"\x05hellorest"), Ok(b"hello".to_vec()));
        assert_eq!(decode(b"\x00rest"), Ok(Vec::new()));
        assert_eq!(EncodedString::split(b"\x05hell", 1000), Err(ErrorKind::UnexpectedEnd));
    }

    #[test]
    fn integers_are_little_endian_and_signed() {
        assert_eq!(decode(b"\xc0\xffrest"), Ok(b"-1".to_vec()));
        assert_eq!(decode(b"\xc1\x00\x80rest"), Ok(b"-32768".to_vec()));
        assert_eq!(decode(b"\xc2\x00\x00\x00\x80rest"), Ok(b"-2147483648".to_vec()));
    }

    #[test]
    fn compressed_strings_must_expand_to_their_length() {
        assert_eq!(decode(b"\xc3\x05\x41\x09\x00a\xe0\xff\x00rest"), Ok(vec![b'a'; 265]));
        assert_eq!(decode(b"\xc3\x05\x41\x0a\x00a\xe0\xff\x00rest"), Err(ErrorKind::BadLzf));
    }
}
