//! Which bytes go to disk, and their entries once they are there.

use bytes::Bytes;

use super::{
    super::spool::Spilled,
    Store,
    entry::{Content, Entry},
};
use crate::UnixMillis;

/// Neighbours in the FIFO that go to disk in one write.
#[derive(Debug, Default)]
pub(in crate::backlog) struct Run {
    /// In order.
    pub(in crate::backlog) parts: Vec<RunPart>,
}

/// Entries that become one on disk, and are read back at once.
#[derive(Debug)]
pub(in crate::backlog) struct RunPart {
    /// The name of the first one.
    weight_before: u64,
    /// Their bytes.
    pub(in crate::backlog) blocks: Vec<Bytes>,
    /// How many these are.
    pub(in crate::backlog) len: usize,
    /// When the first of them was received.
    received: UnixMillis,
}

/// The answer to what is to be spilled next.
#[derive(Debug)]
pub(in crate::backlog) enum Pick {
    /// Nothing is left in memory but what is needed there.
    Nothing,
    /// There is something, but not even the last entry is within the limit.
    TooLarge,
    /// This.
    Run(Run),
}

impl Store {
    /// Whether so much is in memory that some of it should go to disk.
    pub(in crate::backlog) fn is_above_high_water(&self) -> bool {
        self.memory() >= self.budget.memory_bytes / 4 * 3
    }

    /// Whether spilling has made enough space. A gap between the two marks keeps runs large.
    pub(in crate::backlog) fn is_below_low_water(&self) -> bool {
        self.memory() < self.budget.memory_bytes / 2
    }

    /// Picks the newest neighbours in memory, of at most `limit` bytes in all: what came last is needed last.
    pub(in crate::backlog) fn pick(&self, limit: u64) -> Pick {
        let Some(last) = self.last_to_spill() else { return Pick::Nothing };
        let mut left = limit.min(RUN_BYTES);
        let mut first = last + 1;
        while let Some((before, bytes)) = first.checked_sub(1).and_then(|i| Some((i, self.spillable(i)?)))
            && let Some(rest) = left.checked_sub(bytes.len() as u64)
        {
            (first, left) = (before, rest);
        }
        if first <= last {
            return Pick::Run(self.run(first, last));
        }
        // A block larger than a run is one of its own.
        if self.spillable(last).is_some_and(|bytes| bytes.len() as u64 <= limit) {
            return Pick::Run(self.run(last, last));
        }
        Pick::TooLarge
    }

    fn last_to_spill(&self) -> Option<usize> {
        let released = self.index_of(self.freed.entry);
        (released..self.entries.len()).rev().find(|&index| self.spillable(index).is_some())
    }

    /// The bytes of an entry that may go to disk: in memory, not released, and not what is read next.
    fn spillable(&self, index: usize) -> Option<&Bytes> {
        let (next, released) = (self.index_of(self.cursor.entry), self.index_of(self.freed.entry));
        let released = index < released || (index == released && self.freed.skip > 0);
        self.entries.get(index).filter(|_| index != next && !released).and_then(Entry::resident)
    }

    fn run(&self, first: usize, last: usize) -> Run {
        let mut run = Run::default();
        for entry in self.entries.range(first..=last) {
            if let Some(bytes) = entry.resident() {
                run.add(entry, bytes.clone());
            }
        }
        run
    }

    /// Says that a part of a run is on disk now. It changes nothing if it is too late for that: some of it was
    /// released in the meantime, or is read right now.
    pub(in crate::backlog) fn spill(&mut self, part: &RunPart, spilled: Spilled) {
        let Ok(first) = self.entries.binary_search_by_key(&part.weight_before, |entry| entry.weight_before) else {
            return;
        };
        let range = first..first + part.blocks.len();
        if range.clone().any(|index| self.spillable(index).is_none()) {
            return;
        }
        let before: u64 = self.entries.range(range.clone()).map(Entry::memory).sum();
        let Some(entry) = self.entries.get_mut(first) else { return };
        entry.content = Content::Spilled(Box::new(spilled));
        let after = entry.memory();
        self.spilled = self.spilled.saturating_add(entry.on_disk());
        self.memory = self.memory.saturating_sub(before).saturating_add(after);
        self.entries.drain(first + 1..range.end);
        self.renumber(first, part.blocks.len() - 1);
    }

    /// Moves the cursors that lie behind the entry at `index` by the `gone` entries that followed it.
    fn renumber(&mut self, index: usize, gone: usize) {
        let (last, gone) = (self.first + index as u64, gone as u64);
        for cursor in [&mut self.cursor, &mut self.freed] {
            if cursor.entry > last {
                cursor.entry -= gone;
            }
        }
    }
}

impl Run {
    fn add(&mut self, entry: &Entry, bytes: Bytes) {
        let &Entry { weight_before, received, .. } = entry;
        match self.parts.last_mut() {
            Some(part) if part.len + bytes.len() <= PART_BYTES && received.since(part.received) <= PART_SPAN => {
                part.len += bytes.len();
                part.blocks.push(bytes);
            }
            _ => self.parts.push(RunPart { weight_before, len: bytes.len(), received, blocks: vec![bytes] }),
        }
    }

    pub(in crate::backlog) fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.len as u64).sum()
    }
}

/// What is written at once, and waits in memory meanwhile.
const RUN_BYTES: u64 = 4 << 20;
/// What is read at once. A block that is larger as it came is not cut.
const PART_BYTES: usize = 1 << 20;
/// How much older than itself bytes may come back, in milliseconds: what becomes one has one time of receipt.
const PART_SPAN: u64 = 1_000;
