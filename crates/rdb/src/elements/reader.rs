//! The reader of elements: bytes of a value in, elements out.

use crate::error::{Error, ErrorKind, Reading};
use crate::item::{Item, RawValue};
use crate::options::Options;
use crate::raw::carry::Carry;
use crate::raw::string::EncodedString;
use crate::value_type::ValueType;

use super::Element;
use super::cursor::{Cursor, Stop};
use super::plan::Plan;
use super::room::Room;

/// Reads the elements of values, whole or in chunks; made once, for any number of values.
///
/// Of a value in chunks it holds what does not yet make an element: at most a chunk and the largest string (a packed
/// node, a field with its value). Values of strings are handed on in pieces, so that even one of 512 MiB takes little.
///
/// # Examples
/// ```
/// use rdb::{Decoder, Element, ElementReader, Options};
///
/// let options = Options::default();
/// let (mut decoder, mut reader) = (Decoder::new(options.clone()), ElementReader::new(&options));
/// decoder.feed(b"REDIS0003\x02\x04tags\x02\x03old\xc0\x07\xff");
/// let mut members = Vec::new();
/// while let Some(item) = decoder.next_item()? {
///     reader.item(&item, |element| match element {
///         Element::Member(member) => members.push(member.to_string()),
///         other => unreachable!("{other:?} is no part of a set"),
///     })?;
/// }
/// assert_eq!(members, ["old", "7"]);
/// # Ok::<(), rdb::Error>(())
/// ```
#[derive(Debug)]
pub struct ElementReader {
    max_string: u64,
    value_type: ValueType,
    /// The file offset of the value.
    value_offset: u64,
    /// The file offset of what is not read yet.
    offset: u64,
    /// What was given and does not make an element yet.
    carry: Carry,
    state: State,
    room: Room,
}

#[derive(Debug)]
enum State {
    /// In a value.
    Reading(Plan),
    /// Behind a value, or before the first.
    Done,
    /// In a value whose rest is passed over: it is damaged, or not wanted.
    Passing,
}

impl ElementReader {
    /// A reader with the limits of a decoder: [`Options::max_string`] holds for every string.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            max_string: options.max_string,
            value_type: ValueType::String,
            value_offset: 0,
            offset: 0,
            carry: Carry::default(),
            state: State::Done,
            room: Room::default(),
        }
    }

    /// Hands the elements that `item` holds to `sink`: those of a whole value, or those that a chunk completes.
    ///
    /// Every item of a value is to be given, in order; items that are no part of a value are passed over.
    ///
    /// # Errors
    /// [`Error`] when the value is damaged; offsets count in the file. Elements before the damage may have been handed
    /// out. The rest of the value is passed over, and the next value can be read.
    #[inline]
    pub fn item(&mut self, item: &Item<'_>, sink: impl FnMut(Element<'_>)) -> Result<(), Error> {
        match item {
            Item::Entry(entry) => self.value(&entry.value, sink),
            Item::ValueBegin(key) => {
                self.begin(key.value_type, key.value_offset);
                Ok(())
            }
            Item::ValueChunk(chunk) => self.chunk(chunk, sink),
            Item::ValueEnd => self.end(),
            _ => Ok(()),
        }
    }

    /// Hands all elements of a whole value to `sink`.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    #[inline]
    pub fn value(&mut self, value: &RawValue<'_>, mut sink: impl FnMut(Element<'_>)) -> Result<(), Error> {
        if value.value_type() == ValueType::String && self.short_string(value, &mut sink) {
            return Ok(());
        }
        self.begin(value.value_type(), value.offset());
        self.chunk(value.bytes(), sink)?;
        self.end()
    }

    /// Hands out a string in one piece, if it needs no care; false if this one does.
    #[inline]
    pub(crate) fn short_string(&mut self, value: &RawValue<'_>, sink: &mut impl FnMut(Element<'_>)) -> bool {
        let mut cursor = Cursor::new(value.bytes(), 0, self.max_string);
        if let Some(scalar) = cursor.short()
            && cursor.rest().is_empty()
        {
            sink(Element::String(scalar));
            return true;
        }
        let Ok((string, [])) = EncodedString::split(value.bytes(), self.max_string) else { return false };
        match string {
            EncodedString::Plain(bytes) => sink(Element::String(bytes.into())),
            EncodedString::Int(value) => sink(Element::String(i64::from(value).into())),
            EncodedString::Lzf { len, .. } => {
                self.room.first.clear();
                if len > PIECE || string.decode_into(&mut self.room.first).is_err() {
                    return false;
                }
                sink(Element::String(self.room.first.as_slice().into()));
            }
        }
        true
    }

    /// Starts a value that comes in chunks; `offset` is that of its first byte in the file.
    pub fn begin(&mut self, value_type: ValueType, offset: u64) {
        self.value_type = value_type;
        self.value_offset = offset;
        self.offset = offset;
        self.carry = Carry::default();
        self.room.shrink();
        self.state = State::Reading(Plan::of(value_type));
    }

    /// Takes the next bytes of the value.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn chunk(&mut self, bytes: &[u8], mut sink: impl FnMut(Element<'_>)) -> Result<(), Error> {
        let mut carry = std::mem::take(&mut self.carry);
        let result = carry.read(bytes, |data| self.read(data, &mut sink));
        self.carry = carry;
        result
    }

    /// Passes over the value that the next chunks belong to, up to its end: for a key that is not wanted, after
    /// [`Item::ValueBegin`], which then needs not be given.
    pub fn skip(&mut self) {
        self.carry = Carry::default();
        self.state = State::Passing;
    }

    /// Ends the value.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEnd`] when it is not whole.
    pub fn end(&mut self) -> Result<(), Error> {
        let whole = matches!(self.state, State::Done | State::Passing);
        self.state = State::Done;
        let end = self.offset + self.carry.len() as u64;
        self.carry = Carry::default();
        self.room.shrink();
        if whole { Ok(()) } else { Err(Error::new(ErrorKind::UnexpectedEnd, end, Reading::Value(self.value_type))) }
    }

    /// Reads what is whole at the start of `data`; returns how much that was.
    fn read(&mut self, data: &[u8], sink: &mut impl FnMut(Element<'_>)) -> Result<usize, Error> {
        let mut at = 0;
        let result = match &mut self.state {
            State::Passing => return Ok(data.len()),
            State::Done => Ok(()),
            State::Reading(plan) => plan.read(Cursor::new(data, 0, self.max_string), &mut at, &mut self.room, sink),
        };
        let result = match result {
            Ok(()) if at < data.len() => Err(Stop::Bad(ErrorKind::TrailingBytes, at)),
            other => other,
        };
        match result {
            Ok(()) => self.state = State::Done,
            Err(Stop::More) => {}
            Err(Stop::Bad(kind, place)) => return Err(self.fail(kind, self.offset + place as u64)),
            Err(Stop::BadValue(kind)) => return Err(self.fail(kind, self.value_offset)),
        }
        self.offset += at as u64;
        Ok(at)
    }

    #[cold]
    fn fail(&mut self, kind: ErrorKind, offset: u64) -> Error {
        self.state = State::Passing;
        Error::new(kind, offset, Reading::Value(self.value_type))
    }
}

