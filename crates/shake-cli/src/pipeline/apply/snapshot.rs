//! The snapshot that a full resync starts with.

use bytes::BytesMut;
use cluster_router::{Outgoing, Phase, Position, Route, Slot, slot_of};
use rdb::{Decoder, DumpWriter, Entry, Eviction, Item, Key, Options};

use super::Sink;
use super::error::{ApplyError, ApplyErrorKind};
use crate::pipeline::target::Target;

/// Turns the bytes of a snapshot into commands for the target, wherever the bytes are cut.
pub(crate) struct SnapshotApplier {
    decoder: Decoder,
    commands: Commands,
    has_left: bool,
}

/// How the keys of a snapshot are written to the target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Restore {
    /// Take the place of a key that is there.
    pub(crate) replace: bool,
    /// Longest argument that the target takes (`proto-max-bulk-len`).
    pub(crate) max_bulk: usize,
}

/// Something in a snapshot that is no key, and cannot be carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remark {
    /// What a module saved beside the keys: no command loads it.
    ModuleData(String),
    /// Functions, and a target that has none.
    Functions,
    /// The records of slots that were being imported: no keys yet.
    SlotImport,
    /// A part of a value that the target cannot be told.
    Lost {
        /// The key.
        key: String,
        /// What, and how much of it.
        what: String,
    },
}

struct Commands {
    target: Target,
    restore: Restore,
    generation: u64,
    /// A value that comes in chunks, or takes more than one step.
    large: Option<Large>,
    /// The payload at hand; kept for its memory.
    payload: Vec<u8>,
    plain: Plain,
    keys: u64,
    remarks: Vec<Remark>,
    /// Keys of which something was lost.
    lossy_keys: u64,
}

/// A value under way.
enum Large {
    /// It is gathered until its length is known, which RESTORE has to state first.
    Gathering(Gathering),
    /// It is too large for that.
    Building(Building),
}

struct Gathering {
    writer: DumpWriter,
    command: RestoreCommand,
    head: Head,
    /// Where the value starts in the payload.
    start: usize,
}

impl SnapshotApplier {
    /// The snapshot of a generation.
    pub(crate) fn new(target: Target, restore: Restore, generation: u64) -> Self {
        let commands = Commands {
            target,
            restore,
            generation,
            large: None,
            payload: Vec::new(),
            plain: Plain::new(target.server),
            keys: 0,
            remarks: Vec::new(),
            lossy_keys: 0,
        };
        Self { decoder: Decoder::new(Options::default().chunk_size(PIECE)), commands, has_left: false }
    }

    /// Takes the next bytes, when [nothing is left](Self::has_left) of those before.
    ///
    /// # Errors
    /// When they cannot be applied. What stands before the place that the error names has been submitted.
    pub(crate) fn feed(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), ApplyError> {
        self.decoder.feed(bytes);
        self.has_left = true;
        self.go_on(sink).map(drop)
    }

