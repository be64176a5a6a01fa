//! Which entries a stream has.

use std::collections::VecDeque;

use crate::elements::StreamId;

/// The IDs of a stream's entries, of which only the newest may be remembered.
#[derive(Debug, Default)]
pub(super) struct EntryIds {
    ids: VecDeque<StreamId>,
    first: Option<StreamId>,
    count: u64,
}

impl EntryIds {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds the next entry and forgets the oldest if there are more than `limit`.
    pub(super) fn add(&mut self, id: StreamId, limit: usize) {
        self.first.get_or_insert(id);
        self.count += 1;
        self.ids.push_back(id);
        if self.ids.len() > limit {
            self.ids.pop_front();
        }
    }

    /// How many entries there are.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Whether the stream has this entry; `None` when that is not remembered.
    ///
    /// Above the highest deleted ID, if that is known, all entries that there ever were are there still.
    pub(super) fn has(&self, id: StreamId, max_deleted: Option<StreamId>) -> Option<bool> {
        if self.ids.binary_search(&id).is_ok() {
            return Some(true);
        }
        let forgotten = self.first < Some(id) && self.ids.front() > Some(&id);
        let kept = max_deleted.is_some_and(|highest| id > highest);
        match forgotten || self.first == Some(id) {
            false => Some(false),
            true if kept || self.first == Some(id) => Some(true),
            true => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn id(ms: u64) -> StreamId {
        StreamId { ms, seq: 0 }
    }

    #[test]
    fn what_is_forgotten_may_follow_from_what_was_deleted() {
        let mut ids = EntryIds::default();
        assert_eq!(ids.has(id(1), None), Some(false));
        for ms in [10, 20, 30, 40] {
            ids.add(id(ms), 2);
        }
        assert_eq!(ids.count(), 4);
        for (ms, max_deleted, expected) in [
            (40, None, Some(true)),
            (35, None, Some(false)),
            (50, None, Some(false)),
            (10, None, Some(true)),
            (5, Some(0), Some(false)),
            (20, None, None),
            (20, Some(25), None),
            (20, Some(15), Some(true)),
        ] {
            assert_eq!(ids.has(id(ms), max_deleted.map(id)), expected, "{ms} {max_deleted:?}");
        }
    }
}
