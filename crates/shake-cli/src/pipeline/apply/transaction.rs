//! Commands between MULTI and EXEC, kept together until EXEC comes.

use std::collections::{HashMap, VecDeque};

use bytes::BytesMut;
use cluster_router::{Outgoing, Phase, Route};

use super::Sink;
use super::errand::Errand;

/// A transaction of the source.
///
/// It reaches the target as transactions: one for each slot that it has keys in, since no node takes one of several
/// slots; and one for each run of commands in one database. What is an errand stands between two of them.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    bytes: BytesMut,
    parts: VecDeque<Part>,
}

#[derive(Debug)]
enum Part {
    Commands(Commands),
    Errand(Errand),
}

/// What one command of the source became.
#[derive(Debug, Clone, Copy)]
struct Commands {
    route: Route,
    db: u32,
    count: u32,
    forgiving: bool,
    start: usize,
    end: usize,
}

impl Transaction {
    /// Adds `count` commands.
    pub(super) fn push(&mut self, route: Route, db: u32, count: u32, forgiving: bool, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len();
        self.parts.push_back(Part::Commands(Commands { route, db, count, forgiving, start, end }));
    }

    pub(super) fn push_errand(&mut self, errand: Errand) {
        self.parts.push_back(Part::Errand(errand));
    }

    /// Submits what stands before the next errand, which is answered, or all that is left; `offset` is where EXEC ends.
    pub(super) fn submit(&mut self, offset: u64, sink: &mut dyn Sink) -> Option<Errand> {
        let mut groups: Vec<Vec<Commands>> = Vec::new();
        let mut group_of = HashMap::new();
        let mut errand = None;
        while let Some(part) = self.parts.pop_front() {
            let commands = match part {
                Part::Commands(commands) => commands,
                Part::Errand(met) => {
                    errand = Some(met);
                    break;
                }
            };
            let Route::Slot(slot) = commands.route else {
                // What has no key is no part of a transaction's data.
                groups.push(vec![commands]);
                continue;
            };
            let group = group_of.get(&slot).and_then(|&index: &usize| groups.get_mut(index));
            match group.filter(|group| group.last().is_some_and(|last| last.db == commands.db)) {
                Some(group) => group.push(commands),
                None => {
                    group_of.insert(slot, groups.len());
                    groups.push(vec![commands]);
                }
            }
        }
        for group in &groups {
            submit_group(&self.bytes, group, offset, sink);
        }
        errand
    }
}

fn submit_group(bytes: &[u8], group: &[Commands], offset: u64, sink: &mut dyn Sink) {
    let Some(&Commands { route, db, .. }) = group.first() else { return };
    let commands = group.iter().map(|commands| commands.count).sum();
    let forgiving = group.iter().all(|commands| commands.forgiving);
    submit_together(sink, Submission { route, db, commands, forgiving, offset }, &mut |out| {
        for part in group {
            out.extend_from_slice(bytes.get(part.start..part.end).unwrap_or_default());
        }
    });
}

/// Commands that take effect together, or one alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Submission {
    pub(super) route: Route,
    pub(super) db: u32,
    /// How many they are; nothing is submitted when there are none.
    pub(super) commands: u32,
    pub(super) forgiving: bool,
    pub(super) offset: u64,
}

/// Submits commands of the stream, several of them as a transaction; `encode` writes them.
pub(super) fn submit_together(sink: &mut dyn Sink, submission: Submission, encode: &mut dyn FnMut(&mut BytesMut)) {
    let Submission { route, db, commands, forgiving, offset } = submission;
    if commands == 0 {
        return;
    }
    let replies = if commands == 1 { 1 } else { commands.saturating_add(2) };
    let outgoing = Outgoing { route, replies, db, phase: Phase::Stream, offset, forgiving };
    sink.submit(outgoing, &mut |out| {
        if commands > 1 {
            resp::put_command(out, &["MULTI"]);
        }
        encode(out);
        if commands > 1 {
            resp::put_command(out, &["EXEC"]);
        }
    });
}
