//! The push decoder: bytes in, items out.

use std::ops::Range;

use crate::dialect::{self, Dialect, HEADER_LEN, RdbVersion};
use crate::error::{Error, ErrorKind, Reading};
use crate::item::{Checksum, DbIndex, Entry, Item, Key, ModuleAux, ModuleId, RawValue};
use crate::opcode::{FIRST_OPCODE, Opcode};
use crate::options::Options;
use crate::room::release;
use crate::value_type::ValueType;

use super::attributes::Attributes;
use super::found::{Found, FoundKey, Place};
use super::header;
use super::input::Input;
use super::programs;
use super::skimmer::{Progress, Skimmer, whole_string};
use super::step::Step;
use super::string::EncodedString;

/// A push decoder for one snapshot: it is fed bytes and asked for items.
///
/// It does no input or output, keeps its place over any split of the input, and reads nothing twice. It holds what was
/// fed and not yet asked for, and of a value at most [`Options::whole_value_limit`] bytes and one feed.
///
/// # Examples
/// ```
/// use rdb::{Checksum, Decoder, Item, Options};
///
/// let mut decoder = Decoder::new(Options::default());
/// decoder.feed(b"REDIS0003\xfe\x00\x00\x03key\x05value\xff");
/// while let Some(item) = decoder.next_item()? {
///     match item {
///         Item::Entry(entry) => {
///             assert_eq!(entry.key.name, b"key");
///             assert_eq!(entry.value.as_string()?.as_deref(), Some(&b"value"[..]));
///         }
///         Item::End { checksum } => assert_eq!(checksum, Checksum::Absent),
///         _ => {}
///     }
/// }
/// decoder.finish()?;
/// # Ok::<(), rdb::Error>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    options: Options,
    input: Input,
    skimmer: Skimmer,
    state: State,
    /// How far the record at the start of the input was read.
    at: usize,
    dialect: Dialect,
    version: RdbVersion,
    db: DbIndex,
    attributes: Attributes,
    /// Strings of the last item that had to be decoded.
    decoded: Vec<u8>,
    /// The file offset behind the last item.
    handed_out: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Header,
    /// At the first byte of a record.
    Record,
    /// In a record that is not a key.
    Body(Opcode),
    /// In the name of a key.
    Name(ValueType),
    /// In a value that starts at `start` of the record.
    Value {
        value_type: ValueType,
        start: usize,
    },
    /// In a value that is handed out in chunks; its end was met if `ended`.
    Chunks {
        value_type: ValueType,
        ended: bool,
    },
    Checksum,
    Done,
    Failed(Error),
}

/// What one move of the state machine led to.
enum Outcome {
    Item(Found),
    /// Nothing to hand out yet.
    Again,
    /// More input is needed.
    More,
}

