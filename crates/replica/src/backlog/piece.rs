use bytes::Bytes;

use super::Place;
use crate::{Offset, ReplId, UnixMillis};

/// What a backlog hands out, in the order in which it came from the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// What follows belongs to this history. If it opens a new generation, a snapshot before it that has not ended
    /// never will.
    History(History),
    /// Bytes of the snapshot or the stream, cut anywhere.
    Bytes {
        /// The place before the first of them.
        at: Place,
        /// The bytes.
        bytes: Bytes,
        /// When the first of them was received.
        received: UnixMillis,
    },
    /// The snapshot is complete.
    SnapshotEnd {
        /// Where the stream begins.
        next: Place,
    },
}

/// A replication history that bytes of a backlog belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// The generation.
    pub generation: u64,
    /// The source's name for the history.
    pub replid: ReplId,
    /// What the snapshot stands for or, when `resumed`, where the stream goes on: the last offset covered.
    pub offset: Offset,
    /// Length of the snapshot in bytes, if the source told.
    pub len: Option<u64>,
    /// Whether the stream goes on in the same generation, without a snapshot: at a start that resumes, and when the
    /// source continues under a new id after a failover.
    pub resumed: bool,
}

impl History {
    /// Where it begins in the backlog.
    #[must_use]
    pub const fn place(&self) -> Place {
        if self.resumed {
            Place::stream(self.generation, self.offset.0)
        } else {
            Place::snapshot_start(self.generation)
        }
    }
}
