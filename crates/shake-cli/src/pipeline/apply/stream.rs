//! The stream of commands behind a snapshot.

use std::ops::Range;

use bytes::{Buf, BytesMut};
use cluster_router::command::{self, Args, CommandSlot, CommandSpec};
use cluster_router::{Outgoing, Phase, Position, Route, Slot, slot_of};
use resp::CommandScanner;

use super::Sink;
use super::error::{ApplyError, ApplyErrorKind};
use super::losses::Lost;
use super::payloads::{Adapted, Expiry, Payloads};
use super::rewrite::{restore_words, rewrite};
use super::transaction::Transaction;
use crate::pipeline::target::Target;

/// Turns the bytes of a stream into commands for the target, wherever the bytes are cut.
#[derive(Debug)]
pub(crate) struct StreamApplier {
    scanner: CommandScanner,
    /// The start of a command whose end has not come yet.
    begun: BytesMut,
    commands: Commands,
}

/// What the commands so far have set, and what becomes of the next one.
#[derive(Debug)]
struct Commands {
    target: Target,
    payloads: Payloads,
    generation: u64,
    /// The replication offset behind the last command.
    offset: u64,
    db: u32,
    transaction: Option<Transaction>,
    applied: u64,
}

/// A command as the source said it.
#[derive(Clone, Copy)]
struct Said<'a> {
    spec: &'static CommandSpec,
    /// Its bytes.
    frame: &'a [u8],
    args: Args<'a>,
}

impl Said<'_> {
    fn name(&self) -> String {
        self.spec.name.to_owned()
    }
}

impl StreamApplier {
    /// A stream that begins behind `offset`, in database 0 until it says otherwise.
    pub(crate) fn new(target: Target, payloads: Payloads, generation: u64, offset: u64) -> Self {
        let commands = Commands { target, payloads, generation, offset, db: 0, transaction: None, applied: 0 };
        Self { scanner: CommandScanner::default(), begun: BytesMut::new(), commands }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When they cannot be applied. What stands before the place that the error names has been submitted.
    pub(crate) fn feed(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), ApplyError> {
        if self.begun.is_empty() {
            let whole = self.scan(bytes, sink)?;
            self.begun.extend_from_slice(bytes.get(whole..).unwrap_or_default());
        } else {
            self.begun.extend_from_slice(bytes);
            let mut begun = std::mem::take(&mut self.begun);
            let whole = self.scan(&begun, sink)?;
            begun.advance(whole);
            self.begun = begun;
        }
        if let Some(position) = self.commands.position() {
            sink.end_round(position);
        }
        Ok(())
    }

    /// What the target could not be told, and was not met before the last call.
    pub(crate) fn take_losses(&mut self) -> Vec<Lost> {
        self.commands.payloads.book().take_news()
    }

    /// Commands that were submitted so far.
    pub(crate) fn applied(&self) -> u64 {
        self.commands.applied
    }

    /// Submits the whole commands in `bytes`, and answers how many bytes they take.
    fn scan(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<usize, ApplyError> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let found = self.scanner.scan(rest).map_err(|error| {
                let offset = self.commands.offset + error.offset as u64;
                ApplyError::at_offset(ApplyErrorKind::Stream(error), offset)
            })?;
            let Some(len) = found else { return Ok(at) };
            let frame = rest.get(..len).unwrap_or_default();
            self.commands.take(frame, self.scanner.args(), sink)?;
            at += len;
        }
    }
}

impl Commands {
    /// Where a link may go on after a break: never inside a transaction.
    fn position(&self) -> Option<Position> {
        let Self { generation, offset, db, .. } = *self;
        let position = Position { generation, phase: Phase::Stream, offset, index: 0, db };
        self.transaction.is_none().then_some(position)
    }

    fn take(&mut self, frame: &[u8], args: &[Range<usize>], sink: &mut dyn Sink) -> Result<(), ApplyError> {
        self.offset += frame.len() as u64;
        let args = Args::new(frame, args);
        let Some(name) = args.arg(0) else { return Ok(()) };
        let Some(spec) = command::lookup(name) else { return Err(self.error(unknown(name))) };
        match spec.name {
            "PING" | "REPLCONF" => Ok(()),
            "SELECT" => self.select(args),
            "MULTI" if self.transaction.is_some() => Err(self.error(ApplyErrorKind::Malformed("MULTI inside MULTI"))),
            "MULTI" => {
                self.transaction = Some(Transaction::new());
                Ok(())
            }
            "EXEC" => match self.transaction.take() {
                Some(transaction) => {
                    transaction.submit(self.offset, sink);
                    Ok(())
                }
                None => Err(self.error(ApplyErrorKind::Malformed("EXEC without MULTI"))),
            },
            _ => self.pass_on(Said { spec, frame, args }, sink),
        }
    }

