//! The rewriter: items in, commands out.

mod chunks;

use bytes::BytesMut;

use crate::elements::{Element, ElementReader};
use crate::error::Error;
use crate::item::{DbIndex, Entry, Item, Key, RawValue};
use crate::options::Options;
use crate::target::Target;
use crate::value_type::{ValueKind, ValueType};

use super::gather::Gather;
use super::place::Place;
use super::stream::{Dangling, PendingScan};
use super::text::put_set;
use super::value::ValueWriter;
use super::{LossKind, Losses, RewriteError, RewriteErrorKind, RewriteOptions};
use crate::room::release;

/// Writes keys and their values as plain commands for one target; made once, for any number of keys.
///
/// A collection without elements makes no key, because servers do not keep any. Keys that have expired are written
/// like others, and the target removes them; fields too, but see [`RewriteOptions::now_ms`]. Pending entries that were
/// handed out at a time that lies ahead of the target's clock are taken by it as handed out now. A score of -0 is written
/// as it is, but a small sorted set keeps it without its sign since Redis 7.2.
///
/// Of a value in chunks it holds what does not fill a command yet, as long as what does not make an element. A stream in
/// chunks is held until it is whole ([`RewriteOptions::max_gathered`]); of a larger one it holds what is pending in one
/// group, and the IDs of its newest entries (4 MiB). The commands of a value that comes whole are all appended at once, up
/// to [`RewriteOptions::max_output`].
///
/// Nobody is to use a key before all its commands are executed: until then it is not whole, and does not expire. A
/// stream with pending entries that it has no longer gets others in their place first, which are gone again a few
/// commands later; who reads the stream meanwhile sees them.
///
/// # Examples
/// ```
/// use bytes::BytesMut;
/// use rdb::{Decoder, Options, RewriteErrorKind, RewriteOptions, Rewriter, Target};
///
/// let mut decoder = Decoder::new(Options::default());
/// let mut rewriter = Rewriter::new(Target::redis(4, 0), RewriteOptions::default());
/// let mut commands = BytesMut::new();
/// let mut left_out = Vec::new();
/// // A stream, which this target cannot have, and a set.
/// decoder.feed(b"REDIS0009\xfe\x00\x0f\x03log\x00\x00\x00\x00\x00\x02\x04tags\x01\x03old\xff");
/// while let Some(item) = decoder.next_item()? {
///     // An error concerns this item alone: one can go on with the next.
///     if let Err(error) = rewriter.item(&item, &mut commands) {
///         left_out.push(error.kind());
///     }
/// }
/// assert_eq!(left_out, [RewriteErrorKind::NoStreams]);
/// assert_eq!(commands, "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$4\r\nSADD\r\n$4\r\ntags\r\n$3\r\nold\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Rewriter {
    target: Target,
    options: RewriteOptions,
    reader: ElementReader,
    key: CurrentKey,
    value: ValueWriter,
    /// The stream that comes in chunks, while it is held.
    gather: Option<Gather>,
    /// Whether the value that comes in chunks failed, so that the rest of it is passed over.
    failed: bool,
    selected: Option<DbIndex>,
    losses: Losses,
    all_losses: Losses,
}

impl Rewriter {
    /// A rewriter for this target.
    #[must_use]
    pub fn new(target: Target, options: RewriteOptions) -> Self {
        Self {
            target,
            reader: ElementReader::new(&Options::default().max_string(options.max_string)),
            options,
            key: CurrentKey::default(),
            value: ValueWriter::default(),
            gather: None,
            failed: false,
            selected: None,
            losses: Losses::default(),
            all_losses: Losses::default(),
        }
    }

    /// The server that the commands are for.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Sets the time, as [`RewriteOptions::now_ms`]: a rewriter may live long.
    pub fn set_now_ms(&mut self, ms: i64) {
        self.options.now_ms = Some(ms);
    }

    /// What was not carried over of the last key, or of the one under way.
    #[must_use]
    pub const fn losses(&self) -> &Losses {
        &self.losses
    }

    /// What was not carried over of all keys so far.
    #[must_use]
    pub const fn all_losses(&self) -> &Losses {
        &self.all_losses
    }

