//! What a stream holds.

use std::collections::{BTreeMap, BTreeSet};

use rdb::StreamId;

use super::Text;

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stream {
    /// Fields and values by ID.
    pub entries: BTreeMap<StreamId, Vec<(Text, Text)>>,
    /// The highest ID ever.
    pub last_id: StreamId,
    /// The highest ID that was deleted.
    pub max_deleted_id: StreamId,
    /// How many entries were ever added.
    pub entries_added: u64,
    /// Consumer groups by name.
    pub groups: BTreeMap<Text, Group>,
}

impl Stream {
    /// The highest ID of an entry.
    pub fn top(&self) -> StreamId {
        self.entries.last_key_value().map(|(&id, _)| id).unwrap_or_default()
    }
}

/// A consumer group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// The last entry that it handed out.
    pub last_id: StreamId,
    /// How many entries it read, if that is known.
    pub entries_read: Option<u64>,
    /// Its consumers.
    pub consumers: BTreeSet<Text>,
    /// What is pending.
    pub pending: BTreeMap<StreamId, Pending>,
}

/// A pending entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pending {
    /// Whose it is.
    pub consumer: Text,
    /// When it was handed out.
    pub at_ms: i64,
    /// How often.
    pub deliveries: u64,
}
