//! The reader of elements: bytes of a value in, elements out.

use crate::error::Error;
use crate::item::{Item, RawValue};
use crate::options::Options;
use crate::value_type::ValueType;

use super::Element;

/// Reads the elements of values, whole or in chunks; made once, for any number of values.
///
/// Of a value in chunks it holds what does not yet make an element: at most a chunk and the largest string (a packed
/// node, a field with its value). Values of strings are handed on in pieces, so that even one of 512 MiB takes little.
#[derive(Debug)]
pub struct ElementReader {
    max_string: u64,
}

impl ElementReader {
    /// A reader with the limits of a decoder: [`Options::max_string`] holds for every string.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { max_string: options.max_string }
    }

    /// Hands the elements that `item` holds to `sink`: those of a whole value, or those that a chunk completes.
    ///
    /// Every item of a value is to be given, in order; items that are no part of a value are passed over.
    ///
    /// # Errors
    /// [`Error`] when the value is damaged; offsets count in the file. The rest of the value is then passed over, and
    /// the decoder can go on.
    pub fn item(&mut self, item: &Item<'_>, sink: impl FnMut(Element<'_>)) -> Result<(), Error> {
        match item {
            Item::Entry(entry) => self.value(&entry.value, sink),
            Item::ValueBegin(key) => {
                self.begin(key.value_type, key.value_offset);
                Ok(())
            }
            Item::ValueChunk(chunk) => self.chunk(chunk, sink),
            Item::ValueEnd => self.end(sink),
            _ => Ok(()),
        }
    }

    /// Hands all elements of a whole value to `sink`.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn value(&mut self, value: &RawValue<'_>, mut sink: impl FnMut(Element<'_>)) -> Result<(), Error> {
        self.begin(value.value_type(), value.offset());
        self.chunk(value.bytes(), &mut sink)?;
        self.end(sink)
    }

    /// Starts a value that comes in chunks; `offset` is that of its first byte in the file.
    pub fn begin(&mut self, _value_type: ValueType, _offset: u64) {}

    /// Takes the next bytes of the value.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn chunk(&mut self, _bytes: &[u8], _sink: impl FnMut(Element<'_>)) -> Result<(), Error> {
        Ok(())
    }

    /// Ends the value.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEnd`](crate::ErrorKind::UnexpectedEnd) when it is not whole, and as [`item`](Self::item).
    pub fn end(&mut self, _sink: impl FnMut(Element<'_>)) -> Result<(), Error> {
        let _ = self.max_string;
        Ok(())
    }
}
