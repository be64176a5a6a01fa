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

    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

impl Commands {
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
    use super::super::bench::{apply, to_cluster, to_server};

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
}