    /// Appends the commands that this item completes: a key with its value, whole or as far as it came, and `SELECT`
    /// before the first of another database; `FUNCTION LOAD REPLACE`, `SCRIPT LOAD`. Other items have none.
    ///
    /// # Errors
    /// [`RewriteError`] when there are no commands for it; nothing is appended then, and the next item can be given.
    /// Of a value in chunks, commands may have been handed out before: the target then has a part of it. The error
    /// comes once, and the rest of the value is passed over.
    pub fn item(&mut self, item: &Item<'_>, out: &mut BytesMut) -> Result<(), RewriteError> {
        match item {
            Item::Entry(entry) => self.entry(entry, out),
            Item::ValueBegin(key) => self.begin(key, out),
            Item::ValueChunk(bytes) => self.chunk(bytes, out),
            Item::ValueEnd => self.end(out),
            Item::SelectDb(db) => {
                self.select(*db, out);
                Ok(())
            }
            Item::Function(source) if self.target.has_functions() => {
                resp::put_command(out, &[b"FUNCTION", b"LOAD".as_slice(), b"REPLACE", source]);
                Ok(())
            }
            Item::Aux { key: b"lua", value } => {
                resp::put_command(out, &[b"SCRIPT", b"LOAD".as_slice(), value]);
                Ok(())
            }
            Item::Function(_) => Err(self.error(RewriteErrorKind::NoFunctions)),
            Item::FunctionPreGa(_) => Err(self.error(RewriteErrorKind::FunctionPreGa)),
            Item::ModuleAux(_) => Err(self.error(RewriteErrorKind::ModuleAux)),
            _ => Ok(()),
        }
    }

    /// Appends the commands that make this key and its value.
    ///
    /// # Errors
    /// [`RewriteError`] when there are none; nothing is appended then.
    pub fn entry(&mut self, entry: &Entry<'_>, out: &mut BytesMut) -> Result<(), RewriteError> {
        let call = self.call(out);
        let result = self.whole(entry, call.start, out);
        self.all_losses.add_all(&self.losses);
        self.release();
        result.map_err(|kind| self.undo(kind, &call, out))
    }

    fn whole(&mut self, entry: &Entry<'_>, start: usize, out: &mut BytesMut) -> Result<(), RewriteErrorKind> {
        self.start(&entry.key, out)?;
        if self.short_string(entry, out) {
            return Ok(());
        }
        self.value.begin(&entry.key);
        let mut dangling = None;
        if entry.key.value_type.kind() == ValueKind::Stream {
            let mut scan = PendingScan::new(self.options.max_output);
            self.reader.value(&entry.value, |element| scan.element(&element)).map_err(damaged)?;
            dangling = Some(scan.finish());
        }
        self.write_whole(&entry.value, dangling, start, out)
    }

    /// Writes a value that is whole; of a stream, what is pending in it without an entry is known.
    fn write_whole(
        &mut self,
        value: &RawValue<'_>,
        dangling: Option<Dangling>,
        start: usize,
        out: &mut BytesMut,
    ) -> Result<(), RewriteErrorKind> {
        if let Some(dangling) = dangling {
            self.write(start, out, |_, writer, place| writer.stream.begin_whole(dangling, place));
        }
        self.read(start, out, |reader, sink| reader.value(value, sink))?;
        self.finish(start, out)
    }

    /// Writes a string that is one piece from where it is: the fast path of the commonest values. False if this is none.
    fn short_string(&mut self, entry: &Entry<'_>, out: &mut BytesMut) -> bool {
        let Entry { key, value } = entry;
        let target = self.target;
        key.value_type == ValueType::String
            && self.reader.short_string(value, &mut |element| {
                if let Element::String(text) = element {
                    put_set(key.name, text, key.expire_at_ms, target, out);
                }
            })
    }

