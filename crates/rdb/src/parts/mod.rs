//! The struct level: the strings, lengths and fixed fields that a value is made of.

mod reader;
mod string;

pub use reader::PartReader;
pub use string::{PartString, StringEncoding};

use crate::error::{Error, ErrorKind, Reading};
use crate::item::RawValue;
use crate::raw::header;
use crate::raw::skimmer::{PartFound, Skimmer};
use crate::raw::step::Step;
use crate::raw::string::EncodedString;

/// One part of a value, in the order of the file; what it means follows from the value's type and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part<'a> {
    /// A length: a count, half of an ID, a tag, a module's integer.
    Length(u64),
    /// A string: an element, a field, or a packed blob for [`packed`](crate::packed).
    String(PartString<'a>),
    /// A field of fixed size: a score, a time, an ID; or a text score, with its length byte.
    Bytes(&'a [u8]),
}

/// The parts of a whole value; made by [`RawValue::parts`].
#[derive(Debug)]
pub struct Parts<'a> {
    value: RawValue<'a>,
    skimmer: Skimmer,
    at: usize,
    failed: bool,
}

impl<'a> RawValue<'a> {
    /// Walks the strings, lengths and fixed fields that the value is made of.
    ///
    /// # Examples
    /// ```
    /// use rdb::{Decoder, Item, Options, Part};
    ///
    /// let mut decoder = Decoder::new(Options::default());
    /// decoder.feed(b"REDIS0003\x04\x04hash\x01\x05field\xc0\x2a\xff");
    /// decoder.next_item()?;
    /// let Some(Item::Entry(entry)) = decoder.next_item()? else { panic!("a hash") };
    /// let parts: Vec<Part<'_>> = entry.value.parts().collect::<Result<_, _>>()?;
    /// assert_eq!(parts[0], Part::Length(1));
    /// assert!(matches!(&parts[1], Part::String(field) if *field.decode()? == *b"field"));
    /// assert!(matches!(&parts[2], Part::String(value) if *value.decode()? == *b"42"));
    /// # Ok::<(), rdb::Error>(())
    /// ```
    #[must_use]
    pub fn parts(&self) -> Parts<'a> {
        let mut skimmer = Skimmer::new(u64::MAX);
        skimmer.start(self.value_type().program());
        Parts { value: *self, skimmer, at: 0, failed: false }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let start = self.at;
        let part = self.read().transpose()?;
        Some(part.map_err(|kind| {
            self.failed = true;
            let offset = self.value.offset() + start as u64;
            Error::new(kind, offset, Reading::Value(self.value.value_type()))
        }))
    }
}

impl<'a> Parts<'a> {
    #[inline]
    fn read(&mut self) -> Result<Option<Part<'a>>, ErrorKind> {
        let data = self.value.bytes();
        match self.skimmer.part(data, &mut self.at)? {
            PartFound::Part(step, range) => {
                let offset = self.value.offset() + range.start as u64;
                let bytes = data.get(range).unwrap_or_default();
                Part::of(step, RawValue::new(self.value.value_type(), bytes, offset), u64::MAX).map(Some)
            }
            PartFound::End => Ok(None),
            PartFound::More => Err(ErrorKind::UnexpectedEnd),
        }
    }
}

impl<'a> Part<'a> {
    /// What a step read: `raw`, whose type is that of the value which the part is in.
    #[inline]
    fn of(step: &Step, raw: RawValue<'a>, max: u64) -> Result<Self, ErrorKind> {
        Ok(match step {
            Step::String => Self::String(PartString::new(EncodedString::split(raw.bytes(), max)?.0, raw)),
            Step::Bytes(_) | Step::TextDouble => Self::Bytes(raw.bytes()),
            _ => Self::Length(header::plain_length(raw.bytes())?.ok_or(ErrorKind::UnexpectedEnd)?.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value_type::ValueType;

    fn parts(value_type: ValueType, bytes: &[u8]) -> Result<Vec<Part<'_>>, Error> {
        RawValue::new(value_type, bytes, 100).parts().collect()
    }

    #[test]
    fn parts_come_in_the_order_of_the_file() {
        use Part::{Bytes, Length};
        let found = parts(ValueType::SortedSet, b"\x02\x01a\x031.5\x01b\xfe").unwrap();
        assert!(matches!(
            found.as_slice(),
            [Length(2), Part::String(_), Bytes(b"\x031.5"), Part::String(_), Bytes(b"\xfe")]
        ));
        let found = parts(ValueType::Array, b"\x01\x01\x09\x05\x0112345678").unwrap();
        assert_eq!(found, [Length(1), Length(1), Length(9), Length(5), Length(1), Bytes(b"12345678")]);
    }

    #[test]
    fn errors_have_the_offset_in_the_file() {
        let found = parts(ValueType::Hash, b"\x01\x01f\xc3\x01\x05\x00").unwrap();
        let Part::String(damaged) = &found[2] else { panic!("{found:?}") };
        assert_eq!(damaged.len(), 5, "nothing was expanded yet");
        let error = damaged.decode().unwrap_err();
        assert_eq!(error.to_string(), "bad LZF data at offset 103 while reading a hash-hashtable value");
        let error = parts(ValueType::Hash, b"\x01\x01f\x05v").unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::UnexpectedEnd, 103));
    }
}