/// Strings that expand to more than this are handed on in pieces, even if their value came whole.
const PIECE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value_type: ValueType, bytes: &[u8]) -> (Vec<String>, Result<(), Error>) {
        let mut found = Vec::new();
        let mut reader = ElementReader::new(&Options::default());
        let value = RawValue::new(value_type, bytes, 100);
        let result = reader.value(&value, |element| found.push(format!("{element:?}")));
        (found, result)
    }

    fn read_by_bytes(value_type: ValueType, bytes: &[u8]) -> (Vec<String>, Result<(), Error>) {
        let mut found = Vec::new();
        let mut reader = ElementReader::new(&Options::default());
        reader.begin(value_type, 100);
        for byte in bytes {
            if let Err(error) = reader.chunk(&[*byte], |element| found.push(format!("{element:?}"))) {
                return (found, Err(error));
            }
        }
        (found, reader.end())
    }

    #[track_caller]
    fn check(value_type: ValueType, bytes: &[u8], count: usize, sentence: &str) {
        let (found, result) = read(value_type, bytes);
        assert_eq!(found.len(), count, "{found:?}");
        let said = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(said, sentence);
        assert_eq!(read_by_bytes(value_type, bytes), (found, result));
    }

    #[test]
    fn rows_come_one_by_one() {
        check(ValueType::Hash, b"\x02\x01a\x01b\xc0\x07\x01c", 2, "");
        check(ValueType::Hash, b"\x00", 0, "");
        check(ValueType::SortedSet, b"\x03\x01a\x031.5\x01b\xfe\x01c\xff", 3, "");
        check(ValueType::Array, b"\x01\x01\x09\x05\x0112345678", 2, "");
        check(ValueType::Module2, b"\x07\x01\x05\x03abcd\x00", 3, "");
    }

    #[test]
    fn damage_is_an_error_at_its_offset() {
        check(
            ValueType::Hash,
            b"\x02\x01a\x01b\x01c",
            1,
            "unexpected end of input at offset 107 while reading a hash-hashtable value",
        );
        check(ValueType::SortedSet, b"\x01\x01a\xfd", 0, "bad score at offset 103 while reading a zset-v1 value");
        check(
            ValueType::HashListpack,
            b"\x0a\x0a\0\0\0\x01\0\x01\x01\xff\xff",
            0,
            "bad packed entry at offset 109 while reading a hash-listpack value",
        );
        check(ValueType::Set, b"\x00x", 0, "bytes behind the end at offset 101 while reading a set-hashtable value");
    }

    #[test]
    fn a_value_that_is_not_wanted_is_passed_over() {
        let mut reader = ElementReader::new(&Options::default());
        reader.skip();
        reader.chunk(b"\x01\x01a", |_| panic!("not wanted")).unwrap();
        reader.end().unwrap();
        let mut count = 0;
        reader.value(&RawValue::new(ValueType::List, b"\x01\x01a", 50), |_| count += 1).unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn after_damage_the_next_value_is_read() {
        let mut reader = ElementReader::new(&Options::default());
        let mut count = 0;
        reader.begin(ValueType::SortedSet, 0);
        reader.chunk(b"\x01\x01a\xfd", |_| count += 1).unwrap_err();
        reader.chunk(b"more of it", |_| count += 1).unwrap();
        reader.end().unwrap();
        reader.value(&RawValue::new(ValueType::List, b"\x01\x01a", 50), |_| count += 1).unwrap();
        assert_eq!(count, 1);
    }
}