    /// Writes the elements that `read` gets from the reader.
    #[inline]
    fn read(
        &mut self,
        start: usize,
        out: &mut BytesMut,
        read: impl FnOnce(&mut ElementReader, &mut dyn FnMut(Element<'_>)) -> Result<(), Error>,
    ) -> Result<(), RewriteErrorKind> {
        self.write(start, out, |reader, value, place| {
            let mut result = Ok(());
            let mut sink = |element: Element<'_>| {
                if result.is_ok() {
                    result = value.element(element, place).and_then(|()| place.check());
                }
            };
            let read = read(reader, &mut sink).map_err(damaged);
            result.and(read)
        })
    }

    /// Writes what is left when all elements are there.
    fn finish(&mut self, start: usize, out: &mut BytesMut) -> Result<(), RewriteErrorKind> {
        self.write(start, out, |_, value, place| {
            value.end(place);
            place.check()
        })
    }

    /// Lets the value's writer write; the call's commands begin at `start`.
    #[inline]
    fn write<R>(
        &mut self,
        start: usize,
        out: &mut BytesMut,
        write: impl FnOnce(&mut ElementReader, &mut ValueWriter, &mut Place<'_>) -> R,
    ) -> R {
        let Self { target, options, reader, key, value, losses, .. } = self;
        write(reader, value, &mut Place { key: &key.name, target: *target, options, losses, out, start })
    }

    fn call(&self, out: &BytesMut) -> Call {
        Call { start: out.len(), selected: self.selected }
    }

    /// Takes back what a call did, and makes its error.
    #[cold]
    fn undo(&mut self, kind: RewriteErrorKind, call: &Call, out: &mut BytesMut) -> RewriteError {
        out.truncate(call.start);
        self.selected = call.selected;
        RewriteError { kind, offset: self.key.offset, target: self.target }
    }

    /// Gives back what a giant took.
    fn release(&mut self) {
        release(&mut self.key.name);
        self.value.release();
    }

    /// Starts a key.
    fn start(&mut self, key: &Key<'_>, out: &mut BytesMut) -> Result<(), RewriteErrorKind> {
        self.failed = false;
        self.losses = Losses::default();
        self.key.name.clear();
        self.key.name.extend_from_slice(key.name);
        self.key.offset = key.offset;
        self.key.value_type = key.value_type;
        self.key.value_offset = key.value_offset;
        self.select_for(key, out);
        match key.value_type.kind() {
            ValueKind::Module => return Err(RewriteErrorKind::Module),
            ValueKind::Array => return Err(RewriteErrorKind::Array),
            ValueKind::Stream if !self.target.has_streams() => return Err(RewriteErrorKind::NoStreams),
            _ => {}
        }
        if !key.metadata.is_empty() {
            self.losses.add(LossKind::KeyMetadata, 1);
        }
        if self.options.replace {
            resp::put_command(out, &[if self.target.has_unlink() { b"UNLINK".as_slice() } else { b"DEL" }, key.name]);
        }
        Ok(())
    }

    /// Selects the database of a key that comes without its `SELECT`.
    fn select_for(&mut self, key: &Key<'_>, out: &mut BytesMut) {
        if key.db != self.selected.unwrap_or_default() {
            self.select(key.db, out);
        }
    }

    fn select(&mut self, db: DbIndex, out: &mut BytesMut) {
        if self.options.select && self.selected.replace(db) != Some(db) {
            resp::put_array(out, 2);
            resp::put_bulk(out, b"SELECT");
            resp::put_integer_bulk(out, db.0);
        }
    }

    const fn error(&self, kind: RewriteErrorKind) -> RewriteError {
        RewriteError { kind, offset: 0, target: self.target }
    }
}

const fn damaged(error: Error) -> RewriteErrorKind {
    RewriteErrorKind::Damaged(error)
}

/// The key that is under way.
#[derive(Debug)]
struct CurrentKey {
    name: Vec<u8>,
    offset: u64,
    value_type: ValueType,
    value_offset: u64,
}

impl Default for CurrentKey {
    fn default() -> Self {
        Self { name: Vec::new(), offset: 0, value_type: ValueType::String, value_offset: 0 }
    }
}

/// How things were when a call began.
struct Call {
    start: usize,
    selected: Option<DbIndex>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::KEPT;

    /// Has a rewriter write a value in chunks, and perhaps not to its end.
    fn write(rewriter: &mut Rewriter, name: &[u8], value_type: ValueType, value: &[u8], ends: bool) {
        let mut out = BytesMut::new();
        rewriter.begin(&Key::new(name, value_type), &mut out).unwrap();
        for chunk in value.chunks(1 << 16) {
            rewriter.chunk(chunk, &mut out).unwrap();
        }
        assert_eq!(rewriter.end(&mut out).is_ok(), ends);
    }

    fn kept(rewriter: &Rewriter) -> usize {
        let Rewriter { key, value, .. } = rewriter;
        let batches = value.rows.batch.words.capacity().max(value.hash.batch.words.capacity());
        key.name.capacity().max(value.text.held.capacity()).max(batches)
    }

    #[test]
    fn what_a_giant_took_is_given_back() {
        let options = RewriteOptions::default().max_bytes(usize::MAX);
        let mut rewriter = Rewriter::new(Target::redis(7, 0), options);
        let giant = [b"\x80\x00\x20\x00\x00".as_slice(), &vec![b'x'; 2 << 20]].concat();
        let list = [b"\x02".as_slice(), &giant, b"\x01a"].concat();
        let hash = [b"\x02\x01f".as_slice(), &giant, b"\x01a\x01b"].concat();
        for ends in [true, false] {
            for (value_type, value) in [(ValueType::String, &giant), (ValueType::List, &list), (ValueType::Hash, &hash)]
            {
                let value = if ends { value.as_slice() } else { value.split_last().unwrap().1 };
                write(&mut rewriter, &giant, value_type, value, ends);
                assert!(kept(&rewriter) <= KEPT, "{value_type:?} {ends}: {}", kept(&rewriter));
            }
        }
        let mut out = BytesMut::new();
        let entry = Entry::new(Key::new(&giant, ValueType::String), RawValue::new(ValueType::String, b"\x01a", 0));
        rewriter.entry(&entry, &mut out).unwrap();
        assert!(kept(&rewriter) <= KEPT);
    }
}
