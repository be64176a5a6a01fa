//! What becomes of the items of a snapshot.

use bytes::Bytes;
use cluster_router::{Outgoing, Position, Route, Slot, slot_of};
use rdb::{DumpWriter, Entry, Item, Key, Part, RawValue, ValueType};

use super::Sink;
use super::copied::Copied;
use super::error::ApplyErrorKind;
use super::giant::{Giant, Missing, Pumped};
use super::held_key::HeldKey;
use super::losses::{LossBook, Lost};
use super::plain::PlainWriter;
use super::restore::{Restore, put_restore, put_set};
use super::unit::{Address, of_snapshot};
use crate::pipeline::reserved::holds_positions;
use crate::pipeline::target::Target;

/// Turns items into commands: each key as the target takes it best.
pub(super) struct Keys {
    target: Target,
    restore: Restore,
    plain: PlainWriter,
    /// A value that comes in chunks.
    large: Large,
    /// The payload at hand; kept for its memory.
    payload: Vec<u8>,
    keys: u64,
    /// The keys so far, where it matters afterwards which they are.
    copied: Option<Copied>,
    book: LossBook,
    remarks: Vec<Remark>,
}

/// Something in a snapshot that cannot be carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remark {
    /// What a module saved beside the keys: no command loads it.
    ModuleData(String),
    /// Functions, and a target that has none.
    Functions,
    /// The records of slots that were being imported: no keys yet.
    SlotImport,
    /// A part of a value; the first of its kind.
    Lost(Lost),
}

/// A value that comes in chunks.
enum Large {
    None,
    /// It is gathered, because RESTORE has to state its length first.
    Gathered(Box<Gathered>),
    /// It is sent in parts: too much to be gathered, or nothing that the target loads.
    Giant(Box<Giant>),
}

struct Gathered {
    key: HeldKey,
    writer: DumpWriter,
    /// The payload in pieces; before the first one of the value, what stands before it. One block of many MiB would have
    /// to grow, and what the allocator is given back of such it keeps.
    pieces: Vec<Bytes>,
    len: usize,
    /// The position before the record.
    start: Position,
}

impl Keys {
    pub(super) fn new(target: Target, restore: Restore) -> Self {
        Self {
            target,
            plain: PlainWriter::new(target.server, &restore),
            large: Large::None,
            payload: Vec::new(),
            keys: 0,
            copied: None,
            book: LossBook::new(target.server, restore.on_loss),
            remarks: Vec::new(),
            restore,
        }
    }

    /// Whether the last item lies within a value.
    pub(super) fn is_inside_value(&self) -> bool {
        !matches!(self.large, Large::None)
    }

    /// Notes the keys from now on.
    pub(super) fn note_keys(&mut self) {
        self.copied = Some(Copied::default());
    }

    /// The keys that were noted, if they were.
    pub(super) fn take_noted(&mut self) -> Option<Copied> {
        let mut copied = self.copied.take()?;
        copied.seal();
        Some(copied)
    }

    fn note(&mut self, key: &Key<'_>) {
        self.keys += 1;
        if let Some(copied) = &mut self.copied {
            copied.add(key.db.0, key.name);
        }
    }

    /// Keys that were submitted so far.
    pub(super) fn count(&self) -> u64 {
        self.keys
    }

    /// What the target could not be told so far.
    pub(super) fn losses(&self) -> &rdb::Losses {
        self.book.total()
    }

    /// What was met since the last call and cannot be carried over.
    pub(super) fn take_remarks(&mut self) -> Vec<Remark> {
        let mut remarks = std::mem::take(&mut self.remarks);
        remarks.extend(self.book.take_news().into_iter().map(Remark::Lost));
        remarks
    }

    /// Up to where the snapshot is not needed any more when this round within a value is confirmed.
    pub(super) fn release_point(&mut self, index: u32) -> Option<u64> {
        if let Large::Giant(giant) = &mut self.large { giant.release_point(index) } else { None }
    }

    /// The reserved key of a value that is under construction.
    pub(super) fn built(&self) -> Option<&[u8]> {
        if let Large::Giant(giant) = &self.large { giant.built() } else { None }
    }

