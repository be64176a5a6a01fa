//! Streams: every part is a record that names what it belongs to, so that no order matters but that of fields.

use crate::elements::{StreamElement, StreamId, StreamSummary};

use super::DigestScope;
use super::record::{Record, Tag};

/// What the parts of a stream so far mean for those to come.
#[derive(Debug, Default)]
pub(super) struct StreamDigest {
    /// The lowest ID of an entry.
    first_id: Option<StreamId>,
    /// Set when the file says nothing of counters (before Redis 7.0): servers make them up as they load it.
    uncounted: Option<StreamSummary>,
    /// Hashes of names.
    group: u128,
    consumer: u128,
    producer: u128,
}

impl StreamDigest {
    /// Writes the record of `element`; false if it has none.
    ///
    /// The first ID has none, for it is that of the first entry. When consumers were seen or active has none: a
    /// primary does not tell its replicas, and commands cannot set it.
    pub(super) fn write(&mut self, element: &StreamElement<'_>, scope: DigestScope, record: &mut Record) -> bool {
        match element {
            StreamElement::Entry { id, fields } => {
                self.first_id = Some(self.first_id.map_or(*id, |first| first.min(*id)));
                record.start(Tag::Entry).id(*id);
                for (name, value) in fields.clone() {
                    record.text(&name).text(&value);
                }
            }
            StreamElement::Summary(summary) => self.summary(summary, scope, record),
            StreamElement::Group { name, last_id, entries_read } => {
                self.group = record.start(Tag::Group).text(name).hash();
                let read = if self.uncounted.is_some() { self.estimate(*last_id) } else { *entries_read };
                record.id(*last_id).optional(read.filter(|_| scope.stream_counters));
            }
            StreamElement::Pending { id, delivered_at_ms, deliveries } => {
                record.start(Tag::Pending).wide(self.group).id(*id).number(*deliveries);
                if scope.delivery_times {
                    record.number(delivered_at_ms.cast_unsigned());
                }
            }
            StreamElement::Consumer { name, .. } => {
                self.consumer = record.start(Tag::Consumer).wide(self.group).text(name).hash();
                return scope.idle_consumers;
            }
            // The hash of the consumer is that of its group, too.
            StreamElement::Owned(id) => {
                record.start(Tag::Owned).wide(self.consumer).id(*id);
            }
            StreamElement::Refused(id) => {
                record.start(Tag::Refused).wide(self.group).id(*id);
            }
            other => {
                self.idempotence(other, record);
                return scope.idempotence;
            }
        }
        true
    }

    /// A file that states no counters is loaded with as many entries added as there are, and none deleted.
    fn summary(&mut self, summary: &StreamSummary, scope: DigestScope, record: &mut Record) {
        self.uncounted = summary.entries_added.is_none().then_some(*summary);
        record.start(Tag::Summary).number(summary.length).id(summary.last_id);
        if scope.stream_counters {
            record.number(summary.entries_added.unwrap_or(summary.length));
            record.id(summary.max_deleted_id.unwrap_or_default());
        }
    }

    /// How many entries a server takes a group to have read whose file does not say.
    ///
    /// `streamEstimateDistanceFromFirstEverEntry`, given that nothing was ever deleted.
    fn estimate(&self, last_id: StreamId) -> Option<u64> {
        let summary = self.uncounted?;
        let first_id = self.first_id.unwrap_or_default();
        match () {
            () if summary.length == 0 => Some(0),
            () if last_id == summary.last_id => Some(summary.length),
            () if last_id > summary.last_id => None,
            () if last_id < first_id => Some(0),
            () if last_id == first_id => Some(1),
            () => None,
        }
    }

    fn idempotence(&mut self, element: &StreamElement<'_>, record: &mut Record) {
        match element {
            StreamElement::Idempotence { duration, max_entries } => {
                record.start(Tag::Idempotence).number(*duration).number(*max_entries);
            }
            StreamElement::Producer(name) => self.producer = record.start(Tag::Producer).text(name).hash(),
            StreamElement::Produced { message, id } => {
                record.start(Tag::Produced).wide(self.producer).text(message).id(*id);
            }
            StreamElement::IdempotenceCounters { added, duplicates } => {
                record.start(Tag::Produce).number(*added).number(*duplicates);
            }
            _ => {}
        }
    }
}
