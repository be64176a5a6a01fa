//! The FIFO itself. It knows which bytes lie on disk, and leaves reading and writing them to others.

mod entry;
mod spill;

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{
    Budget, Gone, History, Phase, Piece, Place,
    spool::{Segment, Spilled},
};
use crate::UnixMillis;
use entry::{Content, Entry};
pub(super) use spill::{Pick, Run, RunPart};

/// The pieces of a backlog in order, what has been read of them, and what has been released.
///
/// Weights measure how much lies between two points of the FIFO: bytes, plus a flat charge for each entry so that many
/// small ones do not go unnoticed. They only grow, over the whole life of the backlog, and do not depend on where the
/// bytes are; how much of it is in memory is counted beside.
#[derive(Debug)]
pub(super) struct Store {
    budget: Budget,
    entries: VecDeque<Entry>,
    /// Number of the first entry held. Entries are numbered in order; those that are spilled together become one.
    first: u64,
    cursor: Cursor,
    /// Up to where it is released, as `cursor`.
    freed: Cursor,
    histories: Vec<History>,
    received: Option<Place>,
    read: Option<Place>,
    released: Option<Place>,
    total_weight: u64,
    released_weight: u64,
    /// What the entries from `freed` on take in memory.
    memory: u64,
    /// Bytes of all entries that are on disk.
    spilled: u64,
    /// Holds on segments given up by entries that are gone. Dropping the last one deletes a file: not under the lock.
    garbage: Vec<Arc<Segment>>,
}

/// What comes next for the reader.
#[derive(Debug)]
pub(super) enum Next {
    /// All has been read.
    Nothing,
    /// This; it counts as read now.
    Piece(Piece),
    /// Bytes that have to be loaded first, see [`Store::next_loaded`].
    OnDisk(Spilled),
}

/// Where reading goes on: an entry by its number, and how many of its bytes are to be left out.
#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    entry: u64,
    skip: usize,
}

