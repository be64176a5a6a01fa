//! What has no key.

use cluster_router::command::Class;
use cluster_router::{Route, Slot};

use super::{Commands, Taken};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::errand::{Errand, Scope, Which};
use crate::pipeline::apply::error::ApplyErrorKind;
use crate::pipeline::apply::said::Said;

impl Commands {
    /// A command without keys for a cluster.
    pub(super) fn keyless(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        match said.spec.name {
            // Each primary has its own library of functions and its own cache of scripts.
            "FUNCTION" | "SCRIPT" => {
                if said.spec.name == "SCRIPT" && said.args.is_word(1, "FLUSH") {
                    self.forget_scripts();
                    // Those that were called before would be gone before they are.
                    if let Some(transaction) = &mut self.transaction {
                        transaction.cut();
                    }
                }
                self.submit(Route::EveryPrimary, said, sink);
            }
            // A script without keys may work on any.
            _ if matches!(said.spec.class(said.args), Class::Atomic | Class::Idempotent) => {
                self.refuse_or_skip(said.name(), String::new())?;
            }
            // What changes no data has no business in a stream, and does no harm.
            _ => {}
        }
        Ok(())
    }

    /// `FLUSHALL` and, in a database, `FLUSHDB`. What a shard of a cluster is told concerns its own slots, and any target
    /// holds keys of ours.
    pub(super) fn flush(&mut self, db: Option<u32>) -> Taken {
        self.applied += 1;
        self.run(Errand::Sweep(Scope { which: Which::Shard, db }))
    }

    /// What valkey's stream says of slots. Marks of slots that move are the source's own affair; a slot that somebody
    /// emptied is to be emptied wherever the target has it.
    pub(super) fn cluster(&mut self, said: Said<'_>) -> Result<Taken, ApplyErrorKind> {
        if said.args.is_word(1, "SYNCSLOTS") {
            self.slots_are_copied(said)?;
        }
        if !said.args.is_word(1, "FLUSHSLOT") {
            return Ok(Taken::Done);
        }
        let slot = said.integer(2).and_then(|slot| Slot::try_from(slot).ok());
        let slot = slot.ok_or(ApplyErrorKind::Malformed("CLUSTER FLUSHSLOT without a slot"))?;
        self.applied += 1;
        Ok(self.run(Errand::Sweep(Scope { which: Which::Slot(slot), db: None })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settled;
    use super::super::bench::{Bench, apply, to_cluster, to_server};
    use super::*;

    fn sweep(which: Which, db: Option<u32>) -> Option<Errand> {
        Some(Errand::Sweep(Scope { which, db }))
    }

    #[test]
    fn libraries_and_scripts_go_everywhere() {
        let lines =
            ["FUNCTION LOAD code", "FUNCTION DELETE l", "FUNCTION FLUSH", "SCRIPT LOAD s", "script flush async"];
        let expected = [
            "FUNCTION LOAD REPLACE code",
            "FUNCTION DELETE l",
            "FUNCTION FLUSH",
            "SCRIPT LOAD s",
            "script flush async",
        ];
        assert_eq!(apply(to_cluster(), &lines).unwrap(), expected.map(|line| format!("all 0: {line}")));
    }

    #[test]
    fn a_library_in_a_transaction_is_no_part_of_it() {
        let lines = apply(to_cluster(), &["MULTI", "SET foo 1", "FUNCTION DELETE l", "INCR foo", "EXEC"]).unwrap();
        assert_eq!(lines, ["all 0: FUNCTION DELETE l", "12182 0: MULTI; SET foo 1; INCR foo; EXEC"]);
    }

    #[test]
    fn a_server_is_swept_as_well_since_it_has_keys_of_ours() {
        let mut bench = Bench::new(to_server());
        assert_eq!(bench.feed(&["SELECT 3", "FLUSHDB", "SET foo 1"]), sweep(Which::Shard, Some(3)));
        assert_eq!(bench.settle(Settled::Swept(7)), None);
        assert_eq!(bench.feed(&["FLUSHALL ASYNC"]), sweep(Which::Shard, None));
        assert_eq!(bench.lines(), ["0 3: SET foo 1"]);
    }

    #[test]
    fn a_flush_waits_for_its_sweep() {
        let mut bench = Bench::new(to_cluster());
        assert_eq!(bench.feed(&["SET foo 1", "FLUSHALL", "SET foo 2"]), sweep(Which::Shard, None));
        assert_eq!((bench.lines(), bench.sink.rounds.len()), (vec!["12182 0: SET foo 1".to_owned()], 0));
        assert_eq!(bench.settle(Settled::Swept(7)), None);
        assert_eq!((bench.lines(), bench.sink.rounds.len()), (vec!["12182 0: SET foo 2".to_owned()], 1));
        assert_eq!(bench.feed(&["flushdb sync"]), sweep(Which::Shard, Some(0)));

        let mut bench = Bench::new(to_server());
        assert_eq!(bench.feed(&["FLUSHALL"]), sweep(Which::Shard, None));
    }

    #[test]
    fn a_flush_in_a_transaction_parts_it() {
        let mut bench = Bench::new(to_cluster());
        let transaction =
            ["MULTI", "SET foo 1", "INCR foo", "FLUSHALL", "SET bar 1", "FLUSHDB", "SET foo 2", "EXEC", "PING"];
        assert_eq!(bench.feed(&transaction), sweep(Which::Shard, None));
        assert_eq!(bench.lines(), ["12182 0: MULTI; SET foo 1; INCR foo; EXEC"]);
        assert_eq!(bench.settle(Settled::Swept(1)), sweep(Which::Shard, Some(0)));
        assert_eq!((bench.lines(), bench.sink.rounds.len()), (vec!["5061 0: SET bar 1".to_owned()], 0));
        assert_eq!(bench.settle(Settled::Swept(1)), None);
        assert_eq!((bench.lines(), bench.sink.rounds.len()), (vec!["12182 0: SET foo 2".to_owned()], 1));
    }

    #[test]
    fn one_slot() {
        let slot = Slot::new(7).unwrap();
        for settings in [to_cluster(), to_server()] {
            let mut bench = Bench::new(settings);
            assert_eq!(bench.feed(&["CLUSTER SETSLOT 7 STABLE", "CLUSTER SYNCSLOTS ACK"]), None);
            assert_eq!(bench.feed(&["CLUSTER FLUSHSLOT 7 SYNC"]), sweep(Which::Slot(slot), None));
        }
        let error = apply(to_cluster(), &["CLUSTER FLUSHSLOT 16384"]).unwrap_err();
        assert!(error.contains("CLUSTER FLUSHSLOT without a slot"), "{error}");
    }
}
