//! The stream of commands behind a snapshot.

mod foreign;
mod keyless;
mod moved;
mod route;
mod scripts;
mod shown;
mod sort;
mod split;

use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use cluster_router::command::{self, Args, Class, CommandSpec};
use cluster_router::{Delivery, Milestone, Phase, Position, Route, Slot};
use replica::UnixMillis;
use resp::CommandScanner;
use tokio::sync::oneshot;

use super::Sink;
use super::errand::{Errand, Settled};
use super::error::{ApplyError, ApplyErrorKind};
use super::losses::Lost;
use super::payloads::{Adapted, Expiry, Payloads};
use super::rewrite::{Omission, Rewritten, restore_expiry, restore_with, rewrite};
use super::said::Said;
use super::transaction::{Handed, Submission, Transaction, submit_together};
use super::unit::Frames;
use crate::pipeline::moves::{Member, Moves, Read};
use crate::pipeline::plan::CrossSlot;
use crate::pipeline::target::Target;
use foreign::Foreign;
pub(super) use moved::InDoubt;
use moved::Moved;
use scripts::Scripts;

/// Turns the bytes of a stream into commands for the target, wherever the bytes are cut.
#[derive(Debug)]
pub(crate) struct StreamApplier {
    scanner: CommandScanner,
    /// The start of a command whose end has not come yet; while an errand runs, whole ones as well.
    begun: BytesMut,
    /// When the first byte of these was received.
    begun_at: UnixMillis,
    commands: Commands,
}

/// What a stream is applied with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamSettings {
    pub(crate) target: Target,
    /// What becomes of commands over several slots.
    pub(crate) cross_slot: CrossSlot,
}

/// Something in a stream that is not carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Left {
    /// Functions, and a target that has none.
    Functions,
    /// Expiries of fields of hashes, and a target that has none.
    FieldExpiry,
    /// A command over several slots, with some of its keys and where it ends.
    CrossSlot { command: String, keys: String, offset: u64 },
}

/// What the commands so far have set, and what becomes of the next one.
#[derive(Debug)]
struct Commands {
    settings: StreamSettings,
    payloads: Payloads,
    generation: u64,
    /// The replication offset behind the last command.
    offset: u64,
    db: u32,
    transaction: Option<Transaction>,
    /// A transaction at whose end we are, as far as it is not submitted: it waits for an errand.
    ending: Option<Transaction>,
    /// Whether an errand runs.
    waiting: bool,
    moved: Moved,
    foreign: Foreign,
    scripts: Scripts,
    /// What commands become; kept for its memory.
    scratch: BytesMut,
    applied: u64,
    left: Vec<Left>,
    /// What was said already, and is not said for each command.
    told: Vec<Omission>,
}

/// What became of a command.
enum Taken {
    /// It is done with.
    Done,
    /// It is, when this is.
    After(Errand),
    /// It is to be looked at again, when this is settled.
    AgainAfter(Errand),
}

impl StreamApplier {
    /// A stream that begins at that position.
    pub(crate) fn new(settings: StreamSettings, payloads: Payloads, begin: Position) -> Self {
        let Position { generation, offset, db, .. } = begin;
        let commands = Commands {
            settings,
            payloads,
            generation,
            offset,
            db,
            transaction: None,
            ending: None,
            waiting: false,
            moved: Moved::default(),
            foreign: Foreign::default(),
            scripts: Scripts::default(),
            scratch: BytesMut::new(),
            applied: 0,
            left: Vec::new(),
            told: Vec::new(),
        };
        let (scanner, begun, begun_at) = (CommandScanner::default(), BytesMut::new(), UnixMillis::default());
        Self { scanner, begun, begun_at, commands }
    }

