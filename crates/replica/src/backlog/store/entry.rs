use bytes::Bytes;

use super::super::{History, Place, spool::Spilled};
use crate::UnixMillis;

/// One link of the FIFO.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: Place,
    /// How much lies before it. It grows from entry to entry and never changes: an entry's name.
    pub(super) weight_before: u64,
    /// When it was received. Of entries that became one: when the first was.
    pub(super) received: UnixMillis,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    /// Boxed: there are few of them, and each entry would be as large.
    History(Box<History>),
    Bytes(Bytes),
    /// Bytes in a segment file.
    Spilled(Box<Spilled>),
    SnapshotEnd(Place),
}

impl Entry {
    pub(super) fn end(&self) -> Place {
        match &self.content {
            Content::History(_) => self.at,
            Content::Bytes(_) | Content::Spilled(_) => self.at.advanced(self.len()),
            Content::SnapshotEnd(next) => *next,
        }
    }

    /// How many bytes of the source it stands for.
    pub(super) fn len(&self) -> usize {
        match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Spilled(spilled) => spilled.len(),
            Content::History(_) | Content::SnapshotEnd(_) => 0,
        }
    }

    pub(super) fn has_bytes(&self) -> bool {
        matches!(self.content, Content::Bytes(_) | Content::Spilled(_))
    }

    /// Its bytes, if they are in memory.
    pub(super) fn resident(&self) -> Option<&Bytes> {
        if let Content::Bytes(bytes) = &self.content { Some(bytes) } else { None }
    }

    /// What it takes in memory: its bytes if they are there, and a flat charge.
    pub(super) fn memory(&self) -> u64 {
        let content = match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Spilled(_) => size_of::<Spilled>(),
            Content::History(_) | Content::SnapshotEnd(_) => 0,
        };
        (content + size_of::<Self>()) as u64
    }

    /// How many of its bytes are on disk.
    pub(super) fn on_disk(&self) -> u64 {
        if let Content::Spilled(spilled) = &self.content { spilled.len() as u64 } else { 0 }
    }
}
