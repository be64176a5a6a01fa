use std::{
    fmt, io,
    sync::{Arc, atomic::Ordering},
};

use super::{Place, shared::Shared};
use crate::UnixMillis;

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
            oldest: inner.store.oldest(),
            unreleased_bytes: inner.store.unreleased(),
            memory_bytes: inner.store.memory(),
            spilled_bytes: inner.store.spilled(),
            disk_bytes: self.0.disk_used.load(Ordering::Relaxed),
            disk: inner.disk,
            held_bytes: inner.store.held(),
            waiting_for_room: inner.waiting_for_room,
        }
    }
}

/// How a backlog stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BacklogFigures {
    /// Up to where the source has been received.
    pub received: Option<Place>,
    /// Up to where pieces were handed out; smaller again after a rewind.
    pub read: Option<Place>,
    /// Up to where pieces were released.
    pub released: Option<Place>,
    /// When the oldest of the bytes was received that are not released; nothing when all are.
    pub oldest: Option<UnixMillis>,
    /// Bytes not released yet, in memory and on disk, bookkeeping included.
    pub unreleased_bytes: u64,
    /// Bytes that count for [`Budget::memory_bytes`](super::Budget::memory_bytes), bookkeeping included.
    pub memory_bytes: u64,
    /// Bytes that are on disk, not in memory.
    pub spilled_bytes: u64,
    /// How large the files on disk are. Each is deleted as a whole: they also hold what is not needed any more.
    pub disk_bytes: u64,
    /// How the disk does; nothing when memory is all there is.
    pub disk: Option<DiskState>,
    /// All bytes held, the kept window and bookkeeping included.
    pub held_bytes: u64,
    /// Whether the writer is waiting for room: nothing is read from the source now.
    pub waiting_for_room: bool,
}

impl BacklogFigures {
    /// What the writer waits for, if it does.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting> {
        self.waiting_for_room.then_some(match self.disk {
            None | Some(DiskState::Working) => Waiting::Memory,
            Some(DiskState::BudgetReached) => Waiting::DiskBudget,
            Some(DiskState::Failed(kind)) => Waiting::DiskFailed(kind),
        })
    }
}

/// How the disk tier does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskState {
    /// It takes what it is given.
    Working,
    /// Its files are as large as they may be: more has to be released.
    BudgetReached,
    /// The last write failed (no space, most often). It is tried again once a second.
    Failed(io::ErrorKind),
}

/// Why a backlog has no room. In each case the memory is full, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// Memory is full, and there is no disk, or it is slower than the source.
    Memory,
    /// The disk budget is used up.
    DiskBudget,
    /// The disk does not take more.
    DiskFailed(io::ErrorKind),
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("the backlog's memory is full"),
            Self::DiskBudget => f.write_str("the backlog's memory and its space on disk are used up"),
            Self::DiskFailed(kind) => write!(f, "the backlog's memory is full and cannot be moved to disk: {kind}"),
        }
    }
}