    /// Takes the next bytes, received at that time. Answers an errand when one has to be run before it goes on: not
    /// before [`settle`](Self::settle) may more be fed.
    ///
    /// # Errors
    /// When they cannot be applied. What stands before the place that the error names has been submitted.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        received: UnixMillis,
        sink: &mut dyn Sink,
    ) -> Result<Option<Errand>, ApplyError> {
        if self.begun.is_empty() {
            let (whole, errand) = self.scan(bytes, (received, received), sink)?;
            self.begun.extend_from_slice(bytes.get(whole..).unwrap_or_default());
            self.begun_at = received;
            return Ok(errand);
        }
        self.begun.extend_from_slice(bytes);
        self.go_on(received, sink)
    }

    /// Goes on with what came of the errand.
    ///
    /// # Errors
    /// As [`feed`](Self::feed).
    pub(super) fn settle(&mut self, settled: Settled, sink: &mut dyn Sink) -> Result<Option<Errand>, ApplyError> {
        self.commands.waiting = false;
        if let Some(errand) = self.commands.settle(settled, sink)? {
            return Ok(Some(errand));
        }
        self.go_on(self.begun_at, sink)
    }

    /// Another node may have taken the place of one, or one may have started anew: what nodes were given beside data may
    /// be gone.
    pub(super) fn nodes_may_be_new(&mut self) {
        self.commands.forget_scripts();
    }

    /// Follows it as one of several links of a source.
    pub(super) fn among(&mut self, link: Member, moves: Arc<Moves>) {
        self.commands.moved = Moved::of(Some((link, moves)));
    }

    /// Keys that were to be deleted since the last call, and may be another's.
    pub(super) fn take_doubts(&mut self) -> Vec<InDoubt> {
        // What a transaction does beside is submitted with it.
        let is_inside = self.commands.transaction.is_some() || self.commands.ending.is_some();
        if is_inside { Vec::new() } else { self.commands.moved.take_doubts() }
    }

    /// Puts values into the stream, at the place where they were read or, if that is past already, here. Nothing may have
    /// been fed since before they were read.
    ///
    /// # Errors
    /// When they cannot be applied.
    pub(super) fn repair(
        &mut self,
        slot: Slot,
        read: Read,
        done: Vec<oneshot::Sender<()>>,
        sink: &mut dyn Sink,
    ) -> Result<(), ApplyError> {
        self.commands.repair(slot, read, done);
        let here = self.commands.offset;
        self.commands.repair_due(sink).map_err(|kind| ApplyError::at_offset(kind, here))
    }

    /// Whether nothing has begun that has not ended.
    pub(super) fn is_between_commands(&self) -> bool {
        self.begun.is_empty() && self.commands.transaction.is_none()
    }

    /// Whether values wait for their places.
    pub(super) fn has_repairs(&self) -> bool {
        self.commands.moved.has_repairs()
    }

    /// What was put into the stream since the last call: who waits for it, and what has to be past.
    pub(super) fn take_put(&mut self) -> Vec<(Option<Milestone>, oneshot::Sender<()>)> {
        self.commands.moved.take_put()
    }

    /// Commands that were submitted so far.
    pub(crate) fn applied(&self) -> u64 {
        self.commands.applied
    }

    /// Where the last command ends that was taken.
    pub(super) fn offset(&self) -> u64 {
        self.commands.offset
    }

    /// What was not carried over since the last call.
    pub(crate) fn take_left(&mut self) -> Vec<Left> {
        std::mem::take(&mut self.commands.left)
    }

    /// What the target could not be told of restored values, and was not met before the last call.
    pub(crate) fn take_losses(&mut self) -> Vec<Lost> {
        self.commands.payloads.book().take_news()
    }

    /// Goes on with what was begun; what was received last was received at that time.
    fn go_on(&mut self, received: UnixMillis, sink: &mut dyn Sink) -> Result<Option<Errand>, ApplyError> {
        let mut begun = std::mem::take(&mut self.begun);
        let (whole, errand) = self.scan(&begun, (self.begun_at, received), sink)?;
        begun.advance(whole);
        // The room that a giant command took is not kept for the starts of small ones.
        self.begun = if whole > LARGEST_SCRATCH { BytesMut::from(&begun[..]) } else { begun };
        if whole > 0 {
            self.begun_at = received;
        }
        Ok(errand)
    }

    /// Submits the whole commands in `bytes`, and answers how many bytes they take. The first of them was received at
    /// the first of the times, the others at the second.
    fn scan(
        &mut self,
        bytes: &[u8],
        (first, others): (UnixMillis, UnixMillis),
        sink: &mut dyn Sink,
    ) -> Result<(usize, Option<Errand>), ApplyError> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let found = self.scanner.scan(rest).map_err(|error| {
                let offset = self.commands.offset + error.offset as u64;
                ApplyError::at_offset(ApplyErrorKind::Stream(error), offset)
            })?;
            let Some(len) = found else { break };
            let frame = rest.get(..len).unwrap_or_default();
            let received = if at == 0 { first } else { others };
            let here = self.commands.offset;
            self.commands.repair_due(sink).map_err(|kind| ApplyError::at_offset(kind, here))?;
            match self.commands.take(frame, self.scanner.args(), received, sink)? {
                Taken::Done => at += len,
                Taken::After(errand) => return Ok((at + len, Some(errand))),
                Taken::AgainAfter(errand) => return Ok((at, Some(errand))),
            }
        }
        let here = self.commands.offset;
        self.commands.repair_due(sink).map_err(|kind| ApplyError::at_offset(kind, here))?;
        if let Some(position) = self.commands.position() {
            sink.end_round(position);
        }
        Ok((at, None))
    }
}

