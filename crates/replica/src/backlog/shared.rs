use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64};

use tokio::sync::Notify;

use super::{Budget, DiskState, store::Store};

/// What the two halves of a backlog share. It is locked once for each block, never for each command.
#[derive(Debug)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    /// Wakes the reader: there is something to read, or the writer is gone.
    pub(super) readable: Notify,
    /// Wakes the writer: there is room, or the reader is gone.
    pub(super) writable: Notify,
    /// Wakes the spooler, if there is one: much is in memory, files can go, or the reader is gone.
    pub(super) spool: Notify,
    /// What the files on disk take.
    pub(super) disk_used: Arc<AtomicU64>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) writer_gone: bool,
    pub(super) reader_gone: bool,
    pub(super) waiting_for_room: bool,
    /// Nothing when memory is all there is.
    pub(super) disk: Option<DiskState>,
}

impl Shared {
    pub(super) fn new(budget: Budget) -> Self {
        let inner = Inner {
            store: Store::new(budget),
            writer_gone: false,
            reader_gone: false,
            waiting_for_room: false,
            disk: None,
        };
        Self {
            inner: Mutex::new(inner),
            readable: Notify::new(),
            writable: Notify::new(),
            spool: Notify::new(),
            disk_used: Arc::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock; if something did, the store is still a valid one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes a writer that waits for room, when there is some.
    pub(super) fn wake_writer(&self, mut inner: MutexGuard<'_, Inner>) {
        let wake = inner.waiting_for_room && inner.store.has_room();
        if wake {
            inner.waiting_for_room = false;
        }
        drop(inner);
        if wake {
            self.writable.notify_one();
        }
    }
}

impl Inner {
    /// Whether the spooler has something to do.
    pub(super) fn wants_spooler(&self) -> bool {
        self.disk.is_some() && (self.store.has_garbage() || self.store.is_above_high_water())
    }
}