    /// The target did not find what was to get its name. Answers why it is not there, of a value in parts; one that is
    /// made in a single transaction can only have expired in it.
    pub(super) fn missing(&mut self) -> Option<Missing> {
        if let Large::Giant(giant) = &mut self.large { giant.missing() } else { None }
    }

    /// Removes what was begun: the rest of the snapshot will not come.
    pub(super) fn abandon(&self, sink: &mut dyn Sink) {
        if let Large::Giant(giant) = &self.large {
            giant.abandon(sink);
        }
    }

    /// Goes on with a value in parts; false when that has to wait, and so have the items behind it.
    pub(super) fn pump(&mut self, sink: &mut dyn Sink) -> Result<bool, ApplyErrorKind> {
        let Large::Giant(giant) = &mut self.large else { return Ok(true) };
        match giant.pump(sink, &mut self.book)? {
            Pumped::Waiting => return Ok(false),
            Pumped::Hungry => {}
            Pumped::Done => self.large = Large::None,
        }
        Ok(true)
    }

    /// Takes the next item, which ends at `end`; `start` is the position before it.
    pub(super) fn take(&mut self, item: Item<'_>, start: Position, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        match item {
            Item::Entry(entry) => return self.entry(&entry, start, sink),
            Item::ValueBegin(key) => return self.begin_large(&key, start),
            Item::ValueChunk(bytes) => return self.chunk(bytes),
            Item::ValueEnd => self.end_large(sink),
            Item::SelectDb(db) => return self.check_database(db.0),
            Item::Function(code) => self.function(code, start.offset, sink),
            // Scripts travel in the snapshots of Redis 6.2 and earlier, for EVALSHA in the stream behind.
            Item::Aux { key: b"lua", value } => {
                let words: [&[u8]; 3] = [b"SCRIPT", b"LOAD", value];
                sink.submit(everywhere(start.offset), &mut |out| resp::put_command(out, &words));
            }
            Item::ModuleAux(aux) => self.remark(Remark::ModuleData(aux.module.to_string())),
            Item::SlotImport(_) => self.remark(Remark::SlotImport),
            Item::FunctionPreGa(_) => self.remark(Remark::Functions),
            // Headers, hints and facts carry no data.
            _ => {}
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry<'_>, start: Position, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        let key = &entry.key;
        if holds_positions(key.name) {
            return Ok(());
        }
        self.note(key);
        if self.goes_as_set(entry)
            && let Some(value) = entry.value.as_string()?
        {
            sink.submit(self.outgoing(key), &mut |out| put_set(out, key.name, value.as_bytes(), key.expire_at_ms));
            return Ok(());
        }
        if !self.target.server.loads(key) {
            return self.entry_as_commands(entry, start, sink);
        }
        self.payload.clear();
        entry.dump_into(&mut self.payload);
        self.submit_restore(key, &[&self.payload], sink);
        Ok(())
    }

    /// `SET` costs a target half of what `RESTORE` does, but overwrites, and older servers have no absolute expiry.
    fn goes_as_set(&self, entry: &Entry<'_>) -> bool {
        let Entry { key, value, .. } = entry;
        key.value_type == ValueType::String
            && self.restore.replaces()
            && key.metadata.is_empty()
            && match key.expire_at_ms {
                // Before 1970: no command takes it but RESTORE with an expiry that is past as well.
                Some(at) => at > 0 && self.target.has_set_pxat(),
                None => true,
            }
            && !expands_to_much(value)
    }

    fn entry_as_commands(
        &mut self,
        entry: &Entry<'_>,
        start: Position,
        sink: &mut dyn Sink,
    ) -> Result<(), ApplyErrorKind> {
        if let Some(plain) = self.plain.key(entry, &self.restore, &mut self.book)? {
            plain.unit.submit(self.address(&entry.key), plain.forgiving, sink);
            return Ok(());
        }
        let mut giant = self.giant(HeldKey::of(&entry.key), start)?;
        giant.chunk(Bytes::copy_from_slice(entry.value.bytes()));
        giant.end();
        self.large = Large::Giant(giant);
        Ok(())
    }

