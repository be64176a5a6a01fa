use std::time::Duration;

use super::Loss;
use crate::{HandshakeInfo, Offset, ReplId};

/// Hears what happens on a link. It is called between reads: it has to return at once.
pub trait Observe: Send {
    /// Something happened.
    fn observe(&mut self, event: LinkEvent);
}

impl<F: FnMut(LinkEvent) + Send> Observe for F {
    fn observe(&mut self, event: LinkEvent) {
        self(event);
    }
}

/// What happens on a link.
#[derive(Debug)]
#[non_exhaustive]
pub enum LinkEvent {
    /// The handshake is done.
    Connected(HandshakeInfo),
    /// The primary prepares a snapshot.
    FullResync {
        /// The generation that it opens as soon as its first byte comes.
        generation: u64,
        /// The primary's history.
        replid: ReplId,
        /// What the snapshot stands for.
        offset: Offset,
    },
    /// The snapshot comes.
    SnapshotBegin {
        /// Its length in bytes, if the primary told.
        len: Option<u64>,
    },
    /// How much of the snapshot has come; about once a second.
    SnapshotProgress {
        /// Bytes received.
        received: u64,
        /// Its length in bytes, if the primary told.
        len: Option<u64>,
    },
    /// The snapshot is complete.
    SnapshotEnd {
        /// Its length in bytes.
        len: u64,
    },
    /// The stream goes on.
    Continue {
        /// The history from here on.
        replid: ReplId,
        /// Where it goes on.
        offset: Offset,
    },
    /// The backlog is full: nothing is read from the primary until there is room. It drops us if that lasts.
    WaitingForRoom,
    /// There is room again.
    RoomAgain,
    /// The connection is lost, or did not come about.
    Lost {
        /// Why.
        error: Loss,
        /// The next attempt follows after this delay.
        retry_in: Duration,
    },
}
