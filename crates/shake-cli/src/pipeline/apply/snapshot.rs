//! The snapshot that a full resync starts with.

use cluster_router::{Phase, Position};
use rdb::{Decoder, Item, Options};

use super::Sink;
use super::copied::Copied;
use super::error::{ApplyError, ApplyErrorKind};
use super::giant::Missing;
use super::keys::{Keys, Remark};
use super::restore::Restore;
use crate::pipeline::target::Target;

/// Turns the bytes of a snapshot into commands for the target, wherever the bytes are cut.
pub(crate) struct SnapshotApplier {
    decoder: Decoder,
    keys: Keys,
    generation: u64,
    /// Where the last round ended.
    ended: Option<u64>,
    /// The database in which the stream behind begins.
    stream_db: u32,
}

impl SnapshotApplier {
    /// The snapshot of a generation.
    pub(crate) fn new(target: Target, restore: Restore, generation: u64) -> Self {
        let options = Options::default().chunk_size(CHUNK).max_string(restore.longest_string());
        let (decoder, keys) = (Decoder::new(options), Keys::new(target, restore));
        Self { decoder, keys, generation, ended: None, stream_db: 0 }
    }

    /// Takes the next bytes, when all before them are [submitted](Self::advance).
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.decoder.feed(bytes);
    }

    /// Submits what was fed, as long as there is room; answers whether that is all.
    ///
    /// # Errors
    /// When it cannot be applied. What stands before the place that the error names has been submitted.
    pub(crate) fn advance(&mut self, sink: &mut dyn Sink) -> Result<bool, ApplyError> {
        let all = self.submit(sink)?;
        // Inside a value there is nothing to go on from.
        if !self.keys.is_inside_value() && self.ended != Some(self.decoder.offset()) {
            self.ended = Some(self.decoder.offset());
            sink.end_round(self.position());
        }
        Ok(all)
    }

    fn submit(&mut self, sink: &mut dyn Sink) -> Result<bool, ApplyError> {
        let mut looked_at = None;
        loop {
            let start = self.position();
            let fail = |kind| ApplyError::in_snapshot(kind, start.offset);
            if !self.keys.pump(sink).map_err(fail)? {
                return Ok(false);
            }
            if looked_at.is_none_or(|at| start.offset - at >= LOOK_EVERY) {
                if !sink.has_room() {
                    return Ok(false);
                }
                looked_at = Some(start.offset);
            }
            match self.decoder.next_item() {
                // A primary selects a database for each new replica. A replica passes on what its own primary says, which
                // goes on in the database that was selected last.
                Ok(Some(Item::Aux { key: b"repl-stream-db", value })) => self.stream_db = number(value).unwrap_or(0),
                Ok(Some(item)) => self.keys.take(item, start, sink).map_err(fail)?,
                Ok(None) => return Ok(true),
                Err(error) => return Err(fail(error.into())),
            }
        }
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

    /// The reserved key of a value that is under construction at the target.
    pub(crate) fn built(&self) -> Option<&[u8]> {
        self.keys.built()
    }

    /// The target did not find what was to get its name. Answers why, of a value in parts.
    pub(crate) fn missing(&mut self) -> Option<Missing> {
        self.keys.missing()
    }

    /// Notes which keys there are, from now on.
    pub(super) fn note_keys(&mut self) {
        self.keys.note_keys();
    }

    /// The keys, where they were noted.
    pub(super) fn take_noted(&mut self) -> Option<Copied> {
        self.keys.take_noted()
    }

    /// The rest of the snapshot will not come.
    pub(crate) fn abandon(&self, sink: &mut dyn Sink) {
        self.keys.abandon(sink);
    }

    /// Bytes of the snapshot that were turned into commands.
    pub(crate) fn bytes(&self) -> u64 {
        self.decoder.offset()
    }

    /// The database in which the stream behind the snapshot begins, as far as it was read.
    pub(crate) fn stream_db(&self) -> u32 {
        self.stream_db
    }

    /// Keys that were submitted so far.
    pub(crate) fn keys(&self) -> u64 {
        self.keys.count()
    }

    /// What the target could not be told so far.
    pub(crate) fn losses(&self) -> &rdb::Losses {
        self.keys.losses()
    }

    /// What was met since the last call and cannot be carried over.
    pub(crate) fn take_remarks(&mut self) -> Vec<Remark> {
        self.keys.take_remarks()
    }

    /// Up to where the snapshot is not needed any more when this round within a value is confirmed.
    pub(crate) fn release_point(&mut self, index: u32) -> Option<u64> {
        self.keys.release_point(index)
    }

    fn position(&self) -> Position {
        let (generation, offset) = (self.generation, self.decoder.offset());
        Position { generation, phase: Phase::Snapshot, offset, index: 0, db: 0 }
    }
}

