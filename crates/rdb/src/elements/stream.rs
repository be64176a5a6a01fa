//! The parts of a stream.

use std::fmt;

use crate::scalar::Scalar;

use super::entry::EntryFields;

/// A part of a stream: its entries, then what it counts, then its groups one after the other.
///
/// Behind each [`Group`](Self::Group) come its [`Pending`](Self::Pending) entries, then each
/// [`Consumer`](Self::Consumer) with the entries that it [`Owned`](Self::Owned), then the group's
/// [`Refused`](Self::Refused) entries.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StreamElement<'a> {
    /// An entry; in the order of the file, which is that of their IDs, those that were deleted left out.
    Entry {
        /// Its ID.
        id: StreamId,
        /// Its fields and values.
        fields: EntryFields<'a>,
    },
    /// What the stream knows of itself; once, behind its entries.
    Summary(StreamSummary),
    /// A consumer group.
    Group {
        /// Its name.
        name: Scalar<'a>,
        /// The last entry that it handed out.
        last_id: StreamId,
        /// How many entries it read; `None` when not known (always before Redis 7.0).
        entries_read: Option<u64>,
    },
    /// An entry that some consumer of the group has not acknowledged; by ID.
    Pending {
        /// Its ID; the entry may be deleted.
        id: StreamId,
        /// When it was last handed out, in Unix milliseconds.
        delivered_at_ms: i64,
        /// How often it was handed out.
        deliveries: u64,
    },
    /// A consumer of the group.
    Consumer {
        /// Its name.
        name: Scalar<'a>,
        /// When it last asked for anything, in Unix milliseconds.
        seen_at_ms: i64,
        /// When it last got or claimed anything, in Unix milliseconds; `None` before Redis 7.2. -1 for never.
        active_at_ms: Option<i64>,
    },
    /// A pending entry of the last consumer.
    Owned(StreamId),
    /// An entry that a consumer of the group refused and nobody owns (Redis 8.8).
    Refused(StreamId),
    /// How idempotent producers are remembered (Redis 8.6); behind the groups.
    Idempotence {
        /// For how long, in the unit of the format.
        duration: u64,
        /// How many messages of each producer.
        max_entries: u64,
    },
    /// An idempotent producer.
    Producer(Scalar<'a>),
    /// A message of the last producer.
    Produced {
        /// The producer's identifier of it.
        message: Scalar<'a>,
        /// The entry that it became.
        id: StreamId,
    },
    /// What the stream counted of idempotent producers: messages added, and duplicates refused; at the very end.
    IdempotenceCounters {
        /// Messages added.
        added: u64,
        /// Messages that were duplicates.
        duplicates: u64,
    },
}

/// What a stream knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamSummary {
    /// How many entries there are.
    pub length: u64,
    /// The highest ID ever.
    pub last_id: StreamId,
    /// The lowest ID; `None` when the file does not say (before Redis 7.0).
    pub first_id: Option<StreamId>,
    /// The highest ID that was deleted; `None` when the file does not say (before Redis 7.0).
    pub max_deleted_id: Option<StreamId>,
    /// How many entries were ever added; `None` when the file does not say (before Redis 7.0).
    pub entries_added: Option<u64>,
}

/// The ID of a stream's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StreamId {
    /// Milliseconds.
    pub ms: u64,
    /// The number within the millisecond.
    pub seq: u64,
}

impl StreamId {
    /// The ID from its sixteen bytes: both halves big-endian.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let bits = u128::from_be_bytes(bytes);
        #[expect(clippy::cast_possible_truncation, reason = "each half has 64 bits")]
        Self { ms: (bits >> 64) as u64, seq: bits as u64 }
    }
}

impl fmt::Display for StreamId {
    /// As servers write it: `1526919030474-55`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}
