//! Commands between MULTI and EXEC, kept together until EXEC comes.

use std::collections::{HashMap, VecDeque};

use bytes::BytesMut;
use cluster_router::{Outgoing, Phase, Route, Slot};

use super::Sink;
use super::errand::Errand;

/// A transaction of the source.
///
/// It reaches the target as transactions: one for each slot that it has keys in, since no node takes one of several
/// slots; and one for each run of commands in one database. What is an errand stands between two of them. What goes to
/// every primary goes ahead: a script is loaded before it is called by its digest, in whichever slot.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    bytes: BytesMut,
    parts: VecDeque<Part>,
}

#[derive(Debug)]
enum Part {
    Commands(Commands),
    Errand(Errand),
    /// What comes behind may not go ahead of what came before.
    Cut,
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

    /// Says that what comes behind may not go ahead of what came before.
    pub(super) fn cut(&mut self) {
        self.parts.push_back(Part::Cut);
    }

    pub(super) fn push_errand(&mut self, errand: Errand) {
        self.parts.push_back(Part::Errand(errand));
    }

    /// Submits what stands before the next errand, which is answered, or all that is left; `offset` is where EXEC ends.
    pub(super) fn submit(&mut self, offset: u64, sink: &mut dyn Sink) -> Option<Errand> {
        let mut groups = Groups::default();
        let mut errand = None;
        while let Some(part) = self.parts.pop_front() {
            match part {
                Part::Commands(commands) => groups.add(commands),
                Part::Cut => std::mem::take(&mut groups).submit(&self.bytes, offset, sink),
                Part::Errand(met) => {
                    errand = Some(met);
                    break;
                }
            }
        }
        groups.submit(&self.bytes, offset, sink);
        errand
    }
}

/// Commands of a transaction by where they go.
#[derive(Debug, Default)]
struct Groups {
    /// What has no key is no part of a transaction's data.
    everywhere: Vec<Commands>,
    of_slots: Vec<Vec<Commands>>,
    /// The last group of each slot.
    last: HashMap<Slot, usize>,
}

impl Groups {
    fn add(&mut self, commands: Commands) {
        let Route::Slot(slot) = commands.route else {
            self.everywhere.push(commands);
            return;
        };
        let group = self.last.get(&slot).and_then(|&index| self.of_slots.get_mut(index));
        match group.filter(|group| group.last().is_some_and(|last| last.db == commands.db)) {
            Some(group) => group.push(commands),
            None => {
                self.last.insert(slot, self.of_slots.len());
                self.of_slots.push(vec![commands]);
            }
        }
    }

    fn submit(self, bytes: &[u8], offset: u64, sink: &mut dyn Sink) {
        for commands in &self.everywhere {
            submit_group(bytes, std::slice::from_ref(commands), offset, sink);
        }
        for group in &self.of_slots {
            submit_group(bytes, group, offset, sink);
        }
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
