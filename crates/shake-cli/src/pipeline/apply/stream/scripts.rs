//! Scripts that sources before 7.0 send as they were called, when they are set up that way, and always before 5.0.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use bytes::BytesMut;
use cluster_router::{Delivery, Route};

use super::Commands;
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::said::Said;
use crate::pipeline::apply::transaction::Handed;

/// The scripts that every primary of the target has been given.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    known: HashSet<u64>,
    hasher: RandomState,
}

impl Scripts {
    /// Notes a script; answers whether it was new.
    fn note(&mut self, script: &[u8]) -> bool {
        if self.known.len() >= MOST {
            self.forget();
        }
        self.known.insert(self.hasher.hash_one(script))
    }

    fn forget(&mut self) {
        self.known.clear();
    }
}

impl Commands {
    /// Nodes may not have the scripts any more that they were given.
    pub(super) fn forget_scripts(&mut self) {
        self.scripts.forget();
    }

    /// A source takes for granted that its replicas know a script that they were sent once, and later sends its digest
    /// only. One of these may be for another node.
    pub(super) fn load_script(&mut self, said: Said<'_>, sink: &mut dyn Sink) {
        let script = said.arg(1);
        if self.scripts.note(script) {
            let mut out = BytesMut::new();
            let words: [&[u8]; 3] = [b"SCRIPT", b"LOAD", script];
            resp::put_command(&mut out, &words);
            let (route, delivery) = (Route::EveryPrimary, Delivery::Repeatable);
            self.hand_over(Handed { route, commands: 1, forgiving: false, delivery }, &out, sink);
        }
    }
}

/// Loading one again does no harm.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::super::bench::{Bench, apply, to_cluster, to_server};

    #[test]
    fn a_script_is_known_everywhere_before_its_digest_comes() {
        let lines =
            apply(to_cluster(), &["EVAL s 1 foo", "EVAL s 1 bar", "EVALSHA 1f 1 bar", "SCRIPT FLUSH", "EVAL s 1 foo"]);
        let expected = [
            "all 0: SCRIPT LOAD s",
            "12182 0: EVAL s 1 foo",
            "5061 0: EVAL s 1 bar",
            "5061 0: EVALSHA 1f 1 bar",
            "all 0: SCRIPT FLUSH",
            "all 0: SCRIPT LOAD s",
            "12182 0: EVAL s 1 foo",
        ];
        assert_eq!(lines.unwrap(), expected);
        assert_eq!(apply(to_server(), &["EVAL s 1 foo"]).unwrap(), ["0 0: EVAL s 1 foo"]);
    }

    #[test]
    fn in_a_transaction_it_is_loaded_before_any_slot_calls_it() {
        let lines =
            ["MULTI", "SET bar 1", "EVAL s 1 foo", "EVALSHA 1f 1 bar", "SCRIPT LOAD t", "EVALSHA 2f 1 foo", "EXEC"];
        let expected = [
            "all 0: SCRIPT LOAD s",
            "all 0: SCRIPT LOAD t",
            "5061 0: MULTI; SET bar 1; EVALSHA 1f 1 bar; EXEC",
            "12182 0: MULTI; EVAL s 1 foo; EVALSHA 2f 1 foo; EXEC",
        ];
        assert_eq!(apply(to_cluster(), &lines).unwrap(), expected);
        let flushed =
            apply(to_cluster(), &["MULTI", "EVALSHA 1f 1 bar", "SCRIPT FLUSH", "EVAL s 1 foo", "EXEC"]).unwrap();
        let expected =
            ["5061 0: EVALSHA 1f 1 bar", "all 0: SCRIPT FLUSH", "all 0: SCRIPT LOAD s", "12182 0: EVAL s 1 foo"];
        assert_eq!(flushed, expected);
    }

    #[test]
    fn what_nodes_may_have_lost_is_loaded_again() {
        let mut bench = Bench::new(to_cluster());
        bench.feed(&["EVAL s 1 foo", "EVAL s 1 bar"]);
        bench.applier.nodes_may_be_new();
        bench.feed(&["EVAL s 1 foo"]);
        let loads = bench.lines().iter().filter(|line| *line == "all 0: SCRIPT LOAD s").count();
        assert_eq!(loads, 2);
    }
}