/// A fact of the snapshot that is a number; a database that is not selected is -1.
fn number(value: &[u8]) -> Option<u32> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Of a large value, what is handed over at once.
const CHUNK: usize = 64 << 10;

/// After how many bytes of the snapshot it is looked again whether there is room for what becomes of them. Compressed,
/// they may be eighty times that.
const LOOK_EVERY: u64 = 16 << 10;

#[cfg(test)]
mod tests {
    use cluster_router::TargetKind;

    use super::*;
    use crate::pipeline::apply::sink::recorder::Recorder;
    use crate::pipeline::plan::{ExistingKeys, OnLoss};

    const TARGET: Target = Target { kind: TargetKind::Cluster, server: rdb::Target::redis(7, 0) };
    const OLD: Target = Target { server: rdb::Target::redis(6, 0), ..TARGET };

    fn rewrite() -> Restore {
        Restore {
            existing: ExistingKeys::Replace,
            max_bulk: 64 << 20,
            max_whole: 4 << 20,
            on_loss: OnLoss::Stop,
            link: "link".into(),
        }
    }

    /// `REDIS0010`, the records, the end; the checksum is switched off.
    fn snapshot(records: &[&[u8]]) -> Vec<u8> {
        [b"REDIS0010", &records.concat()[..], b"\xff\0\0\0\0\0\0\0\0"].concat()
    }

    fn apply(target: Target, restore: Restore, records: &[&[u8]]) -> Result<(Recorder, SnapshotApplier), String> {
        let mut recorder = Recorder::default();
        let mut applier = SnapshotApplier::new(target, restore, 1);
        for byte in snapshot(records) {
            applier.feed(&[byte]);
            while !applier.advance(&mut recorder).map_err(|error| error.to_string())? {
                recorder.confirm();
            }
        }
        applier.finish().map_err(|error| error.to_string())?;
        Ok((recorder, applier))
    }

    const STRING: &[u8] = b"\x00\x03foo\x02hi";
    const EXPIRING: &[u8] = b"\xfc\x00\xe8\x76\x48\x17\x00\x00\x00\x00\x03foo\xc0\x07";
    const LIST: &[u8] = b"\xf9\x05\x01\x03foo\x01\x01a";

