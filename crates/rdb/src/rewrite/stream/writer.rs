//! The order of a stream's commands.
//!
//! Entries are added with their IDs, then `XSETID` tells what was deleted before, then come the groups. Pending entries
//! that the stream has no longer are lost to a server that is asked to claim them (Redis drops them); so they are
//! added among the others as if they were there, claimed, and deleted again, and `XSETID` comes last.

use crate::elements::{EntryFields, StreamElement, StreamId, StreamSummary};
use crate::rewrite::number::{id_text, write_id};
use crate::rewrite::place::Place;
use crate::rewrite::{LossKind, RewriteErrorKind};
use crate::scalar::Digits;

use super::entry_ids::EntryIds;
use super::groups::{GroupWriter, Pending, Presence};
use super::scan::NO_ENTRY;
use super::tail::Known;

/// A stream under way.
#[derive(Debug, Default)]
pub(in crate::rewrite) struct StreamWriter {
    entries: EntryIds,
    known: Known,
    summary: Option<StreamSummary>,
    groups: GroupWriter,
    /// Whether the value is whole, so that nothing of it is forgotten or not foreseen.
    whole: bool,
    /// Pending entries that are not in the stream, by ID; none if it comes in chunks.
    dangling: Vec<StreamId>,
    /// How many of those were added.
    dangling_added: usize,
    text: String,
}

impl StreamWriter {
    pub(in crate::rewrite) fn begin(&mut self) {
        self.entries.clear();
        self.known = Known::default();
        self.summary = None;
        self.groups.clear();
        self.whole = false;
        self.dangling.clear();
        self.dangling_added = 0;
    }

    /// Says that the value is whole, and which pending entries it has no longer.
    pub(in crate::rewrite) fn begin_whole(&mut self, dangling: Vec<StreamId>) {
        self.whole = true;
        self.dangling = dangling;
    }

    /// Takes the next element.
    ///
    /// # Errors
    /// When no commands make it.
    pub(in crate::rewrite) fn element(
        &mut self,
        element: StreamElement<'_>,
        place: &mut Place<'_>,
    ) -> Result<(), RewriteErrorKind> {
        match element {
            StreamElement::Entry { id, fields } => self.entry(id, fields, place),
            StreamElement::Summary(summary) => self.summary(summary, place),
            StreamElement::Group { name, last_id, entries_read } => {
                self.groups.group(name, last_id, entries_read, place);
            }
            StreamElement::Pending { id, delivered_at_ms, deliveries } => {
                self.groups.pending(Pending { delivered_at_ms, deliveries, id });
            }
            StreamElement::Consumer { name, .. } => self.groups.consumer(name, place),
            StreamElement::Owned(id) => self.groups.owned(id, self.presence(id), place)?,
            StreamElement::Refused(_) => place.lose(LossKind::Refused),
            StreamElement::Produced { .. } => place.lose(LossKind::Idempotence),
            // How much is remembered of producers, and counts of what was: nothing that a reader of the stream sees.
            StreamElement::Idempotence { .. }
            | StreamElement::Producer(_)
            | StreamElement::IdempotenceCounters { .. } => {}
        }
        Ok(())
    }

    /// Ends the stream.
    pub(in crate::rewrite) fn end(&mut self, place: &mut Place<'_>) {
        self.groups.end(place);
        if self.dangling_added > 0 {
            self.remove_dangling(place);
            self.settle(place);
        }
        self.begin();
    }

    fn entry(&mut self, id: StreamId, fields: EntryFields<'_>, place: &mut Place<'_>) {
        self.add_dangling(Some(id), place);
        self.text.clear();
        write_id(id, &mut self.text);
        place.head("XADD", 1 + 2 * fields.len());
        resp::put_bulk(place.out, self.text.as_bytes());
        for (name, value) in fields {
            resp::put_bulk(place.out, name.as_bytes(&mut Digits::default()));
            resp::put_bulk(place.out, value.as_bytes(&mut Digits::default()));
        }
        self.entries.add(id, if self.whole { usize::MAX } else { REMEMBERED });
        self.known.add(id);
    }

    fn summary(&mut self, summary: StreamSummary, place: &mut Place<'_>) {
        self.summary = Some(summary);
        self.add_dangling(None, place);
        if self.known.entries_added == 0 {
            self.make_empty(summary.last_id, place);
        }
        if self.dangling_added == 0 {
            self.settle(place);
        }
    }

    /// Adds the pending entries without an entry that stand before this one.
    fn add_dangling(&mut self, before: Option<StreamId>, place: &mut Place<'_>) {
        while let Some(&id) = self.dangling.get(self.dangling_added) {
            if before.is_some_and(|before| before < id) {
                return;
            }
            place.command("XADD", &[id_text(id).as_bytes(), b"", b""]);
            self.known.add(id);
            self.dangling_added += 1;
        }
    }

    /// Makes a stream without entries: an entry is added and trimmed at once, which leaves its ID alone.
    fn make_empty(&mut self, last_id: StreamId, place: &mut Place<'_>) {
        let id = if last_id == NO_ENTRY { StreamId { ms: 0, seq: 1 } } else { last_id };
        place.command("XADD", &[b"MAXLEN", b"0", id_text(id).as_bytes(), b"", b""]);
        self.known.add(id);
    }

    /// Deletes what was added to be claimed. Trimming does not count as deleting, so it is for those that were trimmed.
    fn remove_dangling(&mut self, place: &mut Place<'_>) {
        let mut rest = self.dangling.as_slice();
        if place.target.has_stream_counters() {
            match self.entries.first() {
                None => {
                    place.command("XTRIM", &[b"MAXLEN", b"0"]);
                    rest = &[];
                }
                Some(first) => {
                    let (trimmed, deleted) = rest.split_at(rest.partition_point(|&id| id < first));
                    if !trimmed.is_empty() {
                        place.command("XTRIM", &[b"MINID", id_text(first).as_bytes()]);
                    }
                    rest = deleted;
                }
            }
        }
        for ids in rest.chunks(place.options.max_elements.max(1)) {
            place.head("XDEL", ids.len());
            for &id in ids {
                resp::put_bulk(place.out, id_text(id).as_bytes());
                self.known.delete(id);
            }
        }
    }

    fn settle(&self, place: &mut Place<'_>) {
        if let Some(summary) = &self.summary {
            self.known.settle(summary, self.entries.count(), place);
        }
    }

    /// Whether the target's stream has this entry, once all are added.
    fn presence(&self, id: StreamId) -> Presence {
        if self.whole {
            return if id == NO_ENTRY { Presence::Absent } else { Presence::Present };
        }
        let max_deleted = self.summary.as_ref().and_then(|summary| summary.max_deleted_id);
        match self.entries.has(id, max_deleted) {
            Some(true) => Presence::Present,
            Some(false) => Presence::Absent,
            None => Presence::Uncertain,
        }
    }
}

/// How many of the newest entries of a stream in chunks are remembered, to tell whether they are there: 4 MiB of IDs.
const REMEMBERED: usize = 1 << 18;