impl Commands {
    /// Where a link may go on after a break: never inside a transaction, nor before an errand is settled.
    fn position(&self) -> Option<Position> {
        let Self { generation, offset, db, .. } = *self;
        let position = Position { generation, phase: Phase::Stream, offset, index: 0, db };
        (self.transaction.is_none() && self.ending.is_none() && !self.waiting).then_some(position)
    }

    fn take(
        &mut self,
        frame: &[u8],
        args: &[Range<usize>],
        received: UnixMillis,
        sink: &mut dyn Sink,
    ) -> Result<Taken, ApplyError> {
        self.offset += frame.len() as u64;
        let args = Args::new(frame, args);
        let Some(name) = args.arg(0) else { return Ok(Taken::Done) };
        let taken = match command::lookup(name) {
            Some(spec) => self.known(Said { spec, frame, args, received }, sink),
            None => self.foreign(frame, args, sink),
        };
        match &taken {
            Ok(Taken::AgainAfter(_)) => {
                self.offset -= frame.len() as u64;
                self.waiting = true;
            }
            Ok(Taken::After(_)) => self.waiting = true,
            _ => {}
        }
        taken.map_err(|kind| ApplyError::at_offset(kind, self.offset))
    }

    fn known(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<Taken, ApplyErrorKind> {
        match said.spec.name {
            "PING" | "REPLCONF" => {}
            "SELECT" => self.select(said)?,
            "MULTI" if self.transaction.is_some() => return Err(ApplyErrorKind::Malformed("MULTI inside MULTI")),
            "MULTI" => {
                let before = self.offset - said.frame.len() as u64;
                self.transaction = Some(Transaction::behind(before));
            }
            "EXEC" => {
                self.ending = self.transaction.take();
                if self.ending.is_none() {
                    return Err(ApplyErrorKind::Malformed("EXEC without MULTI"));
                }
                return Ok(self.end_transaction(sink).map_or(Taken::Done, Taken::After));
            }
            "DISCARD" => return Err(ApplyErrorKind::Malformed("DISCARD, which no source says to its replicas")),
            _ => return self.pass_on(said, sink),
        }
        Ok(Taken::Done)
    }

    fn select(&mut self, said: Said<'_>) -> Result<(), ApplyErrorKind> {
        let number = said.integer(1).and_then(|db| u32::try_from(db).ok());
        let db = number.ok_or(ApplyErrorKind::Malformed("SELECT without a database"))?;
        self.db = db;
        self.check_database()
    }

    /// Refuses what is said in a database that the target does not have: in which a stream begins is not told by it.
    fn check_database(&self) -> Result<(), ApplyErrorKind> {
        if self.db > 0 && !self.settings.target.is_standalone() {
            return Err(ApplyErrorKind::Database { db: self.db.into() });
        }
        Ok(())
    }

    fn settle(&mut self, settled: Settled, sink: &mut dyn Sink) -> Result<Option<Errand>, ApplyError> {
        self.foreign.learn(settled);
        let errand = self.end_transaction(sink);
        self.waiting = errand.is_some();
        Ok(errand)
    }

    /// Submits what is left of a transaction that has ended, up to the next errand in it.
    fn end_transaction(&mut self, sink: &mut dyn Sink) -> Option<Errand> {
        let errand = self.ending.as_mut()?.submit(self.offset, sink);
        if errand.is_none() {
            self.ending = None;
        }
        errand
    }

    /// Has an errand run at this place in the stream: now, or when the transaction at hand is submitted.
    fn run(&mut self, errand: Errand) -> Taken {
        match &mut self.transaction {
            Some(transaction) => {
                transaction.push_errand(errand);
                Taken::Done
            }
            None => Taken::After(errand),
        }
    }

    /// Submits a command in words that the target takes.
    fn submit(&mut self, route: Route, said: Said<'_>, sink: &mut dyn Sink) {
        self.applied += 1;
        let mut out = std::mem::take(&mut self.scratch);
        let rewritten = rewrite(said, self.settings.target, &mut out);
        let commands = match rewritten {
            Rewritten::Same => 1,
            Rewritten::Commands(commands) => commands,
            Rewritten::Without(omission, commands) => {
                self.leave_out(omission);
                commands
            }
        };
        let bytes = if rewritten == Rewritten::Same { said.frame } else { &out[..] };
        // Each primary of a source deletes the library from itself, and the first of them from all of the target.
        let forgiving = said.spec.name == "FUNCTION" && said.args.is_word(1, "DELETE");
        let delivery = if rewritten == Rewritten::Same { delivery(said.spec, said.args) } else { delivery_of(bytes) };
        self.hand_over(Handed { route, commands, forgiving, delivery }, bytes, sink);
        self.give_back(out);
    }

    /// Submits a RESTORE, in other words where the target would refuse the payload.
    fn restore(&mut self, route: Route, said: Said<'_>, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        let ttl = restore_expiry(said).unwrap_or(0).to_string();
        // In whichever words: it replaces, and its expiry is absolute.
        let delivery = Delivery::Repeatable;
        let handed = |commands| Handed { route, commands, forgiving: false, delivery };
        let adapted = self.payloads.adapt(said.arg(1), said.arg(3), Expiry { ttl: ttl.as_bytes(), absolute: true })?;
        match adapted {
            Adapted::Same => {
                self.submit(route, said, sink);
                return Ok(());
            }
            Adapted::Signed(payload) => {
                let mut out = std::mem::take(&mut self.scratch);
                restore_with(said, &payload, &mut out);
                self.hand_over(handed(1), &out, sink);
                self.give_back(out);
            }
            Adapted::Commands(unit) => {
                let commands = u32::try_from(unit.len()).unwrap_or(u32::MAX);
                self.hand_over(handed(commands), unit.commands(), sink);
            }
        }
        self.applied += 1;
        Ok(())
    }

    /// Keeps the memory that commands are written to, but not that of a giant.
    fn give_back(&mut self, mut scratch: BytesMut) {
        if scratch.capacity() <= LARGEST_SCRATCH {
            scratch.clear();
            self.scratch = scratch;
        }
    }

    /// Submits commands that take effect together, or adds them to the transaction at hand.
    fn hand_over(&mut self, handed: Handed, bytes: &[u8], sink: &mut dyn Sink) {
        if handed.commands == 0 {
            return;
        }
        match &mut self.transaction {
            Some(transaction) => transaction.push(handed, self.db, bytes),
            None => {
                let submission = Submission { handed, db: self.db, offset: self.offset };
                submit_together(sink, submission, &mut |out| out.extend_from_slice(bytes));
            }
        }
    }

    fn leave_out(&mut self, omission: Omission) {
        if !self.told.contains(&omission) {
            self.told.push(omission);
            self.left.push(match omission {
                Omission::Functions => Left::Functions,
                Omission::FieldExpiry => Left::FieldExpiry,
            });
        }
    }
}

/// Whether a command may be repeated. What only reads, or has no key, changes nothing by it.
fn delivery(spec: &CommandSpec, args: Args<'_>) -> Delivery {
    // Of what has no key, one thing differs the second time.
    let once = spec.class(args) == Class::Atomic || spec.name == "SWAPDB";
    if once { Delivery::Once } else { Delivery::Repeatable }
}

/// The same of all commands that were written in place of one.
fn delivery_of(bytes: &[u8]) -> Delivery {
    let (mut frames, mut rest) = (Frames::new(), bytes);
    while let Some((frame, args)) = frames.first(rest) {
        let args = Args::new(frame, args);
        let spec = args.arg(0).and_then(command::lookup);
        if spec.is_none_or(|spec| delivery(spec, args) == Delivery::Once) {
            return Delivery::Once;
        }
        rest = rest.get(frame.len()..).unwrap_or_default();
    }
    Delivery::Repeatable
}

/// What commands are written to is given back when it has grown larger than this.
const LARGEST_SCRATCH: usize = 1 << 20;

#[cfg(test)]
mod bench;

#[cfg(test)]
mod tests {
    use super::bench::{Bench, NOW, apply, stream, to_cluster, to_server};
    use super::*;

