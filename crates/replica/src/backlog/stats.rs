use std::sync::Arc;

use super::{Place, shared::Shared};

/// A handle on a backlog's figures, for whoever reports them.
#[derive(Debug, Clone)]
pub struct BacklogStats(Arc<Shared>);

impl BacklogStats {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The figures at this moment, all of the same moment.
    #[must_use]
    pub fn figures(&self) -> BacklogFigures {
        let inner = self.0.lock();
        BacklogFigures {
            received: inner.store.received(),
            read: inner.store.read(),
            released: inner.store.released(),
            unreleased_bytes: inner.store.unreleased(),
            held_bytes: inner.store.held(),
            waiting_for_room: inner.waiting_for_room,
        }
    }
}

/// How a backlog stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BacklogFigures {
    /// Up to where the source has been received.
    pub received: Option<Place>,
    /// Up to where pieces were handed out; smaller again after a rewind.
    pub read: Option<Place>,
    /// Up to where pieces were released.
    pub released: Option<Place>,
    /// Bytes that count for [`memory_bytes`](super::Budget::memory_bytes), bookkeeping included.
    pub unreleased_bytes: u64,
    /// All bytes held, the kept window and bookkeeping included.
    pub held_bytes: u64,
    /// Whether the writer is waiting for room: nothing is read from the source now.
    pub waiting_for_room: bool,
}