    /// Whether some of the bytes have not become commands, for want of room or because a value waits for its place.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left
    }

    /// Goes on with what is left; answers whether anything could be done.
    ///
    /// # Errors
    /// As [`feed`](Self::feed).
    pub(crate) fn go_on(&mut self, sink: &mut dyn Sink) -> Result<bool, ApplyError> {
        let mut moved = false;
        while self.has_left && sink.has_room() && self.step(sink)? {
            moved = true;
        }
        // Inside a value there is nothing to go on from.
        if !self.is_inside_value() {
            sink.end_round(self.position());
        }
        Ok(moved)
    }

    /// Whether the bytes so far end inside a value, or a value waits for its place.
    pub(crate) fn is_inside_value(&self) -> bool {
        self.commands.large.is_some()
    }

    /// Does the next thing; false when there is nothing to do for now.
    fn step(&mut self, sink: &mut dyn Sink) -> Result<bool, ApplyError> {
        let offset = self.decoder.offset();
        let built = self.commands.build(sink).map_err(|kind| ApplyError::in_snapshot(kind, offset))?;
        if let Some(moved) = built {
            return Ok(moved);
        }
        match self.decoder.next_item() {
            Ok(Some(item)) => {
                let taken = self.commands.take(item, offset, sink);
                taken.map_err(|kind| ApplyError::in_snapshot(kind, offset))?;
            }
            Ok(None) => self.has_left = false,
            Err(error) => return Err(ApplyError::in_snapshot(error.into(), offset)),
        }
        Ok(self.has_left)
    }

    /// The source says that the snapshot has ended.
    ///
    /// # Errors
    /// When the snapshot itself says something else.
    pub(crate) fn finish(&self) -> Result<(), ApplyError> {
        let at_end = self.decoder.finish();
        at_end.map_err(|error| ApplyError::in_snapshot(error.into(), self.decoder.offset()))?;
        if self.decoder.is_done() {
            return Ok(());
        }
        Err(ApplyError::in_snapshot(ApplyErrorKind::SnapshotEnd, self.decoder.offset()))
    }

    /// Bytes of the snapshot that were turned into commands.
    pub(crate) fn bytes(&self) -> u64 {
        self.decoder.offset()
    }

    /// Keys that were submitted so far.
    pub(crate) fn keys(&self) -> u64 {
        self.commands.keys
    }

    /// What was met since the last call and cannot be carried over.
    pub(crate) fn take_remarks(&mut self) -> Vec<Remark> {
        std::mem::take(&mut self.commands.remarks)
    }

    /// What was not carried over in all: how many keys it concerns, and what.
    pub(crate) fn lost(&self) -> Option<(u64, String)> {
        let losses = self.commands.plain.all_losses();
        (!losses.is_empty()).then(|| (self.commands.lossy_keys, describe(losses)))
    }

    fn position(&self) -> Position {
        let generation = self.commands.generation;
        Position { generation, phase: Phase::Snapshot, offset: self.decoder.offset(), index: 0, db: 0 }
    }
}