    #[test]
    fn a_position_is_never_inside_a_transaction_and_counts_every_byte() {
        let bytes = stream(&["SET foo 1", "MULTI", "SET foo 2", "EXEC", "PING"]);
        let mut bench = Bench::new(to_cluster());
        let mut offsets = Vec::new();
        for byte in bytes.iter() {
            assert_eq!(bench.applier.feed(&[*byte], NOW, &mut bench.sink).unwrap(), None);
            offsets.push(bench.sink.rounds.last().unwrap().offset);
        }
        offsets.dedup();
        let len = |lines: &[&str]| 100 + stream(lines).len() as u64;
        let set = len(&["SET foo 1"]);
        let exec = len(&["SET foo 1", "MULTI", "SET foo 2", "EXEC"]);
        assert_eq!(offsets, [100, set, exec, len(&["SET foo 1", "MULTI", "SET foo 2", "EXEC", "PING"])]);
        let last = bench.sink.rounds.last().unwrap();
        assert_eq!((last.generation, last.phase, bench.applier.applied()), (1, Phase::Stream, 2));
        assert_eq!(bench.lines(), ["12182 0: SET foo 1", "12182 0: SET foo 2"]);
    }

    #[test]
    fn transactions_stay_transactions_and_are_split_by_slot() {
        let lines = apply(to_cluster(), &["MULTI", "SET {a}1 x", "SET foo y", "INCR {a}2", "EXEC", "DEL foo"]);
        assert_eq!(
            lines.unwrap(),
            ["15495 0: MULTI; SET {a}1 x; INCR {a}2; EXEC", "12182 0: SET foo y", "12182 0: DEL foo"]
        );
        assert_eq!(apply(to_cluster(), &["MULTI", "EXEC", "multi", "exec"]).unwrap(), [""; 0]);
    }

