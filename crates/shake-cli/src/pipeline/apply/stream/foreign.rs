//! Commands that the table does not have: a module's, or newer than it is. The target is asked.

use std::collections::HashMap;

use bytes::Bytes;
use cluster_router::command::{Args, Described};
use cluster_router::{Delivery, Route, Slot, slot_of};

use super::shown::{shown, shown_keys};
use super::{Commands, Taken};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::errand::{Errand, Settled};
use crate::pipeline::apply::error::ApplyErrorKind;
use crate::pipeline::apply::transaction::Handed;

/// What the target has said of such commands.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// By their names in capitals; nothing for those that it does not know either.
    known: HashMap<Vec<u8>, Option<Described>>,
    /// The name that was asked for last.
    asked: Vec<u8>,
    /// The keys of the command at hand, if they had to be asked for.
    keys: Option<Vec<Bytes>>,
}

impl Foreign {
    /// Takes note of an answer.
    pub(super) fn learn(&mut self, settled: Settled) {
        match settled {
            Settled::Described(described) => _ = self.known.insert(std::mem::take(&mut self.asked), described),
            Settled::Keys(keys) => self.keys = Some(keys),
            Settled::Swept(_) | Settled::Past => {}
        }
    }

    /// The errand that has to be run before the command can be routed; its keys when there is none.
    fn keys(&mut self, args: Args<'_>) -> Result<Vec<Bytes>, Missing> {
        let name = args.arg(0).unwrap_or_default().to_ascii_uppercase();
        let described = match self.known.get(&name) {
            Some(described) => described.ok_or(Missing::Everywhere)?,
            None => {
                self.asked.clone_from(&name);
                return Err(Missing::Errand(Errand::Describe { name }));
            }
        };
        let words = || (0..args.len()).filter_map(|index| args.arg(index));
        if described.is_fixed() {
            let keys = described.keys(args).filter_map(|index| args.arg(index));
            return Ok(keys.map(Bytes::copy_from_slice).collect());
        }
        let errand = || Errand::FindKeys { words: words().map(<[u8]>::to_vec).collect() };
        self.keys.take().ok_or_else(|| Missing::Errand(errand()))
    }
}

/// What is missing to tell the keys of a command.
enum Missing {
    /// An answer.
    Errand(Errand),
    /// The command, at the target as well.
    Everywhere,
}

impl Commands {
    pub(super) fn foreign(
        &mut self,
        frame: &[u8],
        args: Args<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Taken, ApplyErrorKind> {
        if self.settings.target.is_standalone() {
            // One server has all slots; what it does not know it refuses by name.
            self.pass_as_it_is(Slot::MIN, frame, sink);
            return Ok(Taken::Done);
        }
        self.check_database()?;
        let command = || shown(args.arg(0).unwrap_or_default());
        let keys = match self.foreign.keys(args) {
            Ok(keys) => keys,
            Err(Missing::Errand(errand)) => return Ok(Taken::AgainAfter(errand)),
            Err(Missing::Everywhere) => return Err(ApplyErrorKind::UnknownCommand { command: command() }),
        };
        let slot = keys.first().map(|key| slot_of(key));
        match slot.filter(|&slot| keys.iter().all(|key| slot_of(key) == slot)) {
            Some(slot) => self.pass_as_it_is(slot, frame, sink),
            None => self.refuse_or_skip(command(), shown_keys(keys.iter().map(|key| &key[..])))?,
        }
        Ok(Taken::Done)
    }

    fn pass_as_it_is(&mut self, slot: Slot, frame: &[u8], sink: &mut dyn Sink) {
        self.applied += 1;
        // What is not known may be anything.
        let (route, delivery) = (Route::Slot(slot), Delivery::Once);
        self.hand_over(Handed { route, commands: 1, forgiving: false, delivery }, frame, sink);
    }
}

#[cfg(test)]
mod tests {
    use super::super::bench::{Bench, apply, to_cluster, to_server};
    use super::super::{Left, StreamSettings};
    use super::*;
    use crate::pipeline::apply::sink::recorder::reply;
    use crate::pipeline::plan::CrossSlot;

    fn describe(name: &str) -> Option<Errand> {
        Some(Errand::Describe { name: name.as_bytes().to_vec() })
    }

