//! Where a command goes.

use cluster_router::command::CommandSlot;
use cluster_router::{Route, Slot, slot_of};

use super::shown::shown_keys;
use super::{Commands, Left, Taken};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::error::ApplyErrorKind;
use crate::pipeline::apply::said::Said;
use crate::pipeline::plan::CrossSlot;
use crate::pipeline::reserved::holds_positions;

impl Commands {
    pub(super) fn pass_on(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<Taken, ApplyErrorKind> {
        self.check_database()?;
        if holds_positions(said.arg(1)) {
            return Ok(Taken::Done);
        }
        match said.spec.name {
            "CLUSTER" => return self.cluster(said),
            _ if self.settings.target.is_standalone()
                && let Some(taken) = self.of_moved_slot(said, sink) =>
            {
                return Ok(taken);
            }
            "PUBLISH" | "SPUBLISH" => self.publish(said, sink),
            "FLUSHALL" => return Ok(self.flush(None)),
            "FLUSHDB" => return Ok(self.flush(Some(self.db))),
            "RESTORE" | "RESTORE-ASKING" if self.settings.target.is_standalone() => {
                self.restore(Route::Slot(Slot::MIN), said, sink)?;
            }
            // One server has all slots, and one lane: the order is kept as it is.
            _ if self.settings.target.is_standalone() => self.send_to_server(said, sink),
            _ => return self.by_key(said, sink),
        }
        Ok(Taken::Done)
    }

    fn send_to_server(&mut self, said: Said<'_>, sink: &mut dyn Sink) {
        if !self.split_giant(said, sink) {
            self.submit(Route::Slot(Slot::MIN), said, sink);
        }
    }

    fn by_key(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<Taken, ApplyErrorKind> {
        let found = said.spec.slot(said.args);
        let found = found.map_err(|source| ApplyErrorKind::Keys { command: said.name(), source })?;
        if matches!(found, CommandSlot::One(slot) if self.is_elsewhere(slot)) {
            return Ok(Taken::Done);
        }
        match (said.spec.name, found) {
            // What is moved there would be in a database that the target does not have.
            ("MOVE" | "SWAPDB", _) => return Err(ApplyErrorKind::OtherDatabase { command: said.name() }),
            ("COPY", _) if copies_elsewhere(said) => {
                return Err(ApplyErrorKind::OtherDatabase { command: "COPY ... DB".to_owned() });
            }
            ("SORT", CommandSlot::One(slot)) if !self.can_sort(said, slot) => self.cross_slot(said)?,
            ("EVAL", CommandSlot::One(slot)) => {
                self.load_script(said, sink);
                self.submit(Route::Slot(slot), said, sink);
            }
            ("RESTORE" | "RESTORE-ASKING", CommandSlot::One(slot)) => {
                if let Some(first) = self.comes_from_another(said, slot) {
                    return Ok(first);
                }
                self.restore(Route::Slot(slot), said, sink)?;
            }
            ("DEL" | "UNLINK", CommandSlot::One(slot)) if self.is_in_doubt(said, slot, sink) => {}
            (_, CommandSlot::One(slot)) => self.submit(Route::Slot(slot), said, sink),
            (_, CommandSlot::CrossSlot) => return self.over_slots(said, sink),
            (_, CommandSlot::Keyless) => self.keyless(said, sink)?,
            // A subcommand that the table does not have.
            _ => return self.foreign(said.frame, said.args, sink),
        }
        Ok(Taken::Done)
    }

    fn over_slots(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<Taken, ApplyErrorKind> {
        if !self.split(said, sink) {
            self.cross_slot(said)?;
        }
        Ok(Taken::Done)
    }

    /// Does with a command that no node of a cluster takes what the plan says.
    pub(super) fn cross_slot(&mut self, said: Said<'_>) -> Result<(), ApplyErrorKind> {
        let mut keys = Vec::new();
        // The keys were found before.
        let _ = said.spec.keys(said.args, &mut keys);
        let keys = shown_keys(keys.iter().map(|&key| said.arg(key)));
        self.refuse_or_skip(said.name(), keys)
    }

    /// As [`cross_slot`](Self::cross_slot); without keys it is a script that may work on any.
    pub(super) fn refuse_or_skip(&mut self, command: String, keys: String) -> Result<(), ApplyErrorKind> {
        match self.settings.cross_slot {
            CrossSlot::Skip => {
                self.left.push(Left::CrossSlot { command, keys, offset: self.offset });
                Ok(())
            }
            CrossSlot::Fail if keys.is_empty() => Err(ApplyErrorKind::NoKeys { command }),
            CrossSlot::Fail => Err(ApplyErrorKind::CrossSlot { command, keys }),
        }
    }

    /// A message needs to be said at one node: a cluster carries it to the others. What sentinels tell each other is
    /// not for the sentinels of another deployment.
    fn publish(&mut self, said: Said<'_>, sink: &mut dyn Sink) {
        let channel = said.arg(1);
        if !channel.starts_with(b"__sentinel__:") {
            let slot = if self.settings.target.is_standalone() { Slot::MIN } else { slot_of(channel) };
            self.submit(Route::Slot(slot), said, sink);
        }
    }
}

/// Whether a `COPY` goes to another database than 0.
fn copies_elsewhere(said: Said<'_>) -> bool {
    let db = (3..said.args.len()).find(|&index| said.args.is_word(index, "DB"));
    db.is_some_and(|db| said.integer(db + 1) != Some(0))
}

#[cfg(test)]
mod tests {
    use super::super::bench::{Bench, apply, to, to_cluster, to_server};
    use super::super::{Left, StreamSettings};
    use super::*;
    use crate::pipeline::target::Target;

    #[test]
    fn commands_go_to_the_slots_of_their_keys() {
        let lines =
            apply(to_cluster(), &["SELECT 0", "set foo 1", "PING", "REPLCONF GETACK *", "LMOVE {a}1 {a}2 LEFT RIGHT"]);
        assert_eq!(lines.unwrap(), ["12182 0: set foo 1", "15495 0: LMOVE {a}1 {a}2 LEFT RIGHT"]);
    }

    #[test]
    fn keys_that_follow_a_word() {
        let lines = [
            "GEORADIUS {a}1 0 0 1 m STORE {a}2",
            "georadiusbymember {a}1 m 1 km storedist {a}2",
            "SORT {a}1 ALPHA store {a}2",
            "SORT {a}1 BY nosort STORE {a}2",
            "EVAL x 2 {a}1 {a}2 b",
            "ZUNIONSTORE {a}1 2 {a}2 {a}3",
            "COPY {a}1 {a}2 DB 0",
            "PFCOUNT {a}1",
        ];
        let routed = apply(to_cluster(), &lines).unwrap();
        let script = "all 0: SCRIPT LOAD x";
        let expected: Vec<String> = lines.iter().map(|line| format!("15495 0: {line}")).collect();
        assert_eq!(routed.iter().filter(|line| *line != script).cloned().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn messages_are_said_once() {
        let lines = ["PUBLISH news x", "SPUBLISH news x", "PUBLISH __sentinel__:hello x"];
        assert_eq!(apply(to_cluster(), &lines).unwrap(), ["5161 0: PUBLISH news x", "5161 0: SPUBLISH news x"]);
        assert_eq!(apply(to_server(), &lines).unwrap(), ["0 0: PUBLISH news x", "0 0: SPUBLISH news x"]);
    }

    #[test]
    fn servers_take_what_clusters_do_not() {
        let lines = [
            "SELECT 3",
            "SWAPDB 0 3",
            "MOVE foo 1",
            "COPY foo bar DB 2",
            "RENAME foo bar",
            "EVAL x 0",
            "JSON.SET k $ 1",
        ];
        let expected: Vec<String> = lines[1..].iter().map(|line| format!("0 3: {line}")).collect();
        assert_eq!(apply(to_server(), &lines).unwrap(), expected);
    }

    #[test]
    fn sorting_reads_keys_of_other_slots() {
        let fits = ["SORT {a}1 BY {a}w* GET # GET {a}v* STORE {a}2", "SORT {a}1 LIMIT 0 1 BY {a}w STORE {a}2"];
        for (target, fits_here) in [("redis-8.0", true), ("valkey-8.0", true), ("redis-7.0", false)] {
            let apply = |line: &str| apply(to(Target::cluster(target)), &[line]);
            assert_eq!(apply(fits[0]).is_ok(), fits_here, "{target}");
            assert!(apply(fits[1]).is_ok() && apply("SORT {a}1 STORE {a}2").is_ok());
            for line in
                ["SORT {a}1 BY w* STORE {a}2", "SORT {a}1 GET {b}* STORE {a}2", "SORT {a}1 GET {a*}* STORE {a}2"]
            {
                let error = apply(line).unwrap_err();
                assert!(error.contains("SORT has keys in several slots ({a}1 {a}2)"), "{error}");
            }
        }
    }

    #[test]
    fn what_no_node_takes_is_an_error_or_left_out() {
        let cases = [
            ("RENAME foo bar", "at offset 134: RENAME has keys in several slots (foo bar)"),
            ("SUNIONSTORE a b c d e", "(a b c d ...)"),
            ("EVAL x 0", "EVAL names no keys"),
            ("EVALSHA 1f 2 a b", "EVALSHA has keys in several slots (a b)"),
        ];
        for (line, sentence) in cases {
            let error = apply(to_cluster(), &[line]).unwrap_err();
            assert!(error.contains(sentence), "{line}: {error}");
        }
        let mut bench = Bench::new(StreamSettings { cross_slot: CrossSlot::Skip, ..to_cluster() });
        bench.feed(&["RENAME foo bar", "MULTI", "EVAL x 0", "SET foo 1", "EXEC"]);
        assert_eq!(bench.lines(), ["12182 0: SET foo 1"]);
        let skipped = |command: &str, keys: &str, offset| Left::CrossSlot {
            command: command.to_owned(),
            keys: keys.to_owned(),
            offset,
        };
        assert_eq!(bench.applier.take_left(), [skipped("RENAME", "foo bar", 134), skipped("EVAL", "", 177)]);
    }

    #[test]
    fn other_databases() {
        for line in ["SWAPDB 0 1", "MOVE foo 1", "COPY {a}1 {a}2 DB 1 REPLACE", "COPY a b DB 1"] {
            for cross_slot in [CrossSlot::Fail, CrossSlot::Skip] {
                let error = apply(StreamSettings { cross_slot, ..to_cluster() }, &[line]).unwrap_err();
                assert!(error.contains("concerns a database other than 0"), "{line}: {error}");
            }
        }
    }
}