impl Commands {
    fn take(&mut self, item: Item<'_>, offset: u64, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        match item {
            Item::Entry(entry) => self.entry(&entry, sink),
            Item::ValueBegin(key) => self.begin_large(&key, sink),
            Item::ValueChunk(bytes) => self.large_chunk(bytes, sink),
            Item::ValueEnd => {
                self.end_large(offset, sink);
                Ok(())
            }
            Item::SelectDb(db) => self.check_database(db.0),
            Item::Function(code) => {
                self.function(code, offset, sink);
                Ok(())
            }
            // Scripts travel in the snapshots of Redis 6.2 and earlier, for EVALSHA in the stream behind.
            Item::Aux { key: b"lua", value } => {
                let words: [&[u8]; 3] = [b"SCRIPT", b"LOAD", value];
                sink.submit(everywhere(offset), &mut |out| resp::put_command(out, &words));
                Ok(())
            }
            Item::ModuleAux(aux) => {
                self.remark(Remark::ModuleData(aux.module.to_string()));
                Ok(())
            }
            Item::SlotImport(_) => {
                self.remark(Remark::SlotImport);
                Ok(())
            }
            Item::FunctionPreGa(_) => {
                self.remark(Remark::Functions);
                Ok(())
            }
            // Headers, hints and facts carry no data.
            _ => Ok(()),
        }
    }

    fn entry(&mut self, entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        self.keys += 1;
        let key = &entry.key;
        if !self.target.server.loads(key) {
            return self.plain_entry(entry, sink);
        }
        if self.goes_as_set(entry)
            && let Some(value) = entry.value.as_string()?
        {
            sink.submit(self.outgoing(key.name, key.db.0, key.offset), &mut |out| {
                put_set(out, key.name, value.as_bytes(), key.expire_at_ms);
            });
            return Ok(());
        }
        self.payload.clear();
        entry.dump_into(&mut self.payload);
        let outgoing = self.outgoing(key.name, key.db.0, key.offset);
        self.submit_restore(&RestoreCommand::of(key), outgoing, sink);
        Ok(())
    }

    /// `SET` costs a target half of what `RESTORE` does, but overwrites, and older servers have no absolute expiry.
    fn goes_as_set(&self, entry: &Entry<'_>) -> bool {
        let Entry { key, value, .. } = entry;
        // A megabyte may be a hundred when it is expanded.
        let is_moderate = value.bytes().len() <= LONGEST_EXPANDED || value.bytes().first() != Some(&COMPRESSED);
        self.restore.replace
            && is_moderate
            && key.metadata.is_empty()
            && match key.expire_at_ms {
                // Before 1970: no command takes it but RESTORE with an expiry that is past as well.
                Some(at) => at > 0 && self.target.has_set_pxat(),
                None => true,
            }
    }

    /// A value of a type that the target does not load, in one transaction if its size allows.
    fn plain_entry(&mut self, entry: &Entry<'_>, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        let head = Head::of(&entry.key);
        let outgoing = self.outgoing(&head.name, head.db, head.offset);
        let temporary = Temporary::new(&head, self.restore.replace, self.target.server);
        let mut bundle = Bundle::default();
        if self.restore.replace {
            if let Some(commands) = self.plain.entry(entry).map_err(|why| self.inexpressible(&head, why))? {
                bundle.add_all(&commands);
                bundle.submit(outgoing, sink);
                self.note_losses(&head.name);
                return Ok(());
            }
        }
        let held = entry.value.bytes().to_vec();
        self.begin_building(&head, held, sink)?.end();
        Ok(())
    }

    fn begin_building(
        &mut self,
        head: &Head,
        held: Vec<u8>,
        sink: &mut dyn Sink,
    ) -> Result<&mut Building, ApplyErrorKind> {
        let outgoing = self.outgoing(&head.name, head.db, head.offset);
        let replace = self.restore.replace;
        let building = Building::begin(head, replace, outgoing, held, &mut self.plain, sink);
        let building = building.map_err(|why| self.inexpressible(head, why))?;
        Ok(self.large.insert(building))
    }

    fn submit_restore(&self, command: &RestoreCommand, outgoing: Outgoing, sink: &mut dyn Sink) {
        sink.submit(outgoing, &mut |out| command.put(out, &self.payload, self.restore.replace));
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

    fn outgoing(&self, key: &[u8], db: u32, offset: u64) -> Outgoing {
        // One server has all slots, and one lane.
        let slot = if self.target.is_standalone() { Slot::MIN } else { slot_of(key) };
        Outgoing { route: Route::Slot(slot), replies: 1, db, phase: Phase::Snapshot, offset, forgiving: false }
    }
}

fn everywhere(offset: u64) -> Outgoing {
    Outgoing { route: Route::EveryPrimary, replies: 1, db: 0, phase: Phase::Snapshot, offset, forgiving: false }
}

#[cfg(test)]
mod tests {
    use cluster_router::TargetKind;

    use super::*;
    use crate::pipeline::apply::sink::recorder::Recorder;
    use crate::pipeline::facts::Version;

    const TARGET: Target = Target { kind: TargetKind::Cluster, version: Version { major: 7, minor: 0 } };
    const REWRITE: Restore = Restore { replace: true, max_bulk: 1 << 20 };

    /// `REDIS0010`, the records, the end; the checksum is switched off.
    fn snapshot(records: &[&[u8]]) -> Vec<u8> {
        [b"REDIS0010", &records.concat()[..], b"\xff\0\0\0\0\0\0\0\0"].concat()
    }

    fn apply(target: Target, restore: Restore, records: &[&[u8]]) -> Result<(Recorder, SnapshotApplier), String> {
        let mut recorder = Recorder::default();
        let mut applier = SnapshotApplier::new(target, restore, 1);
        for byte in snapshot(records) {
            applier.feed(&[byte], &mut recorder).map_err(|error| error.to_string())?;
        }
        applier.finish().map_err(|error| error.to_string())?;
        Ok((recorder, applier))
    }

    const STRING: &[u8] = b"\x00\x03foo\x02hi";
    const EXPIRING: &[u8] = b"\xfc\x00\xe8\x76\x48\x17\x00\x00\x00\x00\x03foo\xc0\x07";
    const LIST: &[u8] = b"\xf9\x05\x01\x03foo\x01\x01a";