    #[test]
    fn strings_are_set_and_collections_restored() {
        let (recorder, applier) = apply(TARGET, rewrite(), &[b"\xfe\x00", STRING, EXPIRING, LIST]).unwrap();
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
    fn the_stream_may_begin_in_any_database() {
        for (value, db) in [(&b"\xc0\x03"[..], 3), (b"\x0212", 12), (b"\xc0\xff", 0)] {
            let aux = [&b"\xfa\x0erepl-stream-db"[..], value].concat();
            let (recorder, applier) = apply(TARGET, rewrite(), &[&aux, STRING]).unwrap();
            assert_eq!((recorder.lines.len(), applier.stream_db()), (1, db));
        }
    }

    #[test]
    fn an_older_target_and_a_key_that_must_not_be_replaced_get_restore() {
        let (recorder, _) = apply(OLD, rewrite(), &[EXPIRING, STRING]).unwrap();
        assert!(recorder.lines[0].starts_with("12182 0: RESTORE foo 100000000000 "), "{}", recorder.lines[0]);
        assert!(recorder.lines[0].ends_with(" REPLACE ABSTTL"), "{}", recorder.lines[0]);
        assert_eq!(recorder.lines[1], "12182 0: SET foo hi");
        let (recorder, _) = apply(TARGET, Restore { existing: ExistingKeys::Fail, ..rewrite() }, &[STRING]).unwrap();
        assert!(recorder.lines[0].starts_with("12182 0: RESTORE foo 0 "), "{}", recorder.lines[0]);
        assert!(!recorder.lines[0].contains("REPLACE"));
    }

    #[test]
    fn functions_go_everywhere_or_are_remarked_on() {
        let function = b"\xf5\x04code";
        let (recorder, _) = apply(TARGET, rewrite(), &[function]).unwrap();
        assert_eq!(recorder.lines, ["all 0: FUNCTION LOAD REPLACE code"]);
        let (recorder, mut applier) = apply(OLD, rewrite(), &[function, function]).unwrap();
        assert_eq!((recorder.lines.len(), applier.take_remarks()), (0, vec![Remark::Functions]));
    }

    /// A list of so many elements of 64 KiB.
    fn list(count: u8) -> Vec<u8> {
        let element = [b"\x80\x00\x01\x00\x00", &[b'x'; 65_536][..]].concat();
        [&b"\x01\x03big"[..], &[count], &element.repeat(count.into())].concat()
    }

    #[test]
    fn a_large_value_is_restored_whole() {
        let (recorder, _) = apply(TARGET, rewrite(), &[&list(32), STRING]).unwrap();
        assert_eq!(recorder.lines.len(), 2);
        assert!(recorder.lines[0].contains("RESTORE big 0 ") && recorder.lines[0].len() > 2 << 20);
        let inside = recorder.rounds.iter().any(|round| round.offset > 20 && round.offset < 2 << 20);
        assert!(!inside, "a position inside a value");
    }

    #[test]
    fn a_giant_is_built_under_another_key_and_renamed() {
        let expires = b"\xfc\x00\xe8\x76\x48\x17\x00\x00\x00";
        let restore = Restore { max_whole: 1 << 20, ..rewrite() };
        let (recorder, _) = apply(TARGET, restore, &[STRING, expires, &list(32), STRING]).unwrap();
        let building = format!("shake:{{{}}}:building:link", cluster_router::slot_of(b"big").tag());
        let lines: Vec<_> = recorder.lines.iter().map(|line| line.replace(&"x".repeat(65_536), "x")).collect();
        let (parts, last) = (&lines[1..33], &lines[33]);
        assert!(parts[0].ends_with(&format!("MULTI; UNLINK {building}; RPUSH {building} x; EXEC")), "{}", parts[0]);
        for (index, part) in parts.iter().enumerate().skip(1) {
            let trim = format!("MULTI; LTRIM {building} 0 {}; RPUSH {building} x; EXEC", index - 1);
            assert!(part.ends_with(&trim), "{part}");
        }
        let named = format!("MULTI; EXISTS big; RENAME {building} big; PEXPIREAT big 100000000000; EXEC");
        assert!(last.ends_with(&named), "{last}");
        // Positions within the value are that before its record, with an index.
        let before = recorder.rounds.iter().position(|round| round.index == 1).unwrap();
        let start = recorder.rounds[before].offset;
        assert_eq!(start, recorder.rounds[before - 1].offset);
        assert!(recorder.rounds.iter().filter(|round| round.index > 0).all(|round| round.offset == start));
        assert!(recorder.rounds.is_sorted(), "{:?}", recorder.rounds);
    }

    #[test]
    fn a_giant_waits_for_room_and_for_what_came_before() {
        let restore = Restore { max_whole: 1 << 20, ..rewrite() };
        let mut recorder = Recorder { budget: Some(200_000), ..Recorder::default() };
        let mut applier = SnapshotApplier::new(TARGET, restore, 1);
        applier.feed(&snapshot(&[STRING, &list(40)]));
        let mut confirmed = 0;
        while !applier.advance(&mut recorder).unwrap() {
            assert!(recorder.open < 200_000 + 70_000, "{}", recorder.open);
            let open = &recorder.lines[confirmed..];
            // What has to be alone goes out when all is confirmed, and with the next step.
            let first = |line: &String| line.contains("UNLINK") || line.contains("RENAME");
            assert!(!open.is_empty() && !open[1..].iter().any(first), "{}", open.len());
            confirmed = recorder.lines.len();
            recorder.confirm();
        }
        assert!(recorder.lines.last().unwrap().contains("RENAME"));
    }

    #[test]
    fn the_old_value_goes_when_all_of_a_giant_has_expired() {
        let building = format!("shake:{{{}}}:building:link", cluster_router::slot_of(b"big").tag());
        let apply = |at: i64, existing| {
            // A hash of fields that expire (RDB 12, type 24): the earliest, the number of fields; of each when, f, v.
            let field = [b"\x01\x01f\x80\x00\x01\x00\x00", &[b'x'; 65_536][..]].concat();
            let hash = [&b"\x18\x03big"[..], &at.to_le_bytes(), b"\x20", &field.repeat(32)].concat();
            let mut file = snapshot(&[&hash, STRING]);
            file[..9].copy_from_slice(b"REDIS0012");
            let (newer, restore) = (Target { server: rdb::Target::redis(8, 0), ..TARGET }, rewrite());
            let restore = Restore { existing, max_whole: 1 << 20, ..restore };
            let (mut recorder, mut applier) = (Recorder::default(), SnapshotApplier::new(newer, restore, 1));
            applier.feed(&file);
            let renaming =
                |recorder: &Recorder| recorder.lines.last().is_some_and(|line| line.contains(": MULTI; EXISTS"));
            while !renaming(&recorder) {
                assert_eq!(applier.missing(), None, "nothing was to be renamed");
                assert!(!applier.advance(&mut recorder).unwrap());
                if !renaming(&recorder) {
                    recorder.confirm();
                }
            }
            assert!(!applier.advance(&mut recorder).unwrap() && renaming(&recorder), "it goes on too early");
            assert_eq!(applier.built(), Some(building.as_bytes()));
            let missing = applier.missing();
            recorder.confirm();
            while !applier.advance(&mut recorder).unwrap() {
                recorder.confirm();
            }
            assert_eq!(applier.built(), None);
            (missing.unwrap(), recorder.lines[recorder.lines.len() - 2].clone())
        };
        let (missing, line) = apply(1_000_000, ExistingKeys::Replace);
        assert_eq!(missing, Missing::Expired("big".into()));
        assert!(line.ends_with("0: UNLINK big"), "{line}");
        for (at, existing) in [(1_000_000, ExistingKeys::Keep), (9_999_999_999_999, ExistingKeys::Replace)] {
            let (missing, line) = apply(at, existing);
            let expected = if at == 1_000_000 { Missing::Expired } else { Missing::Removed };
            assert_eq!(missing, expected("big".into()));
            assert!(line.contains("EXISTS big; RENAME"), "{line}");
        }
    }

    #[test]
    fn what_the_target_does_not_load_becomes_commands() {
        // A set in a listpack (RDB 11): a and b.
        let set = b"\x14\x03foo\x0d\x0d\0\0\0\x02\0\x81a\x02\x81b\x02\xff";
        let restored = |target, existing| {
            let mut file = snapshot(&[set]);
            file[..9].copy_from_slice(b"REDIS0011");
            let (mut recorder, restore) = (Recorder::default(), Restore { existing, ..rewrite() });
            let mut applier = SnapshotApplier::new(target, restore, 1);
            applier.feed(&file);
            assert!(applier.advance(&mut recorder).unwrap());
            recorder.lines.concat()
        };
        let commands = restored(TARGET, ExistingKeys::Replace);
        assert_eq!(commands, "12182 0: MULTI; UNLINK foo; SADD foo a b; EXEC");
        let building = format!("shake:{{{}}}:making:link", cluster_router::slot_of(b"foo").tag());
        let kept = format!(
            "12182 0: MULTI; EXISTS foo; UNLINK {building}; SADD {building} a b; RENAMENX {building} foo; UNLINK {building}; EXEC"
        );
        assert_eq!(restored(TARGET, ExistingKeys::Keep), kept);
        let failing = restored(TARGET, ExistingKeys::Fail);
        assert!(failing.contains(&format!("RENAMENX {building} foo; RESTORE {building} 0 ")), "{failing}");
        let newer = Target { server: rdb::Target::valkey(8, 0), ..TARGET };
        assert!(restored(newer, ExistingKeys::Replace).starts_with("12182 0: RESTORE foo 0 "));
    }

    #[test]
    fn what_cannot_be_carried_over_stops_or_is_counted() {
        // A hash whose one field expires in the year 2286 (RDB 12, type 24): the earliest, one field, its time, f, v.
        let hash = [&b"\x18\x03foo"[..], &9_999_999_999_999_i64.to_le_bytes(), b"\x01\x01\x01f\x01v"].concat();
        let apply = |on_loss| {
            let mut file = snapshot(&[&hash]);
            file[..9].copy_from_slice(b"REDIS0012");
            let mut recorder = Recorder::default();
            let mut applier = SnapshotApplier::new(TARGET, Restore { on_loss, ..rewrite() }, 1);
            applier.feed(&file);
            applier.advance(&mut recorder).map(|_| (recorder.lines.concat(), applier))
        };
        let error = apply(OnLoss::Stop).map(|_| ()).unwrap_err().to_string();
        let sentence = "at snapshot byte 9: redis-7.0 cannot be told the expiry of hash fields of key foo (1 of them)";
        assert!(error.starts_with(sentence), "{error}");
        let (lines, mut applier) = apply(OnLoss::Warn).unwrap();
        assert_eq!(lines, "12182 0: MULTI; UNLINK foo; HSET foo f v; EXEC");
        assert_eq!(applier.losses().count(rdb::LossKind::FieldExpiry), 1);
        assert_eq!(applier.take_remarks().len(), 1);
    }

    #[test]
    fn damage_and_foreign_databases_are_errors() {
        for (records, sentence) in [
            (&[b"\xfe\x03", STRING], "at snapshot byte 9: database 3 is used"),
            (&[b"\x63\x00", STRING], "at snapshot byte 9: the snapshot cannot be read: "),
        ] {
            let error = apply(TARGET, rewrite(), records).map(|_| ()).unwrap_err();
            assert!(error.starts_with(sentence), "{error}");
        }
        let mut applier = SnapshotApplier::new(TARGET, rewrite(), 1);
        applier.feed(b"REDIS0010\xfe");
        assert!(applier.advance(&mut Recorder::default()).unwrap());
        assert!(applier.finish().is_err());
    }
}