    fn described(first: i64, last: i64, flag: &str) -> Settled {
        let row = format!("*1\r\n*6\r\n$1\r\nX\r\n:-3\r\n*1\r\n+{flag}\r\n:{first}\r\n:{last}\r\n:1\r\n");
        Settled::Described(Described::of(&reply(&row)))
    }

    fn keys(keys: &[&str]) -> Settled {
        Settled::Keys(keys.iter().map(|key| Bytes::copy_from_slice(key.as_bytes())).collect())
    }

    #[test]
    fn the_target_is_asked_once() {
        let mut bench = Bench::new(to_cluster());
        assert_eq!(
            bench.feed(&["SET foo 1", "json.set foo $ 1", "JSON.SET bar $ 2", "SET foo 3"]),
            describe("JSON.SET")
        );
        assert_eq!((bench.lines().len(), bench.sink.rounds.len()), (1, 0));
        assert_eq!(bench.settle(described(1, 1, "write")), None);
        assert_eq!(bench.lines(), ["12182 0: json.set foo $ 1", "5061 0: JSON.SET bar $ 2", "12182 0: SET foo 3"]);
        assert_eq!((bench.sink.rounds.len(), bench.applier.applied()), (1, 4));
        assert_eq!(bench.feed(&["Json.Set foo $ 4"]), None);
    }

    #[test]
    fn and_each_time_when_keys_move() {
        let mut bench = Bench::new(to_cluster());
        assert_eq!(bench.feed(&["M.OVE 2 foo {foo}a", "M.OVE 1 bar x"]), describe("M.OVE"));
        let words =
            |line: &str| Some(Errand::FindKeys { words: line.split(' ').map(|w| w.as_bytes().to_vec()).collect() });
        assert_eq!(bench.settle(described(0, 0, "movablekeys")), words("M.OVE 2 foo {foo}a"));
        assert_eq!(bench.settle(keys(&["foo", "{foo}a"])), words("M.OVE 1 bar x"));
        assert_eq!(bench.settle(keys(&["bar"])), None);
        assert_eq!(bench.lines(), ["12182 0: M.OVE 2 foo {foo}a", "5061 0: M.OVE 1 bar x"]);
    }

    #[test]
    fn in_a_transaction_as_well() {
        let mut bench = Bench::new(to_cluster());
        assert_eq!(bench.feed(&["MULTI", "SET foo 1", "X.Y foo z", "EXEC"]), describe("X.Y"));
        assert_eq!(bench.settle(described(1, 1, "write")), None);
        assert_eq!(bench.lines(), ["12182 0: MULTI; SET foo 1; X.Y foo z; EXEC"]);
    }

    #[test]
    fn what_nobody_knows_or_no_node_takes() {
        let mut bench = Bench::new(to_cluster());
        assert_eq!(bench.feed(&["X.Y foo"]), describe("X.Y"));
        let error = bench.applier.settle(Settled::Described(None), &mut bench.sink).unwrap_err().to_string();
        assert!(error.starts_with("at offset 122: X.Y is not a command that is known here, nor"), "{error}");

        let mut bench = Bench::new(to_cluster());
        assert_eq!(bench.feed(&["X.Y foo bar"]), describe("X.Y"));
        let error = bench.applier.settle(described(1, -1, "write"), &mut bench.sink).unwrap_err().to_string();
        assert!(error.contains("X.Y has keys in several slots (foo bar)"), "{error}");

        let mut bench = Bench::new(StreamSettings { cross_slot: CrossSlot::Skip, ..to_cluster() });
        bench.feed(&["X.Y foo", "SET foo 1"]);
        bench.settle(described(0, 0, "write"));
        assert_eq!(bench.settle(keys(&[])), None);
        assert_eq!(bench.lines(), ["12182 0: SET foo 1"]);
        let left = Left::CrossSlot { command: "X.Y".to_owned(), keys: String::new(), offset: 122 };
        assert_eq!(bench.applier.take_left(), [left]);
    }

    #[test]
    fn a_server_needs_no_asking() {
        assert_eq!(apply(to_server(), &["X.Y foo bar"]).unwrap(), ["0 0: X.Y foo bar"]);
    }

    #[test]
    fn subcommands_that_the_table_does_not_have() {
        let mut bench = Bench::new(to_cluster());
        assert_eq!(bench.feed(&["XGROUP NEW foo g"]), describe("XGROUP"));
    }
}
