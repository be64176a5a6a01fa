//! Strings as parts: known from their headers, read only when asked for.

use crate::error::{Error, Reading};
use crate::item::RawValue;
use crate::raw::string::{EncodedString, StringValue};
use crate::scalar::Scalar;

/// A string within a value. It is not expanded before it is asked for: its size and how it is written stand in its header.
///
/// # Examples
/// ```
/// use rdb::{Decoder, Item, Options, Part, StringEncoding};
///
/// let mut decoder = Decoder::new(Options::default());
/// decoder.feed(b"REDIS0006\x00\x03key\xc3\x05\x41\x09\x00a\xe0\xff\x00\xff\0\0\0\0\0\0\0\0");
/// decoder.next_item()?;
/// let Some(Item::Entry(entry)) = decoder.next_item()? else { panic!("a string") };
/// let Some(Ok(Part::String(string))) = entry.value.parts().next() else { panic!("a part") };
/// assert_eq!((string.encoding(), string.len(), string.file_len()), (StringEncoding::Lzf, 265, 9));
/// assert_eq!(*string.decode()?, *"a".repeat(265).as_bytes());
/// # Ok::<(), rdb::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PartString<'a> {
    string: EncodedString<'a>,
    /// The string as it is in the file.
    raw: RawValue<'a>,
}

/// How a string is written (`rdbSaveRawString`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StringEncoding {
    /// As its bytes.
    Plain,
    /// As a number of one, two or four bytes.
    Int,
    /// Compressed.
    Lzf,
}

impl<'a> PartString<'a> {
    /// A string that takes all of `raw`, whose type is that of the value which the string is in.
    pub(super) const fn new(string: EncodedString<'a>, raw: RawValue<'a>) -> Self {
        Self { string, raw }
    }

    /// How the string is written.
    #[must_use]
    pub const fn encoding(&self) -> StringEncoding {
        match self.string {
            EncodedString::Plain(_) => StringEncoding::Plain,
            EncodedString::Int(_) => StringEncoding::Int,
            EncodedString::Lzf { .. } => StringEncoding::Lzf,
        }
    }

    /// How many bytes the string has for its user: the digits of a number, what compressed data says it expands to.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.string {
            EncodedString::Plain(bytes) => bytes.len(),
            EncodedString::Int(number) => Scalar::Int(number.into()).len(),
            EncodedString::Lzf { len, .. } => len,
        }
    }

    /// Whether the string has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it takes in the file, its header included.
    #[must_use]
    pub const fn file_len(&self) -> usize {
        self.raw.bytes().len()
    }

    /// What the string says: borrowed when the file holds it plainly, made when it was a number or compressed.
    ///
    /// # Errors
    /// [`ErrorKind::BadLzf`](crate::ErrorKind::BadLzf) when it does not expand to its stated length.
    pub fn decode(&self) -> Result<StringValue<'a>, Error> {
        let error = |kind| Error::new(kind, self.raw.offset(), Reading::Value(self.raw.value_type()));
        self.string.decode().map_err(error)
    }
}

impl PartialEq for PartString<'_> {
    /// Equal are strings that are written alike, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        (self.string, self.file_len()) == (other.string, other.file_len())
    }
}

impl Eq for PartString<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value_type::ValueType;

    #[test]
    fn sizes_are_those_of_the_header() {
        let cases: [(&[u8], StringEncoding, usize); 6] = [
            (b"\x00", StringEncoding::Plain, 0),
            (b"\x05hello", StringEncoding::Plain, 5),
            (b"\x40\x05hello", StringEncoding::Plain, 5),
            (b"\xc0\xff", StringEncoding::Int, 2),
            (b"\xc2\0\0\0\x80", StringEncoding::Int, 11),
            (b"\xc3\x04\x09\x00a\xc0\x00", StringEncoding::Lzf, 9),
        ];
        for (bytes, encoding, len) in cases {
            let (string, _) = EncodedString::split(bytes, 1000).unwrap();
            let part = PartString::new(string, RawValue::new(ValueType::Set, bytes, 7));
            assert_eq!((part.encoding(), part.len(), part.file_len()), (encoding, len, bytes.len()));
            assert_eq!(part.decode().unwrap().len(), len);
            assert_eq!(part.is_empty(), len == 0);
        }
    }
}
