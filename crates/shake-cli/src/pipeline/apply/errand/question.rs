use bytes::BytesMut;
use cluster_router::Slot;
use cluster_router::command::Described;
use resp::Reply;

use super::{At, Settled};
use crate::pipeline::apply::Sink;

/// A question about a command that the table does not have. Any node can answer it.
#[derive(Debug)]
pub(in crate::pipeline::apply) struct Question {
    words: Vec<Vec<u8>>,
    kind: Kind,
    at: At,
    asked: bool,
    settled: Option<Settled>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Describe,
    FindKeys,
}

impl Question {
    pub(super) fn describe(name: Vec<u8>, at: At) -> Self {
        let words = vec![b"COMMAND".to_vec(), b"INFO".to_vec(), name];
        Self { words, kind: Kind::Describe, at, asked: false, settled: None }
    }

    pub(super) fn find_keys(command: Vec<Vec<u8>>, at: At) -> Self {
        let words = [b"COMMAND".to_vec(), b"GETKEYS".to_vec()].into_iter().chain(command).collect();
        Self { words, kind: Kind::FindKeys, at, asked: false, settled: None }
    }

    pub(super) fn advance(&mut self, sink: &mut dyn Sink) {
        if !std::mem::replace(&mut self.asked, true) {
            let encode = &mut |out: &mut BytesMut| resp::put_command(out, &self.words);
            sink.ask(self.at.outgoing(Slot::MIN, 1, 0), 0, encode);
        }
    }

    pub(super) fn answer(&mut self, reply: &Reply) {
        self.settled = Some(match self.kind {
            Kind::Describe => Settled::Described(Described::of(reply)),
            Kind::FindKeys => {
                let keys = reply.as_array().unwrap_or_default();
                Settled::Keys(keys.iter().filter_map(|key| key.as_bytes().cloned()).collect())
            }
        });
    }

    pub(super) fn settled(&mut self) -> Option<Settled> {
        self.settled.take()
    }
}