    fn select(&mut self, args: Args<'_>) -> Result<(), ApplyError> {
        let number = args.arg(1).and_then(|db| std::str::from_utf8(db).ok()?.parse::<u32>().ok());
        let db = number.ok_or_else(|| self.error(ApplyErrorKind::Malformed("SELECT without a database")))?;
        if db > 0 && !self.target.is_standalone() {
            return Err(self.error(ApplyErrorKind::Database { db: db.into() }));
        }
        self.db = db;
        Ok(())
    }

    fn pass_on(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<(), ApplyError> {
        match said.spec.name {
            "PUBLISH" | "SPUBLISH" => self.publish(said, sink),
            "CLUSTER" => self.cluster(said, sink),
            // One server has all slots, and one lane: the order is kept as it is.
            _ if self.target.is_standalone() => self.submit(Route::Slot(Slot::MIN), said, sink),
            _ => self.by_key(said, sink),
        }
    }

    fn by_key(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<(), ApplyError> {
        let found = said
            .spec
            .slot(said.args)
            .map_err(|source| self.error(ApplyErrorKind::Keys { command: said.name(), source }))?;
        match (found, said.spec.name) {
            (CommandSlot::One(slot), _) => self.submit(Route::Slot(slot), said, sink),
            (CommandSlot::CrossSlot, _) => self.split(said, sink),
            // Each primary has its own library of functions and its own cache of scripts.
            (_, "FUNCTION" | "SCRIPT") => self.submit(Route::EveryPrimary, said, sink),
            _ => Err(self.error(ApplyErrorKind::WholeServer { command: said.name() })),
        }
    }

    /// A message needs to be said at one node: a cluster carries it to the others. What sentinels tell each other is
    /// not for the sentinels of another deployment.
    fn publish(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<(), ApplyError> {
        let channel = said.args.arg(1).unwrap_or_default();
        if channel.starts_with(b"__sentinel__:") {
            return Ok(());
        }
        let slot = if self.target.is_standalone() { Slot::MIN } else { slot_of(channel) };
        self.submit(Route::Slot(slot), said, sink)
    }

    /// What valkey's stream says of slots. Marks of slots that move are the source's own affair; a slot that somebody
    /// emptied is to be emptied wherever the target has it.
    fn cluster(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<(), ApplyError> {
        if !said.args.is_word(1, "FLUSHSLOT") {
            return Ok(());
        }
        let slot = said.args.arg(2).and_then(|slot| std::str::from_utf8(slot).ok()?.parse().ok()).and_then(Slot::new);
        match slot {
            Some(slot) if !self.target.is_standalone() => self.submit(Route::Slot(slot), said, sink),
            _ => Err(self.error(ApplyErrorKind::WholeServer { command: "CLUSTER FLUSHSLOT".to_owned() })),
        }
    }

    /// Takes a command apart by key: `MSET`, `DEL` and the like.
    fn split(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<(), ApplyError> {
        let (args, each) = (said.args, usize::from(said.spec.args_per_key));
        if each == 0 || args.len() < 1 + each || !(args.len() - 1).is_multiple_of(each) {
            return Err(self.error(ApplyErrorKind::CrossSlot { command: said.name() }));
        }
        for key in (1..args.len()).step_by(each) {
            let route = Route::Slot(slot_of(args.arg(key).unwrap_or_default()));
            let mut words = vec![said.spec.name.as_bytes()];
            words.extend((key..key + each).filter_map(|index| args.arg(index)));
            self.hand_over(route, false, &mut |out| resp::put_command(out, &words), sink);
        }
        Ok(())
    }

    fn submit(&mut self, route: Route, said: Said<'_>, sink: &mut dyn Sink) -> Result<(), ApplyError> {
        if matches!(said.spec.name, "RESTORE" | "RESTORE-ASKING") && self.restore_otherwise(route, said, sink)? {
            return Ok(());
        }
        // Each primary of a source deletes the library from itself, and the first of them from all of the target.
        let forgiving = said.spec.name == "FUNCTION" && said.args.is_word(1, "DELETE");
        let mut encode = |out: &mut BytesMut| {
            if !rewrite(said.spec.name, said.args, out) {
                out.extend_from_slice(said.frame);
            }
        };
        self.hand_over(route, forgiving, &mut encode, sink);
        Ok(())
    }

    /// Submits a RESTORE whose payload the target would refuse in words that it takes; false when it would not.
    fn restore_otherwise(&mut self, route: Route, said: Said<'_>, sink: &mut dyn Sink) -> Result<bool, ApplyError> {
        let [_, name, ttl, payload] = [0, 1, 2, 3].map(|index| said.args.arg(index).unwrap_or_default());
        let absolute = (4..said.args.len()).any(|index| said.args.is_word(index, "ABSTTL"));
        let adapted = self.payloads.adapt(name, payload, Expiry { ttl, absolute });
        match adapted.map_err(|kind| self.error(kind))? {
            Adapted::Same => return Ok(false),
            Adapted::Signed(payload) => {
                self.hand_over(route, false, &mut |out| restore_words(said.args, &payload, out), sink);
            }
            Adapted::Commands(unit) => {
                self.applied += 1;
                match &mut self.transaction {
                    Some(transaction) => {
                        for frame in unit.frames() {
                            transaction.push(route, self.db, &mut |out| out.extend_from_slice(frame));
                        }
                    }
                    None => {
                        let (replies, db, offset) = (unit.replies(), self.db, self.offset);
                        let outgoing = Outgoing { route, replies, db, phase: Phase::Stream, offset, forgiving: false };
                        sink.submit(outgoing, &mut |out| unit.put(out));
                    }
                }
            }
        }
        Ok(true)
    }

    fn hand_over(&mut self, route: Route, forgiving: bool, encode: &mut dyn FnMut(&mut BytesMut), sink: &mut dyn Sink) {
        self.applied += 1;
        match &mut self.transaction {
            Some(transaction) => transaction.push(route, self.db, encode),
            None => {
                sink.submit(
                    Outgoing { route, replies: 1, db: self.db, phase: Phase::Stream, offset: self.offset, forgiving },
                    encode,
                );
            }
        }
    }

    fn error(&self, kind: ApplyErrorKind) -> ApplyError {
        ApplyError::at_offset(kind, self.offset)
    }
}

fn unknown(name: &[u8]) -> ApplyErrorKind {
    ApplyErrorKind::UnknownCommand { command: name.escape_ascii().to_string() }
}

#[cfg(test)]
mod tests {
    use cluster_router::TargetKind;

    use super::*;
    use crate::pipeline::apply::Restore;
    use crate::pipeline::apply::sink::recorder::Recorder;
    use crate::pipeline::plan::{ExistingKeys, OnLoss};

    const CLUSTER: Target = Target { kind: TargetKind::Cluster, server: rdb::Target::redis(7, 0) };
    const STANDALONE: Target = Target { kind: TargetKind::Standalone, ..CLUSTER };

    fn payloads(target: Target) -> Payloads {
        let restore = Restore {
            existing: ExistingKeys::Replace,
            max_bulk: 1 << 20,
            max_whole: 1 << 20,
            on_loss: OnLoss::Stop,
            link: "link".into(),
        };
        Payloads::new(target.server, &restore)
    }

    fn stream(lines: &[&str]) -> BytesMut {
        let mut out = BytesMut::new();
        for line in lines {
            resp::put_command(&mut out, &line.split(' ').collect::<Vec<_>>());
        }
        out
    }

    fn apply(target: Target, lines: &[&str]) -> Result<Vec<String>, String> {
        let mut recorder = Recorder::default();
        let mut applier = StreamApplier::new(target, payloads(target), 1, 100);
        applier.feed(&stream(lines), &mut recorder).map_err(|error| error.to_string())?;
        Ok(recorder.lines)
    }

    #[test]
    fn commands_go_to_the_slots_of_their_keys() {
        let lines =
            apply(CLUSTER, &["SELECT 0", "set foo 1", "PING", "REPLCONF GETACK *", "LMOVE {a}1 {a}2 LEFT RIGHT"]);
        assert_eq!(lines.unwrap(), ["12182 0: set foo 1", "15495 0: LMOVE {a}1 {a}2 LEFT RIGHT"]);
    }

    #[test]
    fn transactions_stay_transactions_and_are_split_by_slot() {
        let lines = apply(CLUSTER, &["MULTI", "SET {a}1 x", "SET foo y", "INCR {a}2", "EXEC", "DEL foo"]);
        assert_eq!(
            lines.unwrap(),
            ["15495 0: MULTI; SET {a}1 x; INCR {a}2; EXEC", "12182 0: SET foo y", "12182 0: DEL foo"]
        );
    }

    #[test]
    fn a_position_is_never_inside_a_transaction_and_counts_every_byte() {
        let bytes = stream(&["SET foo 1", "MULTI", "SET foo 2", "EXEC", "PING"]);
        let mut recorder = Recorder::default();
        let mut applier = StreamApplier::new(CLUSTER, payloads(CLUSTER), 3, 100);
        let mut offsets = Vec::new();
        for byte in bytes.iter() {
            applier.feed(&[*byte], &mut recorder).unwrap();
            offsets.push(recorder.rounds.last().unwrap().offset);
        }
        offsets.dedup();
        let len = |lines: &[&str]| 100 + stream(lines).len() as u64;
        let set = len(&["SET foo 1"]);
        let exec = len(&["SET foo 1", "MULTI", "SET foo 2", "EXEC"]);
        assert_eq!(offsets, [100, set, exec, len(&["SET foo 1", "MULTI", "SET foo 2", "EXEC", "PING"])]);
        let last = recorder.rounds.last().unwrap();
        assert_eq!((last.generation, last.phase, applier.applied()), (3, Phase::Stream, 2));
        assert_eq!(recorder.lines, ["12182 0: SET foo 1", "12182 0: SET foo 2"]);
    }

    #[test]
    fn commands_over_several_slots_are_taken_apart_by_key() {
        let lines = apply(CLUSTER, &["MSET foo 1 bar 2", "DEL foo bar"]).unwrap();
        assert_eq!(lines, ["12182 0: MSET foo 1", "5061 0: MSET bar 2", "12182 0: DEL foo", "5061 0: DEL bar"]);
        assert_eq!(apply(STANDALONE, &["MSET foo 1 bar 2"]).unwrap(), ["0 0: MSET foo 1 bar 2"]);
    }

    #[test]
    fn what_has_no_key() {
        let lines = apply(CLUSTER, &["FUNCTION LOAD code", "PUBLISH news x", "PUBLISH __sentinel__:hello x"]);
        assert_eq!(lines.unwrap(), ["all 0: FUNCTION LOAD REPLACE code", "5161 0: PUBLISH news x"]);
        let lines = apply(CLUSTER, &["CLUSTER FLUSHSLOT 7 SYNC", "CLUSTER SETSLOT 7 STABLE"]);
        assert_eq!(lines.unwrap(), ["7 0: CLUSTER FLUSHSLOT 7 SYNC"]);
        let lines = apply(STANDALONE, &["CLUSTER SYNCSLOTS ACK", "PUBLISH __sentinel__:hello x", "PUBLISH news x"]);
        assert_eq!(lines.unwrap(), ["0 0: PUBLISH news x"]);
        let lines = apply(STANDALONE, &["SELECT 3", "FLUSHDB", "SET foo 1"]);
        assert_eq!(lines.unwrap(), ["0 3: FLUSHDB", "0 3: SET foo 1"]);
    }

    #[test]
    fn what_cannot_be_applied_says_why_and_where() {
        let cases: &[(&[&str], &str)] = &[
            (&["RENAME foo bar"], "at offset 134: RENAME has keys in several slots"),
            (&["FLUSHALL"], "at offset 118: FLUSHALL at the source cannot be carried over"),
            (&["JSON.SET k $ 1"], "JSON.SET is not a command that is known here"),
            (&["SELECT 2"], "database 2 is used at the source"),
            (&["EXEC"], "EXEC without MULTI"),
            (&["MULTI", "MULTI"], "MULTI inside MULTI"),
            (&["SET"], "SET: "),
        ];
        for (lines, sentence) in cases {
            let error = apply(CLUSTER, lines).unwrap_err();
            assert!(error.contains(sentence), "{lines:?}: {error}");
        }
    }
}
