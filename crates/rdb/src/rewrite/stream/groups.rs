//! Consumer groups: `XGROUP CREATE`, and whom what is pending belongs to.

use crate::elements::StreamId;
use crate::rewrite::number::id_text;
use crate::rewrite::place::Place;
use crate::rewrite::{LossKind, RewriteErrorKind};
use crate::scalar::Scalar;

use super::claims::{Pending, claim_all};

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

/// Whether the target's stream has an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Present,
    /// It has not, and what is pending of it is claimed already.
    Claimed,
    Absent,
    Uncertain,
}

impl GroupWriter {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Starts the next group and makes it, or says how far it read if it `exists`.
    ///
    /// # Errors
    /// When no server counts as far as it read.
    pub(super) fn group(
        &mut self,
        name: Scalar<'_>,
        exists: bool,
        last_id: StreamId,
        entries_read: Option<u64>,
        place: &mut Place<'_>,
    ) -> Result<(), RewriteErrorKind> {
        self.end_consumer(place);
        self.pending.clear();
        self.name = name.into_cow().into_owned();
        let subcommand = if exists { "SETID" } else { "CREATE" };
        let last_id = id_text(last_id);
        match entries_read {
            Some(read) if place.target.has_stream_counters() => {
                let read = counted(read)?.to_string();
                let words = [&self.name, last_id.as_bytes(), b"ENTRIESREAD", read.as_bytes()];
                place.subcommand("XGROUP", subcommand, &words);
            }
            _ => {
                if entries_read.is_some() {
                    place.lose(LossKind::EntriesRead);
                }
                place.subcommand("XGROUP", subcommand, &[&self.name, last_id.as_bytes()]);
            }
        }
        Ok(())
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
    /// When the group does not know of it, or no server counts as often as it was handed out.
    pub(super) fn owned(
        &mut self,
        id: StreamId,
        presence: Presence,
        place: &mut Place<'_>,
    ) -> Result<(), RewriteErrorKind> {
        let found = self.pending.binary_search_by_key(&id, |pending| pending.id).ok();
        let pending = found.and_then(|index| self.pending.get(index)).ok_or(RewriteErrorKind::Contradiction)?;
        counted(pending.deliveries)?;
        match presence {
            Presence::Claimed => {
                self.consumer_made = true;
                return Ok(());
            }
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
        if let Some(consumer) = &self.consumer {
            claim_all(&self.name, consumer, &mut self.claims, place);
        }
        self.claims.clear();
    }
}

/// A count that commands take: servers have signed ones.
///
/// # Errors
/// When it is none.
pub(super) fn counted(count: u64) -> Result<i64, RewriteErrorKind> {
    i64::try_from(count).map_err(|_| RewriteErrorKind::ImpossibleStream)
}