    #[test]
    fn databases_follow_each_other_in_a_transaction() {
        let lines =
            apply(to_server(), &["MULTI", "SET a 1", "SELECT 3", "SET b 1", "INCR b", "SELECT 0", "SET c 1", "EXEC"]);
        assert_eq!(lines.unwrap(), ["0 0: MULTI; SET a 1; SELECT 3; SET b 1; INCR b; SELECT 0; SET c 1; EXEC"]);
        let error = apply(to_cluster(), &["MULTI", "SELECT 3"]).unwrap_err();
        assert!(error.contains("database 3 is used at the source"), "{error}");
    }

    #[test]
    fn a_command_in_parts_counts_from_its_first_byte_and_others_from_theirs() {
        let later = UnixMillis(NOW.0 + 5000);
        for errand in [false, true] {
            let mut bench = Bench::new(to_cluster());
            let bytes = stream(&["EXPIRE foo 1", "PEXPIRE foo 1"]);
            let mut rest = bytes[10..].to_vec();
            bench.applier.feed(&bytes[..10], NOW, &mut bench.sink).unwrap();
            if errand {
                rest.splice(stream(&["EXPIRE foo 1"]).len() - 10.., stream(&["FLUSHALL", "PEXPIRE foo 1"]));
            }
            if bench.applier.feed(&rest, later, &mut bench.sink).unwrap().is_some() {
                bench.settle(Settled::Swept(0));
            }
            let first = format!("12182 0: PEXPIREAT foo {}", NOW.0 + 1000);
            assert_eq!(bench.lines(), [first, format!("12182 0: PEXPIREAT foo {}", later.0 + 1)]);
        }
    }

