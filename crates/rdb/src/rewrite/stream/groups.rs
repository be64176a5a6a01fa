//! Consumer groups: `XGROUP CREATE`, and `XCLAIM` for what is pending.

use crate::elements::StreamId;
use crate::rewrite::number::id_text;
use crate::rewrite::place::Place;
use crate::rewrite::{LossKind, RewriteErrorKind};
use crate::scalar::Scalar;

/// A group under way, and its consumer under way.
///
/// What is pending comes by ID first, with its times, and then for each consumer, without them; so the first is held.
#[derive(Debug, Default)]
pub(super) struct GroupWriter {
    name: Vec<u8>,
    pending: Vec<Pending>,
    consumer: Option<Vec<u8>>,
    /// Of the consumer, what is in no command yet.
    claims: Vec<Pending>,
    /// Whether the consumer is sure to have been made by a command.
    consumer_made: bool,
}

/// A pending entry; ordered so that those that one command can claim stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pending {
    pub(super) delivered_at_ms: i64,
    pub(super) deliveries: u64,
    pub(super) id: StreamId,
}

/// Whether the target's stream has an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Present,
    Absent,
    Uncertain,
}

impl GroupWriter {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Makes the next group.
    pub(super) fn group(
        &mut self,
        name: Scalar<'_>,
        last_id: StreamId,
        entries_read: Option<u64>,
        place: &mut Place<'_>,
    ) {
        self.end_consumer(place);
        self.pending.clear();
        self.name = name.into_cow().into_owned();
        let (last_id, read) = (id_text(last_id), entries_read.map(|count| count.to_string()));
        match read {
            Some(read) if place.target.has_stream_counters() => {
                let words = [&self.name, last_id.as_bytes(), b"ENTRIESREAD", read.as_bytes()];
                place.subcommand("XGROUP", "CREATE", &words);
            }
            _ => {
                if read.is_some() {
                    place.lose(LossKind::EntriesRead);
                }
                place.subcommand("XGROUP", "CREATE", &[&self.name, last_id.as_bytes()]);
            }
        }
    }

    /// Holds a pending entry of the group; they come by ID.
    pub(super) fn pending(&mut self, pending: Pending) {
        self.pending.push(pending);
    }

    /// Starts the next consumer.
    pub(super) fn consumer(&mut self, name: Scalar<'_>, place: &mut Place<'_>) {
        self.end_consumer(place);
        self.consumer = Some(name.into_cow().into_owned());
        self.consumer_made = false;
    }

    /// Takes a pending entry of the consumer.
    ///
    /// # Errors
    /// When the group does not know of it.
    pub(super) fn owned(
        &mut self,
        id: StreamId,
        presence: Presence,
        place: &mut Place<'_>,
    ) -> Result<(), RewriteErrorKind> {
        let found = self.pending.binary_search_by_key(&id, |pending| pending.id).ok();
        let pending = found.and_then(|index| self.pending.get(index)).ok_or(RewriteErrorKind::Contradiction)?;
        match presence {
            Presence::Absent => {
                place.lose(LossKind::DanglingPending);
                return Ok(());
            }
            Presence::Uncertain => place.lose(LossKind::UncertainPending),
            Presence::Present => self.consumer_made = true,
        }
        self.claims.push(*pending);
        if self.claims.len() >= place.options.max_elements {
            self.flush(place);
        }
        Ok(())
    }

    /// Ends the last group.
    pub(super) fn end(&mut self, place: &mut Place<'_>) {
        self.end_consumer(place);
        self.pending = Vec::new();
    }

    fn end_consumer(&mut self, place: &mut Place<'_>) {
        self.flush(place);
        if let Some(name) = self.consumer.take().filter(|_| !self.consumer_made) {
            self.create_consumer(&name, place);
        }
    }

    fn create_consumer(&self, name: &[u8], place: &mut Place<'_>) {
        if place.target.has_create_consumer() {
            place.subcommand("XGROUP", "CREATECONSUMER", &[&self.name, name]);
            return;
        }
        // Before 6.2 a consumer is made by its first request; one for what it has pending changes nothing else.
        let words = [b"XREADGROUP", b"GROUP".as_slice(), &self.name, name, b"STREAMS", place.key, b"0"];
        resp::put_command(place.out, &words);
    }

    fn flush(&mut self, place: &mut Place<'_>) {
        let Some(consumer) = &self.consumer else { return };
        self.claims.sort_unstable();
        let same = |one: &Pending, other: &Pending| {
            (one.delivered_at_ms, one.deliveries) == (other.delivered_at_ms, other.deliveries)
        };
        for claims in self.claims.chunk_by(same) {
            claim(&self.name, consumer, claims, place);
        }
        self.claims.clear();
    }
}

/// One `XCLAIM`. It is not told the group's last ID, which is right already, and `JUSTID` leaves the counts alone.
fn claim(group: &[u8], consumer: &[u8], claims: &[Pending], place: &mut Place<'_>) {
    let Some(Pending { delivered_at_ms, deliveries, .. }) = claims.first() else { return };
    place.head("XCLAIM", claims.len() + 9);
    for word in [group, consumer, b"0"] {
        resp::put_bulk(place.out, word);
    }
    for claim in claims {
        resp::put_bulk(place.out, id_text(claim.id).as_bytes());
    }
    resp::put_bulk(place.out, b"TIME");
    resp::put_integer_bulk(place.out, *delivered_at_ms);
    resp::put_bulk(place.out, b"RETRYCOUNT");
    resp::put_integer_bulk(place.out, *deliveries);
    resp::put_bulk(place.out, b"FORCE");
    resp::put_bulk(place.out, b"JUSTID");
}
