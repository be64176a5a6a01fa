//! The reader of parts: bytes of a value in chunks in, parts out.

use crate::error::{Error, ErrorKind, Reading};
use crate::item::RawValue;
use crate::options::Options;
use crate::raw::carry::Carry;
use crate::raw::skimmer::{PartFound, Skimmer};
use crate::value_type::ValueType;

use super::Part;

/// Reads the parts of values that come in chunks; made once, for any number of values.
///
/// It holds what does not yet make a part: at most a chunk and the largest string.
#[derive(Debug)]
pub struct PartReader {
    skimmer: Skimmer,
    max_string: u64,
    value_type: ValueType,
    /// The file offset of what is not read yet.
    offset: u64,
    /// What was given and does not make a part yet.
    carry: Carry,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Done,
    Failed,
}

impl PartReader {
    /// A reader with the limits of a decoder: [`Options::max_string`] holds for every string.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            skimmer: Skimmer::new(options.max_string),
            max_string: options.max_string,
            value_type: ValueType::String,
            offset: 0,
            carry: Carry::default(),
            state: State::Done,
        }
    }

    /// Starts a value; `offset` is that of its first byte in the file.
    pub fn begin(&mut self, value_type: ValueType, offset: u64) {
        self.skimmer.start(value_type.program());
        self.value_type = value_type;
        self.offset = offset;
        self.carry = Carry::default();
        self.state = State::Reading;
    }

    /// Hands the parts that these bytes complete to `sink`: each with its file offset and its bytes in the file, the
    /// header of a string included.
    ///
    /// # Errors
    /// [`Error`] when the value is damaged; the rest of it is passed over.
    pub fn chunk(&mut self, bytes: &[u8], mut sink: impl FnMut(u64, u64, Part<'_>)) -> Result<(), Error> {
        let mut carry = std::mem::take(&mut self.carry);
        let result = carry.read(bytes, |data| self.read(data, &mut sink));
        self.carry = carry;
        result
    }

    /// Ends the value.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEnd`] when it is not whole.
    pub fn end(&mut self) -> Result<(), Error> {
        let state = std::mem::replace(&mut self.state, State::Done);
        self.carry = Carry::default();
        if state == State::Reading { Err(self.error(ErrorKind::UnexpectedEnd)) } else { Ok(()) }
    }

    /// Reads what is whole at the start of `data`; returns how much that was.
    fn read(&mut self, data: &[u8], sink: &mut impl FnMut(u64, u64, Part<'_>)) -> Result<usize, Error> {
        let mut at = 0;
        while self.state == State::Reading {
            match self.part(data, &mut at, sink) {
                Ok(true) => {}
                Ok(false) => break,
                Err(kind) => return Err(self.fail(kind)),
            }
        }
        if self.state == State::Done && at < data.len() {
            return Err(self.fail(ErrorKind::TrailingBytes));
        }
        Ok(if self.state == State::Failed { data.len() } else { at })
    }

    /// Reads one part, or finds the end; false if more is needed.
    fn part(
        &mut self,
        data: &[u8],
        at: &mut usize,
        sink: &mut impl FnMut(u64, u64, Part<'_>),
    ) -> Result<bool, ErrorKind> {
        match self.skimmer.part(data, at)? {
            PartFound::More => return Ok(false),
            PartFound::End => self.state = State::Done,
            PartFound::Part(step, range) => {
                let size = range.len() as u64;
                let raw = RawValue::new(self.value_type, data.get(range).unwrap_or_default(), self.offset);
                let part = Part::of(step, raw, self.max_string)?;
                sink(self.offset, size, part);
                self.offset += size;
            }
        }
        Ok(true)
    }

    fn fail(&mut self, kind: ErrorKind) -> Error {
        self.state = State::Failed;
        self.error(kind)
    }

    const fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.offset, Reading::Value(self.value_type))
    }
}
