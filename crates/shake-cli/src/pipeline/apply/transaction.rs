//! Commands between MULTI and EXEC, kept together until EXEC comes.

use std::collections::{HashMap, VecDeque};

use bytes::BytesMut;
use cluster_router::{Delivery, Outgoing, Phase, Route, Slot};

use super::Sink;
use super::errand::Errand;

/// A transaction of the source.
///
/// It reaches the target as transactions: one for each slot that it has keys in, since no node takes one of several
/// slots. What is an errand stands between two of them. What goes to every primary goes ahead: a script is loaded before it
/// is called by its digest, in whichever slot.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// A place within MULTI.
    begin: u64,
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
    delivery: Delivery,
    start: usize,
    end: usize,
}

impl Transaction {
    /// One whose MULTI begins at that offset.
    pub(super) fn behind(begin: u64) -> Self {
        // The first byte of it is behind all that came before, and before the end of EXEC.
        Self { begin: begin + 1, ..Self::default() }
    }

    /// Adds `count` commands.
    pub(super) fn push(&mut self, handed: Handed, db: u32, bytes: &[u8]) {
        let Handed { route, commands: count, forgiving, delivery } = handed;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len();
        self.parts.push_back(Part::Commands(Commands { route, db, count, forgiving, delivery, start, end }));
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
                Part::Cut => {
                    let place = self.place_before_cut(offset);
                    std::mem::take(&mut groups).submit(&self.bytes, place, sink);
                }

                Part::Errand(met) => {
                    errand = Some(met);
                    break;
                }
            }
        }
        // A fence speaks for the whole of a transaction. While something of it is still to come, none may: not that of a
        // unit either that this becomes a part of.
        let place = match errand {
            None => Place { offset, may_be_fenced: true },
            Some(_) => Place { offset: self.begin, may_be_fenced: false },
        };
        groups.submit(&self.bytes, place, sink);
        errand
    }
}

impl Transaction {
    /// What is submitted at a cut: an errand may still be behind it.
    fn place_before_cut(&self, offset: u64) -> Place {
        let has_errand = self.parts.iter().any(|part| matches!(part, Part::Errand(_)));
        if has_errand {
            Place { offset: self.begin, may_be_fenced: false }
        } else {
            Place { offset, may_be_fenced: true }
        }
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
        match group {
            Some(group) => group.push(commands),
            None => {
                self.last.insert(slot, self.of_slots.len());
                self.of_slots.push(vec![commands]);
            }
        }
    }

    fn submit(self, bytes: &[u8], place: Place, sink: &mut dyn Sink) {
        for commands in &self.everywhere {
            submit_group(bytes, std::slice::from_ref(commands), place, sink);
        }
        for group in &self.of_slots {
            submit_group(bytes, group, place, sink);
        }
    }
}

/// Where a transaction ends, and whether fences may say so.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset: u64,
    may_be_fenced: bool,
}

fn submit_group(bytes: &[u8], group: &[Commands], place: Place, sink: &mut dyn Sink) {
    let Place { offset, may_be_fenced } = place;
    let Some(&Commands { route, db, .. }) = group.first() else { return };
    // Each goes to its own database, and in the end it is the first one's again.
    let dbs: Vec<u32> = group.iter().map(|commands| commands.db).chain([db]).collect();
    let selects: u32 = dbs.windows(2).map(|pair| u32::from(pair.first() != pair.last())).sum();
    let commands = group.iter().map(|commands| commands.count).sum::<u32>() + selects;
    let forgiving = group.iter().all(|commands| commands.forgiving);
    let once = may_be_fenced && group.iter().any(|commands| commands.delivery == Delivery::Once);
    let delivery = if once { Delivery::Once } else { Delivery::Repeatable };
    let handed = Handed { route, commands, forgiving, delivery };
    submit_together(sink, Submission { handed, db, offset }, &mut |out| {
        for (part, next) in group.iter().zip(dbs.iter().skip(1)) {
            out.extend_from_slice(bytes.get(part.start..part.end).unwrap_or_default());
            if part.db != *next {
                resp::put_command(out, &["SELECT", &next.to_string()]);
            }
        }
    });
}

/// Commands that take effect together, or one alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handed {
    pub(super) route: Route,
    /// How many they are; nothing is submitted when there are none.
    pub(super) commands: u32,
    pub(super) forgiving: bool,
    pub(super) delivery: Delivery,
}

/// The same with their place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Submission {
    pub(super) handed: Handed,
    pub(super) db: u32,
    pub(super) offset: u64,
}

/// Submits commands of the stream; `encode` writes them.
pub(super) fn submit_together(sink: &mut dyn Sink, submission: Submission, encode: &mut dyn FnMut(&mut BytesMut)) {
    let Submission { handed: Handed { route, commands, forgiving, delivery }, db, offset } = submission;
    if commands > 0 {
        sink.submit(Outgoing { route, commands, db, phase: Phase::Stream, offset, forgiving, delivery }, encode);
    }
}
