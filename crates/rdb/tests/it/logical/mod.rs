//! Values as their users see them, however they are written: what was decoded, to compare with what is expected.

mod build;
mod contents;
mod difference;
pub(crate) mod librdb;
pub(crate) mod server;

pub(crate) use contents::{Contents, Found, decode};
pub(crate) use difference::difference;

use rdb::StreamId;

pub(crate) type Bytes = Vec<u8>;

/// A value. What has no order is sorted; what occurs twice is kept twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Logical {
    String(Bytes),
    List(Vec<Bytes>),
    Set(Vec<Bytes>),
    /// Scores by their bits.
    SortedSet(Vec<(Bytes, u64)>),
    Hash(Vec<(Bytes, Bytes, Option<i64>)>),
    Stream(Box<Stream>),
    Array {
        insertion: Option<u64>,
        cells: Vec<(u64, String)>,
    },
    Module(Vec<String>),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) entries: Vec<(StreamId, Vec<(Bytes, Bytes)>)>,
    pub(crate) summary: Summary,
    pub(crate) groups: Vec<Group>,
    /// What is remembered of idempotent producers, as text.
    pub(crate) idempotence: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) length: u64,
    pub(crate) last_id: StreamId,
    pub(crate) first_id: Option<StreamId>,
    pub(crate) max_deleted_id: Option<StreamId>,
    pub(crate) entries_added: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: Bytes,
    pub(crate) last_id: StreamId,
    pub(crate) entries_read: Option<u64>,
    /// Pending entries: ID, when delivered, how often.
    pub(crate) pending: Vec<(StreamId, i64, u64)>,
    pub(crate) consumers: Vec<Consumer>,
    pub(crate) refused: Vec<StreamId>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Consumer {
    pub(crate) name: Bytes,
    pub(crate) seen_at_ms: i64,
    pub(crate) active_at_ms: Option<i64>,
    pub(crate) owned: Vec<StreamId>,
}