    #[test]
    fn a_stream_begins_in_the_database_of_its_position() {
        let mut bench = Bench::in_database(to_server(), 3);
        bench.feed(&["SET foo 1", "PING"]);
        assert_eq!((bench.lines(), bench.sink.rounds[0].db), (vec!["0 3: SET foo 1".to_owned()], 3));
        for line in ["SET foo 1", "FLUSHDB", "JSON.SET k $ 1"] {
            let mut bench = Bench::in_database(to_cluster(), 3);
            bench.feed(&["PING", "REPLCONF GETACK *"]);
            let error = bench.applier.feed(&stream(&[line]), NOW, &mut bench.sink).unwrap_err();
            assert!(error.to_string().contains("database 3 is used at the source"), "{error}");
        }
        let mut bench = Bench::in_database(to_cluster(), 3);
        bench.feed(&["SELECT 0", "SET foo 1"]);
        assert_eq!(bench.lines(), ["12182 0: SET foo 1"]);
    }

    #[test]
    fn what_becomes_several_commands_is_a_transaction() {
        let settings = bench::to(Target::cluster("redis-6.0"));
        let lines = apply(settings, &["SET foo v PXAT 7", "MULTI", "INCR foo", "SET foo v PXAT 7", "EXEC"]).unwrap();
        let set = "SET foo v; PEXPIREAT foo 7";
        assert_eq!(lines, [format!("12182 0: MULTI; {set}; EXEC"), format!("12182 0: MULTI; INCR foo; {set}; EXEC")]);
    }

    #[test]
    fn what_the_target_lacks_is_left_out_and_said_once() {
        let mut bench = Bench::new(bench::to(Target::cluster("redis-6.0")));
        bench.feed(&["FUNCTION LOAD x", "FUNCTION FLUSH", "SPUBLISH c m", "XGROUP CREATECONSUMER s g c"]);
        bench.feed(&["HPEXPIREAT foo 7 FIELDS 1 f", "HSETEX foo PXAT 7 FIELDS 1 f v", "MULTI", "SPUBLISH c m", "EXEC"]);
        assert_eq!(bench.lines(), ["12182 0: HSET foo f v"]);
        assert_eq!(bench.applier.take_left(), [Left::Functions, Left::FieldExpiry]);
    }

    #[test]
    fn inline_commands_and_any_bytes() {
        let mut bench = Bench::new(to_cluster());
        let inline = b"set foo 1\r\n\n*3\r\n$3\r\nSET\r\n$3\r\nfoo\r\n$4\r\n\r\n\0\xff\r\n";
        bench.applier.feed(inline, NOW, &mut bench.sink).unwrap();
        assert_eq!(bench.lines(), ["12182 0: set foo 1", "12182 0: SET foo \\r\\n\\x00\\xff"]);
    }

    #[test]
    fn what_is_out_of_place() {
        for (lines, sentence) in [
            (&["EXEC"][..], "EXEC without MULTI"),
            (&["MULTI", "MULTI"], "MULTI inside MULTI"),
            (&["MULTI", "DISCARD"], "DISCARD, which no source says"),
            (&["SET"], "SET: "),
            (&["SELECT x"], "SELECT without a database"),
        ] {
            let error = apply(to_cluster(), lines).unwrap_err();
            assert!(error.contains(sentence), "{lines:?}: {error}");
        }
    }
}
