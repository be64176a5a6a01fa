//! A string that may be kept as a number.

use std::borrow::Cow;
use std::fmt;

/// What a user of the server would see as one string: bytes, or a number whose digits are the string.
///
/// Two scalars are equal when they are the same string: `Bytes(b"7")` equals `Int(7)`.
#[derive(Debug, Clone, Copy)]
pub enum Scalar<'a> {
    /// The string itself.
    Bytes(&'a [u8]),
    /// A string of digits, perhaps with a minus, kept as a number.
    Int(i64),
}

/// Room for the digits of a [`Scalar`].
#[derive(Clone, Default)]
pub struct Digits(itoa::Buffer);

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digits")
    }
}

impl<'a> Scalar<'a> {
    /// How many bytes the string has.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Int(value) => digits(*value),
        }
    }

    /// Whether the string is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes([]))
    }

    /// The string as bytes; `digits` lends the room for those of a number.
    #[must_use]
    #[inline]
    pub fn as_bytes<'b>(&self, digits: &'b mut Digits) -> &'b [u8]
    where
        'a: 'b,
    {
        match *self {
            Self::Bytes(bytes) => bytes,
            Self::Int(value) => digits.0.format(value).as_bytes(),
        }
    }

    /// Appends the string.
    #[inline]
    pub fn write_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => out.extend_from_slice(bytes),
            Self::Int(value) => out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
        }
    }

    /// The string as bytes, made if it is a number.
    #[must_use]
    pub fn into_cow(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            Self::Int(value) => Cow::Owned(itoa::Buffer::new().format(value).as_bytes().to_vec()),
        }
    }
}

impl<'a> From<&'a [u8]> for Scalar<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<i64> for Scalar<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl PartialEq for Scalar<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(one), Self::Int(other)) => one == other,
            _ => self.as_bytes(&mut Digits::default()) == other.as_bytes(&mut Digits::default()),
        }
    }
}

impl Eq for Scalar<'_> {}

impl PartialEq<[u8]> for Scalar<'_> {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_bytes(&mut Digits::default()) == other
    }
}

impl fmt::Display for Scalar<'_> {
    /// As text, with replacement characters for what is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes(&mut Digits::default())))
    }
}

/// How many characters a number has.
const fn digits(value: i64) -> usize {
    let sign = if value < 0 { 1 } else { 0 };
    match value.unsigned_abs().checked_ilog10() {
        Some(log) => log as usize + 1 + sign,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_string_of_its_digits() {
        for value in [0, 7, -1, 9, 10, 99, 100, -100, i64::MIN, i64::MAX] {
            let text = value.to_string();
            let scalar = Scalar::Int(value);
            assert_eq!(scalar.len(), text.len());
            assert_eq!(scalar, Scalar::Bytes(text.as_bytes()));
            assert_eq!(scalar.to_string(), text);
            assert_eq!(*scalar.into_cow(), *text.as_bytes());
            let mut out = Vec::new();
            scalar.write_to(&mut out);
            assert_eq!(out, text.as_bytes());
        }
        assert_ne!(Scalar::Int(7), Scalar::Bytes(b"07"));
        assert!(Scalar::Bytes(b"").is_empty() && !Scalar::Int(0).is_empty());
    }
}
