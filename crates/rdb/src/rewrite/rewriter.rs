//! The rewriter: items in, commands out.

use bytes::BytesMut;

use crate::elements::{Element, ElementReader};
use crate::error::Error;
use crate::item::{DbIndex, Entry, Item, Key};
use crate::options::Options;
use crate::target::Target;
use crate::value_type::{ValueKind, ValueType};

use super::place::Place;
use super::stream::PendingScan;
use super::text::put_set;
use super::value::ValueWriter;
use super::{LossKind, Losses, RewriteError, RewriteErrorKind, RewriteOptions};

/// Writes keys and their values as plain commands for one target; made once, for any number of keys.
///
/// A collection without elements makes no key, because servers do not keep any. Keys that have expired are written
/// like others, and the target removes them. Pending entries that were handed out at a time that lies ahead of the
/// target's clock are taken by it as handed out now.
///
/// Of a value in chunks it holds what does not fill a command yet, as long as what does not make an element; of a
/// stream also what is pending in one group, and the IDs of its newest entries (4 MiB). The commands of a value that
/// comes whole are all appended at once.
///
/// # Examples
/// ```
/// use bytes::BytesMut;
/// use rdb::{Decoder, Options, RewriteOptions, Rewriter, Target};
///
/// let mut decoder = Decoder::new(Options::default());
/// let mut rewriter = Rewriter::new(Target::redis(7, 0), RewriteOptions::default());
/// let mut commands = BytesMut::new();
/// decoder.feed(b"REDIS0003\xfe\x00\x02\x04tags\x01\x03old\xff");
/// while let Some(item) = decoder.next_item()? {
///     rewriter.item(&item, &mut commands)?;
/// }
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

    /// Appends the commands that this item completes: a key with its value, whole or as far as it came; `SELECT`,
    /// `FUNCTION LOAD REPLACE`, `SCRIPT LOAD`. Other items have none.
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
        let start = out.len();
        let result = self.whole(entry, out).map_err(|kind| self.key_error(kind));
        if result.is_err() {
            out.truncate(start);
        }
        self.all_losses.add_all(&self.losses);
        result
    }

    fn whole(&mut self, entry: &Entry<'_>, out: &mut BytesMut) -> Result<(), RewriteErrorKind> {
        self.start(&entry.key, out)?;
        if self.short_string(entry, out) {
            return Ok(());
        }
        self.value.begin(&entry.key);
        if entry.key.value_type.kind() == ValueKind::Stream {
            let mut scan = PendingScan::default();
            self.reader.value(&entry.value, |element| scan.element(&element)).map_err(damaged)?;
            self.value.stream.begin_whole(scan.dangling());
        }
        self.read(out, |reader, sink| reader.value(&entry.value, sink))?;
        self.finish(out);
        Ok(())
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

    /// Starts a value that comes in chunks.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn begin(&mut self, key: &Key<'_>, out: &mut BytesMut) -> Result<(), RewriteError> {
        let start = out.len();
        let result = self.start(key, out);
        self.value.begin(key);
        self.reader.begin(key.value_type, key.value_offset);
        self.settle(result, start, out)
    }

    /// Takes the next bytes of the value.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn chunk(&mut self, bytes: &[u8], out: &mut BytesMut) -> Result<(), RewriteError> {
        if self.failed {
            return Ok(());
        }
        let start = out.len();
        let result = self.read(out, |reader, sink| reader.chunk(bytes, sink));
        self.settle(result, start, out)
    }

    /// Ends the value.
    ///
    /// # Errors
    /// As [`item`](Self::item).
    pub fn end(&mut self, out: &mut BytesMut) -> Result<(), RewriteError> {
        if self.failed {
            self.failed = false;
            return Ok(());
        }
        let result = self.reader.end().map_err(damaged);
        if result.is_ok() {
            self.finish(out);
            self.all_losses.add_all(&self.losses);
        }
        let start = out.len();
        self.settle(result, start, out).inspect_err(|_| self.failed = false)
    }

    /// Writes the elements that `read` gets from the reader.
    #[inline]
    fn read(
        &mut self,
        out: &mut BytesMut,
        read: impl FnOnce(&mut ElementReader, &mut dyn FnMut(Element<'_>)) -> Result<(), Error>,
    ) -> Result<(), RewriteErrorKind> {
        let Self { target, options, reader, key, value, losses, .. } = self;
        let mut place = Place { key: &key.name, target: *target, options, losses, out };
        let mut result = Ok(());
        let mut sink = |element: Element<'_>| {
            if result.is_ok() {
                result = value.element(element, &mut place);
            }
        };
        let read = read(reader, &mut sink).map_err(damaged);
        result.and(read)
    }

    /// Writes what is left when all elements are there.
    fn finish(&mut self, out: &mut BytesMut) {
        let Self { target, options, key, value, losses, .. } = self;
        value.end(&mut Place { key: &key.name, target: *target, options, losses, out });
    }

    /// Makes the error of a value in chunks: the rest of the value is passed over.
    fn settle(
        &mut self,
        result: Result<(), RewriteErrorKind>,
        start: usize,
        out: &mut BytesMut,
    ) -> Result<(), RewriteError> {
        result.map_err(|kind| {
            out.truncate(start);
            self.failed = true;
            self.all_losses.add_all(&self.losses);
            self.key_error(kind)
        })
    }

    /// Starts a key.
    fn start(&mut self, key: &Key<'_>, out: &mut BytesMut) -> Result<(), RewriteErrorKind> {
        self.failed = false;
        self.losses = Losses::default();
        self.key.name.clear();
        self.key.name.extend_from_slice(key.name);
        self.key.offset = key.offset;
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

    fn select(&mut self, db: DbIndex, out: &mut BytesMut) {
        if self.options.select && self.selected.replace(db) != Some(db) {
            resp::put_array(out, 2);
            resp::put_bulk(out, b"SELECT");
            resp::put_integer_bulk(out, db.0);
        }
    }

    fn key_error(&self, kind: RewriteErrorKind) -> RewriteError {
        RewriteError { kind, offset: self.key.offset, target: self.target }
    }

    const fn error(&self, kind: RewriteErrorKind) -> RewriteError {
        RewriteError { kind, offset: 0, target: self.target }
    }
}

const fn damaged(error: Error) -> RewriteErrorKind {
    RewriteErrorKind::Damaged(error)
}

/// The key that is under way.
#[derive(Debug, Default)]
struct CurrentKey {
    name: Vec<u8>,
    offset: u64,
}