impl Store {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            budget,
            entries: VecDeque::new(),
            first: 0,
            cursor: Cursor::default(),
            freed: Cursor::default(),
            histories: Vec::new(),
            received: None,
            read: None,
            released: None,
            total_weight: 0,
            released_weight: 0,
            memory: 0,
            spilled: 0,
            garbage: Vec::new(),
        }
    }

    /// Whether there is room for more: below the budget, and also when all of it has been read. What the reader holds
    /// then is the beginning of something that is larger than the budget; it cannot be released before its end comes.
    pub(super) fn has_room(&self) -> bool {
        self.memory() < self.budget.memory_bytes || self.read == self.received
    }

    /// What the unreleased takes in memory.
    pub(super) fn memory(&self) -> u64 {
        let partly = self.entries.get(self.index_of(self.freed.entry)).and_then(Entry::resident);
        let released = partly.map_or(0, |bytes| self.freed.skip.min(bytes.len()));
        self.memory.saturating_sub(released as u64)
    }

    /// Bytes held on disk.
    pub(super) fn spilled(&self) -> u64 {
        self.spilled
    }

    /// Weight of what is not released.
    pub(super) fn unreleased(&self) -> u64 {
        self.total_weight.saturating_sub(self.released_weight)
    }

    /// Weight of all that is held.
    pub(super) fn held(&self) -> u64 {
        self.entries.front().map_or(0, |front| self.total_weight.saturating_sub(front.weight_before))
    }

    pub(super) fn received(&self) -> Option<Place> {
        self.received
    }

    pub(super) fn read(&self) -> Option<Place> {
        self.read
    }

    pub(super) fn released(&self) -> Option<Place> {
        self.released
    }

    /// When the oldest of the bytes was received that are not released.
    pub(super) fn oldest(&self) -> Option<UnixMillis> {
        let unreleased = self.entries.range(self.index_of(self.freed.entry).min(self.entries.len())..);
        unreleased.into_iter().find(|entry| entry.has_bytes()).map(|entry| entry.received)
    }

    pub(super) fn push_history(&mut self, history: History) {
        self.histories.push(history);
        self.push(history.place(), UnixMillis::default(), Content::History(Box::new(history)));
    }

    /// Appends bytes to what was received last; `None` when there is no history that they could belong to.
    pub(super) fn push_bytes(&mut self, bytes: Bytes, received: UnixMillis) -> Option<Place> {
        let at = self.received?;
        if !bytes.is_empty() {
            self.push(at, received, Content::Bytes(bytes));
        }
        self.received
    }

    /// Closes the snapshot; `None` when there is none.
    pub(super) fn push_snapshot_end(&mut self) -> Option<Place> {
        let at = self.received.filter(|at| at.phase == Phase::Snapshot)?;
        let next = Place::stream(at.generation, self.histories.last()?.offset.0);
        self.push(at, UnixMillis::default(), Content::SnapshotEnd(next));
        Some(next)
    }

    fn push(&mut self, at: Place, received: UnixMillis, content: Content) {
        let entry = Entry { at, weight_before: self.total_weight, received, content };
        self.received = Some(entry.end());
        self.memory = self.memory.saturating_add(entry.memory());
        // Nothing is on disk when it is new: its weight is what it takes in memory.
        self.total_weight = self.total_weight.saturating_add(entry.memory());
        self.entries.push_back(entry);
    }

    pub(super) fn next(&mut self) -> Next {
        let Some(entry) = self.entries.get(self.index_of(self.cursor.entry)) else { return Next::Nothing };
        let piece = match &entry.content {
            Content::History(history) => Piece::History(**history),
            Content::Bytes(bytes) => self.cursor.rest_of(entry, bytes),
            Content::Spilled(spilled) => return Next::OnDisk((**spilled).clone()),
            Content::SnapshotEnd(next) => Piece::SnapshotEnd { next: *next },
        };
        self.step();
        Next::Piece(piece)
    }

    /// Goes on with what was [`Next::OnDisk`], given its bytes.
    pub(super) fn next_loaded(&mut self, bytes: &Bytes) -> Option<Piece> {
        let entry = self.entries.get(self.index_of(self.cursor.entry))?;
        let piece = self.cursor.rest_of(entry, bytes);
        self.step();
        Some(piece)
    }

    /// What has to be loaded before reading can go on, if anything.
    pub(super) fn to_load(&self) -> Option<Spilled> {
        match &self.entries.get(self.index_of(self.cursor.entry))?.content {
            Content::Spilled(spilled) => Some((**spilled).clone()),
            _ => None,
        }
    }

    /// Counts the entry at the cursor as read.
    fn step(&mut self) {
        self.read = self.entries.get(self.index_of(self.cursor.entry)).map(Entry::end).or(self.read);
        self.cursor = Cursor { entry: self.cursor.entry + 1, skip: 0 };
    }

    pub(super) fn rewind(&mut self, place: Place) -> Result<(), Gone> {
        let gone = Gone { place };
        let (index, skip) = self.lower_bound(place);
        if skip == 0 && !self.is_boundary(index, place) {
            return Err(gone);
        }
        self.cursor = Cursor { entry: self.first + index as u64, skip };
        self.read = Some(place);
        Ok(())
    }

    /// Whether the entry at `index` begins at `place`, or the one before it ends there.
    fn is_boundary(&self, index: usize, place: Place) -> bool {
        let before = index.checked_sub(1).and_then(|i| self.entries.get(i));
        self.entries.get(index).is_some_and(|entry| entry.at == place)
            || before.is_some_and(|entry| entry.end() == place)
            || self.released == Some(place)
    }

    /// Frees what lies before `place`, but for the kept window, and never what has not been read.
    pub(super) fn release(&mut self, place: Place) {
        let Some(place) = self.read.map(|read| read.min(place)) else { return };
        if self.released.is_some_and(|released| place <= released) {
            return;
        }
        let (index, skip) = self.lower_bound(place);
        let weight = self.entries.get(index).map_or(self.total_weight, |entry| entry.weight_before);
        self.released = Some(place);
        self.released_weight = self.released_weight.max(weight.saturating_add(skip as u64));
        self.free(Cursor { entry: self.first + index as u64, skip });
        self.trim();
    }

    pub(super) fn keep(&mut self, bytes: u64) {
        self.budget.kept_window_bytes = bytes;
        self.trim();
    }

    /// Takes what lies before `upto` out of the count of memory.
    fn free(&mut self, upto: Cursor) {
        let (from, to) = (self.index_of(self.freed.entry), self.index_of(upto.entry));
        let freed: u64 = self.entries.iter().take(to).skip(from).map(Entry::memory).sum();
        self.memory = self.memory.saturating_sub(freed);
        self.freed = upto;
    }

    fn trim(&mut self) {
        let limit = self.released_weight.saturating_sub(self.budget.kept_window_bytes);
        // What is released has been read: this never gets past the cursor.
        while self.weight_behind_first() <= limit
            && let Some(entry) = self.entries.pop_front()
        {
            self.first += 1;
            self.discard(entry);
        }
        self.forget_histories();
    }

    /// Where the first entry ends.
    fn weight_behind_first(&self) -> u64 {
        self.entries.get(1).map_or(self.total_weight, |entry| entry.weight_before)
    }

    fn discard(&mut self, entry: Entry) {
        self.spilled = self.spilled.saturating_sub(entry.on_disk());
        if let Content::Spilled(spilled) = entry.content {
            self.garbage.push(spilled.into_segment());
        }
    }

    /// Whether entries on disk are gone since the last [`take_garbage`](Self::take_garbage).
    pub(super) fn has_garbage(&self) -> bool {
        !self.garbage.is_empty()
    }

    /// Holds on segments that entries had which are gone, to be dropped by the caller.
    pub(super) fn take_garbage(&mut self) -> Vec<Arc<Segment>> {
        std::mem::take(&mut self.garbage)
    }

    /// Frees everything: nobody will read it.
    pub(super) fn abandon(&mut self) {
        while let Some(entry) = self.entries.pop_front() {
            self.first += 1;
            self.discard(entry);
        }
        self.memory = 0;
        self.released_weight = self.total_weight;
    }

    /// Drops the histories whose bytes are all gone.
    fn forget_histories(&mut self) {
        if let Some(oldest) = self.entries.front().map(|entry| entry.at).or(self.received) {
            let current = self.histories.iter().rposition(|history| history.place() <= oldest).unwrap_or(0);
            self.histories.drain(..current);
        }
    }

    /// The history that the piece read next belongs to, or opens.
    pub(super) fn history(&self) -> Option<History> {
        let read = self.read?;
        self.histories.iter().rev().find(|history| history.place() <= read).copied()
    }

    /// The history that was written last.
    pub(super) fn last_history(&self) -> Option<History> {
        self.histories.last().copied()
    }

    /// The first entry, and how many of its bytes, from where all that lies before `place` is behind.
    fn lower_bound(&self, place: Place) -> (usize, usize) {
        let index = self.entries.partition_point(|entry| entry.at < place);
        let before = index.checked_sub(1).and_then(|i| Some((i, self.entries.get(i)?)));
        match before {
            Some((i, entry)) if place < entry.end() && entry.has_bytes() => {
                (i, usize::try_from(place.offset - entry.at.offset).unwrap_or(usize::MAX))
            }
            _ => (index, 0),
        }
    }

    fn index_of(&self, entry: u64) -> usize {
        usize::try_from(entry.saturating_sub(self.first)).unwrap_or(usize::MAX)
    }
}

impl Cursor {
    /// What is to be read of an entry whose bytes these are.
    fn rest_of(self, entry: &Entry, bytes: &Bytes) -> Piece {
        let skip = self.skip.min(bytes.len());
        Piece::Bytes { at: entry.at.advanced(skip), bytes: bytes.slice(skip..), received: entry.received }
    }
}