    #[test]
    fn strings_are_set_and_collections_restored() {
        let (recorder, applier) = apply(TARGET, REWRITE, &[b"\xfe\x00", STRING, EXPIRING, LIST]).unwrap();
        assert_eq!(recorder.lines[0], "12182 0: SET foo hi");
        assert_eq!(recorder.lines[1], "12182 0: SET foo 7 PXAT 100000000000");
        let (start, end) = ("12182 0: RESTORE foo 0 \\x01\\x01\\x01a\\x06\\x00", " REPLACE FREQ 5");
        assert!(recorder.lines[2].starts_with(start) && recorder.lines[2].ends_with(end), "{}", recorder.lines[2]);
        assert_eq!(applier.keys(), 3);
        assert_eq!(
            recorder.rounds.last().unwrap().offset,
            snapshot(&[b"\xfe\x00", STRING, EXPIRING, LIST]).len() as u64
        );
    }

    #[test]
    fn an_older_target_and_a_key_that_must_not_be_replaced_get_restore() {
        let old = Target { version: Version { major: 6, minor: 0 }, ..TARGET };
        let (recorder, _) = apply(old, REWRITE, &[EXPIRING, STRING]).unwrap();
        assert!(recorder.lines[0].starts_with("12182 0: RESTORE foo 100000000000 "), "{}", recorder.lines[0]);
        assert!(recorder.lines[0].ends_with(" REPLACE ABSTTL"), "{}", recorder.lines[0]);
        assert_eq!(recorder.lines[1], "12182 0: SET foo hi");
        let (recorder, _) = apply(TARGET, Restore { replace: false, ..REWRITE }, &[STRING]).unwrap();
        assert!(recorder.lines[0].starts_with("12182 0: RESTORE foo 0 "), "{}", recorder.lines[0]);
        assert!(!recorder.lines[0].contains("REPLACE"));
    }

    #[test]
    fn functions_go_everywhere_or_are_remarked_on() {
        let function = b"\xf5\x04code";
        let (recorder, _) = apply(TARGET, REWRITE, &[function]).unwrap();
        assert_eq!(recorder.lines, ["all 0: FUNCTION LOAD REPLACE code"]);
        let old = Target { version: Version { major: 6, minor: 2 }, ..TARGET };
        let (recorder, mut applier) = apply(old, REWRITE, &[function, function]).unwrap();
        assert_eq!((recorder.lines.len(), applier.take_remarks()), (0, vec![Remark::Functions]));
    }

    #[test]
    fn a_large_value_is_restored_whole_and_refused_above_the_limit() {
        let element = [b"\x80\x00\x01\x00\x00", &[b'x'; 65_536][..]].concat();
        let list = [&b"\x01\x03big\x20"[..], &element.repeat(32)].concat();
        let (recorder, _) = apply(TARGET, Restore { max_bulk: 4 << 20, ..REWRITE }, &[&list, STRING]).unwrap();
        assert_eq!(recorder.lines.len(), 2);
        assert!(recorder.lines[0].contains("RESTORE big 0 ") && recorder.lines[0].len() > 2 << 20);
        let inside = recorder.rounds.iter().any(|round| round.offset > 20 && round.offset < 2 << 20);
        assert!(!inside, "a position inside a value");
        let error = apply(TARGET, REWRITE, &[&list]).map(|_| ()).unwrap_err();
        assert!(error.contains("the value of key big has 1"), "{error}");
    }

    #[test]
    fn damage_and_foreign_databases_are_errors() {
        for (records, sentence) in [
            (&[b"\xfe\x03", STRING], "at snapshot byte 9: database 3 is used"),
            (&[b"\x63\x00", STRING], "at snapshot byte 9: the snapshot cannot be read: "),
        ] {
            let error = apply(TARGET, REWRITE, records).map(|_| ()).unwrap_err();
            assert!(error.starts_with(sentence), "{error}");
        }
        let mut applier = SnapshotApplier::new(TARGET, REWRITE, 1);
        applier.feed(b"REDIS0010\xfe", &mut Recorder::default()).unwrap();
        assert!(applier.finish().is_err());
    }
}