impl Decoder {
    /// A decoder at the start of a file.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            input: Input::new(options.check_crc),
            skimmer: Skimmer::new(options.max_string),
            options,
            state: State::Header,
            at: 0,
            dialect: Dialect::Redis,
            version: RdbVersion::new(0),
            db: DbIndex(0),
            attributes: Attributes::default(),
            decoded: Vec::new(),
            handed_out: 0,
        }
    }

    /// Appends input. Ask for all items before feeding more, or the input piles up.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.feed(bytes);
    }

    /// The next item; `None` when more input is needed, and always after the last.
    ///
    /// # Errors
    /// [`Error`] when the input is not a snapshot that this crate knows; from then on always the same.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, Error> {
        match self.advance() {
            Ok(Some(found)) => Ok(Some(self.lend(found))),
            Ok(None) => Ok(None),
            Err(error) => {
                self.state = State::Failed(error);
                Err(error)
            }
        }
    }

    /// Whether the end of the file, its checksum included, was reached.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Declares the end of the input.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEnd`] in the middle of the file, [`ErrorKind::TrailingBytes`] when bytes follow its end,
    /// and what [`next_item`](Self::next_item) failed with.
    pub fn finish(&self) -> Result<(), Error> {
        match self.state {
            State::Failed(error) => Err(error),
            State::Done if self.input.rest().is_empty() => Ok(()),
            State::Done => Err(Error::new(ErrorKind::TrailingBytes, self.input.offset(), Reading::End)),
            _ => Err(Error::new(ErrorKind::UnexpectedEnd, self.input.end_offset(), self.reading())),
        }
    }

    /// The file offset behind the last item.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.handed_out
    }

    /// What was fed beyond the end of the file, once that was reached: the caller's, not part of the snapshot.
    #[must_use]
    pub fn trailing(&self) -> &[u8] {
        if self.is_done() { self.input.rest() } else { &[] }
    }

    fn advance(&mut self) -> Result<Option<Found>, Error> {
        if self.attributes.spent {
            self.attributes.reset();
        }
        // The last item is not lent any more.
        release(&mut self.decoded);
        loop {
            let outcome = match self.state {
                State::Header => self.header()?,
                State::Record => self.record()?,
                State::Body(opcode) => self.body(opcode)?,
                State::Name(value_type) => self.name(value_type)?,
                State::Value { value_type, start } => self.value(value_type, start)?,
                State::Chunks { value_type, ended } => self.chunks(value_type, ended)?,
                State::Checksum => self.checksum()?,
                State::Done => Outcome::More,
                State::Failed(error) => return Err(error),
            };
            match outcome {
                Outcome::Item(found) => return Ok(Some(found)),
                Outcome::Again => {}
                Outcome::More => return Ok(None),
            }
        }
    }

    fn header(&mut self) -> Result<Outcome, Error> {
        let Some(header) = self.input.rest().first_chunk::<HEADER_LEN>() else { return Ok(Outcome::More) };
        (self.dialect, self.version) = dialect::parse_header(header).map_err(|kind| self.error_at(0, kind))?;
        if !self.version.is_known(self.dialect) && !self.options.accept_unknown_version {
            return Err(self.error_at(0, ErrorKind::UnknownVersion(self.version.number())));
        }
        Ok(self.complete(HEADER_LEN, State::Record, Found::Header))
    }

    /// Reads the first byte of a record, and the whole record if it is a common one and all there.
    #[inline]
    fn record(&mut self) -> Result<Outcome, Error> {
        let rest = self.input.rest();
        let Some(&code) = rest.first() else { return Ok(Outcome::More) };
        if code >= FIRST_OPCODE {
            let opcode = Opcode::in_file(self.dialect, self.version, code).map_err(|kind| self.error_at(0, kind))?;
            return self.begin_body(opcode);
        }
        let value_type = ValueType::in_file(self.dialect, self.version, code).map_err(|kind| self.error_at(0, kind))?;
        match whole_string(rest, 1, self.options.max_string) {
            Some(end) => self.begin_value(value_type, end),
            None => {
                self.at = 1;
                self.skimmer.start(programs::STRING);
                self.state = State::Name(value_type);
                Ok(Outcome::Again)
            }
        }
    }

    fn begin_body(&mut self, opcode: Opcode) -> Result<Outcome, Error> {
        if opcode == Opcode::Eof {
            self.input.consume(1);
            if self.version.has_checksum() {
                self.state = State::Checksum;
                return Ok(Outcome::Again);
            }
            return Ok(self.complete(0, State::Done, Found::End(Checksum::Absent)));
        }
        self.at = 1;
        self.skimmer.start(opcode.program());
        self.state = State::Body(opcode);
        Ok(Outcome::Again)
    }

    fn name(&mut self, value_type: ValueType) -> Result<Outcome, Error> {
        match self.skim(usize::MAX)? {
            Progress::Done => self.begin_value(value_type, self.at),
            Progress::Stopped | Progress::More => Ok(Outcome::More),
        }
    }

    /// The name is read, the value starts at `start` of the record.
    #[inline]
    fn begin_value(&mut self, value_type: ValueType, start: usize) -> Result<Outcome, Error> {
        if let [Step::String] = value_type.program()
            && let Some(end) = whole_string(self.input.rest(), start, self.options.max_string)
            && end - start <= self.options.whole_value_limit
        {
            return self.entry(value_type, start, end);
        }
        self.at = start;
        self.skimmer.start(value_type.program());
        self.state = State::Value { value_type, start };
        Ok(Outcome::Again)
    }

    fn value(&mut self, value_type: ValueType, start: usize) -> Result<Outcome, Error> {
        let limit = start.saturating_add(self.options.whole_value_limit);
        let progress = self.skim(limit.saturating_add(1))?;
        if self.at > limit {
            return self.begin_chunks(value_type, start, progress == Progress::Done);
        }
        match progress {
            Progress::Done => self.entry(value_type, start, self.at),
            Progress::Stopped | Progress::More => Ok(Outcome::More),
        }
    }

    #[inline]
    fn entry(&mut self, value_type: ValueType, start: usize, end: usize) -> Result<Outcome, Error> {
        let key = self.key(value_type, start)?;
        let position = self.input.position();
        let value = position + start..position + end;
        Ok(self.complete(end, State::Record, Found::Entry { key, value }))
    }

    fn begin_chunks(&mut self, value_type: ValueType, start: usize, ended: bool) -> Result<Outcome, Error> {
        let key = self.key(value_type, start)?;
        self.at -= start;
        Ok(self.complete(start, State::Chunks { value_type, ended }, Found::ValueBegin(key)))
    }

    /// Hands out what was skimmed of a large value, in pieces that do not depend on the split of the input.
    fn chunks(&mut self, value_type: ValueType, ended: bool) -> Result<Outcome, Error> {
        let size = self.options.chunk_size.max(1);
        if self.at < size && !ended {
            return Ok(match self.skim(size)? {
                Progress::Done => {
                    self.state = State::Chunks { value_type, ended: true };
                    Outcome::Again
                }
                Progress::Stopped => Outcome::Again,
                Progress::More => Outcome::More,
            });
        }
        if self.at == 0 {
            return Ok(self.complete(0, State::Record, Found::ValueEnd));
        }
        let len = self.at.min(size);
        self.at -= len;
        let position = self.input.position();
        Ok(self.complete(len, self.state, Found::ValueChunk(position..position + len)))
    }

    /// Reads on in a record that is not a key; it is interpreted once all of it is there.
    fn body(&mut self, opcode: Opcode) -> Result<Outcome, Error> {
        let limit = usize::try_from(self.options.max_string).unwrap_or(usize::MAX);
        let progress = self.skim(limit.saturating_add(1))?;
        if self.at > limit {
            return Err(self.error_at(0, ErrorKind::TooLong(limit as u64 + 1)));
        }
        if progress != Progress::Done {
            return Ok(Outcome::More);
        }
        let position = self.input.position();
        let body = position + 1..position + self.at;
        let found = self.interpret(opcode, body).map_err(|kind| self.error_at(0, kind))?;
        Ok(match found {
            Some(found) => self.complete(self.at, State::Record, found),
            None => {
                self.input.consume(self.at);
                self.state = State::Record;
                Outcome::Again
            }
        })
    }

    /// What a complete record means; `None` if it only says something about the next key.
    fn interpret(&mut self, opcode: Opcode, body: Range<usize>) -> Result<Option<Found>, ErrorKind> {
        if self.attributes.take(opcode, self.input.at(body.clone()))? {
            return Ok(None);
        }
        self.interpret_item(opcode, body).map(Some)
    }

    fn interpret_item(&mut self, opcode: Opcode, body: Range<usize>) -> Result<Found, ErrorKind> {
        Ok(match opcode {
            Opcode::SelectDb => {
                let [index] = header::lengths(self.input.at(body))?;
                self.db = DbIndex(u32::try_from(index).map_err(|_| ErrorKind::DatabaseIndex(index))?);
                Found::SelectDb
            }
            Opcode::ResizeDb => {
                let [keys, expires] = header::lengths(self.input.at(body))?;
                Found::ResizeDb { keys, expires }
            }
            Opcode::SlotInfo => {
                let [slot, keys, expires] = header::lengths(self.input.at(body))?;
                Found::SlotInfo { slot, keys, expires }
            }
            Opcode::Aux => {
                let (key, rest) = self.place(body)?;
                let (value, _) = self.place(rest)?;
                Found::Aux { key, value }
            }
            Opcode::Function2 => Found::Function(self.place(body)?.0),
            Opcode::ModuleAux => {
                let [module, _, when] = header::lengths(self.input.at(body.clone()))?;
                Found::ModuleAux { module: ModuleId(module), when, body }
            }
            Opcode::SlotImport => Found::SlotImport(body),
            // What is left is no item or the end, and both are dealt with before.
            _ => Found::FunctionPreGa(body),
        })
    }

    fn checksum(&mut self) -> Result<Outcome, Error> {
        let Some(&stored) = self.input.rest().first_chunk() else { return Ok(Outcome::More) };
        let stored = u64::from_le_bytes(stored);
        let checksum = match self.input.checksum() {
            _ if stored == 0 => Checksum::Off,
            None => Checksum::Unchecked,
            Some(computed) if computed == stored => Checksum::Verified,
            Some(_) => return Err(self.error_at(0, ErrorKind::ChecksumMismatch)),
        };
        Ok(self.complete(size_of_val(&stored), State::Done, Found::End(checksum)))
    }

    /// The key whose name ends at `end` of the record; takes the attributes that were waiting for it.
    #[inline]
    fn key(&mut self, value_type: ValueType, end: usize) -> Result<FoundKey, Error> {
        let position = self.input.position();
        let (name, _) = self
            .place(position + 1..position + end)
            .map_err(|kind| Error::new(kind, self.input.offset() + 1, Reading::Key(value_type)))?;
        self.attributes.spent = true;
        Ok(FoundKey {
            name,
            value_type,
            expire_at_ms: self.attributes.expire_at_ms,
            eviction: self.attributes.eviction,
            offset: self.input.offset(),
            value_offset: self.input.offset() + end as u64,
        })
    }

    /// Where the bytes of the string at the start of `range` are, decoding it if need be; and what follows it.
    #[inline]
    fn place(&mut self, range: Range<usize>) -> Result<(Place, Range<usize>), ErrorKind> {
        let (string, rest) = EncodedString::split(self.input.at(range.clone()), self.options.max_string)?;
        let end = range.end - rest.len();
        let place = match string {
            EncodedString::Plain(bytes) => Place::Input(end - bytes.len()..end),
            encoded => {
                let start = self.decoded.len();
                encoded.decode_into(&mut self.decoded)?;
                Place::Decoded(start..self.decoded.len())
            }
        };
        Ok((place, end..range.end))
    }

    fn skim(&mut self, stop: usize) -> Result<Progress, Error> {
        let result = self.skimmer.run(self.input.rest(), &mut self.at, stop);
        result.map_err(|kind| self.error_at(self.at, kind))
    }

    /// Moves behind an item.
    #[inline]
    fn complete(&mut self, consumed: usize, next: State, found: Found) -> Outcome {
        self.input.consume(consumed);
        self.handed_out = self.input.offset();
        self.state = next;
        Outcome::Item(found)
    }

    #[cold]
    fn error_at(&self, at: usize, kind: ErrorKind) -> Error {
        Error::new(kind, self.input.offset() + at as u64, self.reading())
    }

    fn reading(&self) -> Reading {
        match self.state {
            State::Header => Reading::Header,
            State::Record => Reading::Code,
            State::Body(opcode) => opcode.reading(),
            State::Name(value_type) => Reading::Key(value_type),
            State::Value { value_type, .. } | State::Chunks { value_type, .. } => Reading::Value(value_type),
            State::Checksum => Reading::Checksum,
            State::Done => Reading::End,
            State::Failed(error) => error.reading(),
        }
    }

    fn lend(&self, found: Found) -> Item<'_> {
        match found {
            Found::Entry { key, value } => {
                let value = RawValue::new(key.value_type, self.input.at(value), key.value_offset);
                Item::Entry(Entry { key: self.lend_key(key), value })
            }
            Found::Header => Item::Header { dialect: self.dialect, version: self.version },
            Found::Aux { key, value } => Item::Aux { key: self.bytes(key), value: self.bytes(value) },
            Found::SelectDb => Item::SelectDb(self.db),
            Found::ResizeDb { keys, expires } => Item::ResizeDb { keys, expires },
            Found::SlotInfo { slot, keys, expires } => Item::SlotInfo { slot, keys, expires },
            Found::Function(source) => Item::Function(self.bytes(source)),
            Found::FunctionPreGa(body) => Item::FunctionPreGa(self.input.at(body)),
            Found::SlotImport(body) => Item::SlotImport(self.input.at(body)),
            Found::ModuleAux { module, when, body } => {
                Item::ModuleAux(ModuleAux { module, when, body: self.input.at(body) })
            }
            Found::ValueBegin(key) => Item::ValueBegin(self.lend_key(key)),
            Found::ValueChunk(range) => Item::ValueChunk(self.input.at(range)),
            Found::ValueEnd => Item::ValueEnd,
            Found::End(checksum) => Item::End { checksum },
        }
    }

    fn lend_key(&self, key: FoundKey) -> Key<'_> {
        Key {
            name: self.bytes(key.name),
            db: self.db,
            expire_at_ms: key.expire_at_ms,
            eviction: key.eviction,
            value_type: key.value_type,
            metadata: &self.attributes.metadata,
            offset: key.offset,
            value_offset: key.value_offset,
        }
    }

    fn bytes(&self, place: Place) -> &[u8] {
        match place {
            Place::Input(range) => self.input.at(range),
            Place::Decoded(range) => self.decoded.get(range).unwrap_or_default(),
        }
    }
}
