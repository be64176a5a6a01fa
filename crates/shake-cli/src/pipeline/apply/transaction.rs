//! Commands between MULTI and EXEC, kept together until EXEC comes.

use bytes::BytesMut;
use cluster_router::{Outgoing, Phase, Route};

use super::Sink;

/// A transaction of the source. It reaches the target as transactions: one for each slot that it has keys in, since no
/// node takes one of several slots.
#[derive(Debug)]
pub(super) struct Transaction {
    bytes: BytesMut,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    route: Route,
    db: u32,
    start: usize,
    end: usize,
}

impl Transaction {
    pub(super) fn new() -> Self {
        Self { bytes: BytesMut::new(), parts: Vec::new() }
    }

    /// Adds a command; `encode` writes its bytes.
    pub(super) fn push(&mut self, route: Route, db: u32, encode: &mut dyn FnMut(&mut BytesMut)) {
        let start = self.bytes.len();
        encode(&mut self.bytes);
        self.parts.push(Part { route, db, start, end: self.bytes.len() });
    }

    /// Submits the transaction; `offset` is where its EXEC ends.
    pub(super) fn submit(mut self, offset: u64, sink: &mut dyn Sink) {
        while let Some(first) = self.parts.first().copied() {
            let belongs = |part: &Part| part.route == first.route && part.db == first.db;
            let (group, rest) = self.parts.iter().partition::<Vec<Part>, _>(|part| belongs(part));
            self.parts = rest;
            submit_group(&self.bytes, &group, first, offset, sink);
        }
    }
}

fn submit_group(bytes: &[u8], group: &[Part], first: Part, offset: u64, sink: &mut dyn Sink) {
    let commands = u32::try_from(group.len()).unwrap_or(u32::MAX);
    let replies = if commands == 1 { 1 } else { commands + 2 };
    let outgoing =
        Outgoing { route: first.route, replies, db: first.db, phase: Phase::Stream, offset, forgiving: false };
    sink.submit(outgoing, &mut |out| {
        if commands > 1 {
            resp::put_command(out, &["MULTI"]);
        }
        for part in group {
            out.extend_from_slice(bytes.get(part.start..part.end).unwrap_or_default());
        }
        if commands > 1 {
            resp::put_command(out, &["EXEC"]);
        }
    });
}
