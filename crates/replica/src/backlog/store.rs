use std::collections::VecDeque;

use bytes::Bytes;

use super::{Budget, Gone, History, Phase, Piece, Place};

/// The pieces of a backlog in order, what has been read of them, and what has been released.
///
/// Weights measure how much lies between two points of the FIFO: bytes, plus a flat charge for each entry so that many
/// small ones do not go unnoticed. They only grow, over the whole life of the backlog.
#[derive(Debug)]
pub(super) struct Store {
    budget: Budget,
    entries: VecDeque<Entry>,
    /// Number of the first entry held; entries are numbered from 0 over the whole life of the backlog.
    first: u64,
    cursor: Cursor,
    histories: Vec<History>,
    received: Option<Place>,
    read: Option<Place>,
    released: Option<Place>,
    total_weight: u64,
    released_weight: u64,
}

#[derive(Debug)]
struct Entry {
    at: Place,
    weight_before: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// Boxed: there are few of them, and each entry would be as large.
    History(Box<History>),
    Bytes(Bytes),
    SnapshotEnd(Place),
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
            histories: Vec::new(),
            received: None,
            read: None,
            released: None,
            total_weight: 0,
            released_weight: 0,
        }
    }

    /// Whether there is room for more: below the budget, and also when all of it has been read. What the reader holds
    /// then is the beginning of something that is larger than the budget; it cannot be released before its end comes.
    pub(super) fn has_room(&self) -> bool {
        self.unreleased() < self.budget.memory_bytes || self.read == self.received
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

    pub(super) fn push_history(&mut self, history: History) {
        self.histories.push(history);
        self.push(history.place(), Content::History(Box::new(history)));
    }

    /// Appends bytes to what was received last; `None` when there is no history that they could belong to.
    pub(super) fn push_bytes(&mut self, bytes: Bytes) -> Option<Place> {
        let at = self.received?;
        if !bytes.is_empty() {
            self.push(at, Content::Bytes(bytes));
        }
        self.received
    }

    /// Closes the snapshot; `None` when there is none.
    pub(super) fn push_snapshot_end(&mut self) -> Option<Place> {
        let at = self.received.filter(|at| at.phase == Phase::Snapshot)?;
        let next = Place::stream(at.generation, self.histories.last()?.offset.0);
        self.push(at, Content::SnapshotEnd(next));
        Some(next)
    }

    fn push(&mut self, at: Place, content: Content) {
        let entry = Entry { at, weight_before: self.total_weight, content };
        self.received = Some(entry.end());
        self.total_weight = self.total_weight.saturating_add(entry.weight());
        self.entries.push_back(entry);
    }

    pub(super) fn next(&mut self) -> Option<Piece> {
        let entry = self.entries.get(self.index_of(self.cursor.entry))?;
        let skip = self.cursor.skip;
        let piece = match &entry.content {
            Content::History(history) => Piece::History(**history),
            Content::Bytes(bytes) => {
                Piece::Bytes { at: entry.at.advanced(skip), bytes: bytes.slice(skip.min(bytes.len())..) }
            }
            Content::SnapshotEnd(next) => Piece::SnapshotEnd { next: *next },
        };
        self.read = Some(entry.end());
        self.cursor = Cursor { entry: self.cursor.entry + 1, skip: 0 };
        Some(piece)
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
        self.trim();
    }

    fn trim(&mut self) {
        let limit = self.released_weight.saturating_sub(self.budget.kept_window_bytes);
        // What is released has been read: this never gets past the cursor.
        while self.entries.pop_front_if(|entry| entry.weight_before + entry.weight() <= limit).is_some() {
            self.first += 1;
        }
        self.forget_histories();
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
            Some((i, entry)) if place < entry.end() && entry.is_bytes() => {
                (i, usize::try_from(place.offset - entry.at.offset).unwrap_or(usize::MAX))
            }
            _ => (index, 0),
        }
    }

    fn index_of(&self, entry: u64) -> usize {
        usize::try_from(entry.saturating_sub(self.first)).unwrap_or(usize::MAX)
    }
}

impl Entry {
    fn end(&self) -> Place {
        match &self.content {
            Content::History(_) => self.at,
            Content::Bytes(bytes) => self.at.advanced(bytes.len()),
            Content::SnapshotEnd(next) => *next,
        }
    }

    fn weight(&self) -> u64 {
        let bytes = match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::History(_) | Content::SnapshotEnd(_) => 0,
        };
        (bytes + size_of::<Self>()) as u64
    }

    fn is_bytes(&self) -> bool {
        matches!(self.content, Content::Bytes(_))
    }
}
