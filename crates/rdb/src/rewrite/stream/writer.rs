//! The order of a stream's commands.
//!
//! First comes what is pending without an entry, on the key that is empty still. Then entries are added with their IDs,
//! `XSETID` tells what was added and deleted before, and then come the groups.

use crate::elements::{EntryFields, StreamElement, StreamId, StreamSummary};
use crate::rewrite::number::{id_text, write_id};
use crate::rewrite::place::Place;
use crate::rewrite::{LossKind, RewriteErrorKind};
use crate::scalar::Digits;

use super::claims::Pending;
use super::dangling::Dangling;
use super::entry_ids::EntryIds;
use super::groups::{GroupWriter, Presence};
use super::scan::NO_ENTRY;
use super::tail::Known;

/// A stream under way.
#[derive(Debug, Default)]
pub(in crate::rewrite) struct StreamWriter {
    entries: EntryIds,
    known: Known,
    summary: Option<StreamSummary>,
    groups: GroupWriter,
    group_count: usize,
    /// What is pending without an entry, and made already, if the value is whole; nothing of it is forgotten then.
    dangling: Option<Dangling>,
    text: String,
}

impl StreamWriter {
    pub(in crate::rewrite) fn begin(&mut self) {
        self.entries.clear();
        self.known = Known::default();
        self.summary = None;
        self.groups.clear();
        self.group_count = 0;
        self.dangling = None;
    }

    /// Says that the value is whole, and makes what is pending without an entry.
    pub(in crate::rewrite) fn begin_whole(&mut self, mut dangling: Dangling, place: &mut Place<'_>) {
        if dangling.count() > 0 {
            dangling.write(place);
            self.known.add_dangling(dangling.count());
        }
        self.dangling = Some(dangling);
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
            StreamElement::Entry { id, fields } => self.entry(id, fields, place)?,
            StreamElement::Summary(summary) => self.summary(summary, place)?,
            StreamElement::Group { name, last_id, entries_read } => {
                let exists = self.dangling.as_ref().is_some_and(|dangling| dangling.has_group(self.group_count));
                self.group_count += 1;
                self.groups.group(name, exists, last_id, entries_read, place)?;
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
        self.begin();
    }

    fn entry(&mut self, id: StreamId, fields: EntryFields<'_>, place: &mut Place<'_>) -> Result<(), RewriteErrorKind> {
        if id <= self.known.last_id || fields.len() == 0 {
            return Err(RewriteErrorKind::ImpossibleStream);
        }
        self.text.clear();
        write_id(id, &mut self.text);
        place.head("XADD", 1 + 2 * fields.len());
        resp::put_bulk(place.out, self.text.as_bytes());
        for (name, value) in fields {
            resp::put_bulk(place.out, name.as_bytes(&mut Digits::default()));
            resp::put_bulk(place.out, value.as_bytes(&mut Digits::default()));
        }
        self.entries.add(id, if self.dangling.is_some() { 0 } else { REMEMBERED });
        self.known.add(id);
        Ok(())
    }

    fn summary(&mut self, summary: StreamSummary, place: &mut Place<'_>) -> Result<(), RewriteErrorKind> {
        self.summary = Some(summary);
        if self.known.entries_added == 0 {
            self.make_empty(summary.last_id, place);
        }
        self.known.settle(&summary, self.entries.count(), place)
    }

    /// Makes a stream without entries: an entry is added and trimmed at once, which leaves its ID alone.
    fn make_empty(&mut self, last_id: StreamId, place: &mut Place<'_>) {
        let id = if last_id == NO_ENTRY { StreamId { ms: 0, seq: 1 } } else { last_id };
        place.command("XADD", &[b"MAXLEN", b"0", id_text(id).as_bytes(), b"", b""]);
        self.known.add(id);
    }

    /// Whether the target's stream has this entry, once all are added.
    fn presence(&self, id: StreamId) -> Presence {
        if let Some(dangling) = &self.dangling {
            return match id {
                NO_ENTRY => Presence::Absent,
                _ if dangling.has(id) => Presence::Claimed,
                _ => Presence::Present,
            };
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