    fn begin_large(&mut self, key: &Key<'_>, start: Position) -> Result<(), ApplyErrorKind> {
        self.note(key);
        let held = HeldKey::of(key);
        if !self.target.server.loads(key) {
            self.large = Large::Giant(self.giant(held, start)?);
            return Ok(());
        }
        let mut head = Vec::new();
        let writer = DumpWriter::begin(key, &mut head);
        let (len, pieces) = (head.len(), vec![head.into()]);
        self.large = Large::Gathered(Box::new(Gathered { key: held, writer, pieces, len, start }));
        Ok(())
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), ApplyErrorKind> {
        match &mut self.large {
            Large::None => {}
            Large::Giant(giant) => giant.chunk(Bytes::copy_from_slice(bytes)),
            Large::Gathered(gathered) => {
                gathered.writer.chunk(bytes);
                gathered.len += bytes.len();
                gathered.pieces.push(Bytes::copy_from_slice(bytes));
                if gathered.len > self.restore.most_gathered(gathered.key.value_type.kind()) {
                    return self.make_giant();
                }
            }
        }
        Ok(())
    }

    /// Goes on in parts with a value that is too large to be gathered: what was gathered are the first of them.
    fn make_giant(&mut self) -> Result<(), ApplyErrorKind> {
        let Large::Gathered(gathered) = std::mem::replace(&mut self.large, Large::None) else { return Ok(()) };
        let mut giant = self.giant(gathered.key, gathered.start)?;
        gathered.pieces.into_iter().skip(1).for_each(|piece| giant.chunk(piece));
        self.large = Large::Giant(giant);
        Ok(())
    }

    fn giant(&self, key: HeldKey, start: Position) -> Result<Box<Giant>, ApplyErrorKind> {
        let address = self.address(&key.as_key());
        let mut giant = Giant::new(key, address, start, self.target.server, &self.restore);
        giant.begin()?;
        Ok(Box::new(giant))
    }

    fn end_large(&mut self, sink: &mut dyn Sink) {
        match std::mem::replace(&mut self.large, Large::None) {
            Large::None => {}
            Large::Gathered(gathered) => {
                let Gathered { key, writer, mut pieces, .. } = *gathered;
                pieces.push(Bytes::copy_from_slice(&writer.finish()));
                self.submit_restore(&key.as_key(), &pieces, sink);
            }
            Large::Giant(mut giant) => {
                giant.end();
                self.large = Large::Giant(giant);
            }
        }
    }

    fn submit_restore<P: AsRef<[u8]>>(&self, key: &Key<'_>, payload: &[P], sink: &mut dyn Sink) {
        let replace = self.restore.replaces();
        sink.submit(self.outgoing(key), &mut |out| put_restore(out, key, payload, replace));
    }

    fn check_database(&self, db: u32) -> Result<(), ApplyErrorKind> {
        if db > 0 && !self.target.is_standalone() {
            return Err(ApplyErrorKind::Database { db: db.into() });
        }
        Ok(())
    }

    fn function(&mut self, code: &[u8], offset: u64, sink: &mut dyn Sink) {
        if !self.target.has_functions() {
            return self.remark(Remark::Functions);
        }
        let words: [&[u8]; 4] = [b"FUNCTION", b"LOAD", b"REPLACE", code];
        sink.submit(everywhere(offset), &mut |out| resp::put_command(out, &words));
    }

    fn remark(&mut self, remark: Remark) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    fn address(&self, key: &Key<'_>) -> Address {
        // One server has all slots, and one lane.
        let slot = if self.target.is_standalone() { Slot::MIN } else { slot_of(key.name) };
        Address { route: Route::Slot(slot), db: key.db.0, offset: key.offset }
    }

    fn outgoing(&self, key: &Key<'_>) -> Outgoing {
        let Address { route, db, offset } = self.address(key);
        Outgoing { db, ..of_snapshot(route, 1, offset) }
    }
}

/// Whether a string is much longer than it is in the snapshot, compressed: a payload keeps it small.
fn expands_to_much(value: &RawValue<'_>) -> bool {
    // What is this short cannot.
    value.bytes().len() > MUCH / LZF_AT_MOST
        && matches!(value.parts().next(), Some(Ok(Part::String(string))) if string.len() > MUCH)
}

/// A string of zeros as long as the longest value that comes whole.
const MUCH: usize = 1 << 20;

/// Three bytes stand for 264 at most.
const LZF_AT_MOST: usize = 88;

fn everywhere(offset: u64) -> Outgoing {
    of_snapshot(Route::EveryPrimary, 1, offset)
}
