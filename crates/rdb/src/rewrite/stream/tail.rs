//! What a stream knows of itself, brought to what the source knew.

use crate::elements::{StreamId, StreamSummary};
use crate::rewrite::number::id_text;
use crate::rewrite::place::Place;
use crate::rewrite::{LossKind, RewriteErrorKind};

use super::groups::counted;

/// What the target's stream knows of itself after the commands so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    pub(super) last_id: StreamId,
    pub(super) max_deleted_id: StreamId,
    pub(super) entries_added: u64,
}

impl Known {
    /// An entry was added.
    pub(super) const fn add(&mut self, id: StreamId) {
        self.last_id = id;
        self.entries_added += 1;
    }

    /// So many entries were added and trimmed away, and the last ID set back.
    pub(super) const fn add_dangling(&mut self, count: usize) {
        self.entries_added += count as u64;
    }

    /// Tells the target the rest (`XSETID`), or counts what it cannot be told.
    ///
    /// Where the source did not count, the numbers are those that a server gives such a stream when it loads it.
    ///
    /// # Errors
    /// When no server has such numbers.
    pub(super) fn settle(
        self,
        summary: &StreamSummary,
        count: u64,
        place: &mut Place<'_>,
    ) -> Result<(), RewriteErrorKind> {
        let wanted = Self {
            last_id: summary.last_id,
            max_deleted_id: summary.max_deleted_id.unwrap_or(self.max_deleted_id),
            entries_added: summary.entries_added.unwrap_or(count),
        };
        wanted.check(self.last_id, count, place)?;
        let last_id = id_text(wanted.last_id);
        if !place.target.has_stream_counters() {
            let added_more = summary.entries_added.is_some_and(|added| added != count);
            let deleted = summary.max_deleted_id.is_some_and(|id| id != StreamId::default());
            if added_more || deleted {
                place.lose(LossKind::StreamCounters);
            }
            if wanted.last_id != self.last_id {
                place.command("XSETID", &[last_id.as_bytes()]);
            }
        } else if wanted != self {
            let (added, max_deleted_id) = (wanted.entries_added.to_string(), id_text(wanted.max_deleted_id));
            let counters = [b"ENTRIESADDED", added.as_bytes(), b"MAXDELETEDID", max_deleted_id.as_bytes()];
            place.command("XSETID", &[&[last_id.as_bytes()], &counters[..]].concat());
        }
        Ok(())
    }

    /// What `XSETID` refuses: an ID below the top entry, or numbers that do not fit together.
    fn check(&self, top: StreamId, count: u64, place: &Place<'_>) -> Result<(), RewriteErrorKind> {
        let below = count > 0 && self.last_id < top;
        let numbers = counted(self.entries_added).is_ok_and(|_| self.entries_added >= count);
        let counters = numbers && self.max_deleted_id <= self.last_id;
        if below || place.target.has_stream_counters() && !counters {
            return Err(RewriteErrorKind::ImpossibleStream);
        }
        Ok(())
    }
}
