use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Budget, store::Store};

/// What the two halves of a backlog share. It is locked once for each block, never for each command.
#[derive(Debug)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    /// Wakes the reader: there is something to read, or the writer is gone.
    pub(super) readable: Notify,
    /// Wakes the writer: there is room, or the reader is gone.
    pub(super) writable: Notify,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) writer_gone: bool,
    pub(super) reader_gone: bool,
    pub(super) waiting_for_room: bool,
}

impl Shared {
    pub(super) fn new(budget: Budget) -> Self {
        let inner =
            Inner { store: Store::new(budget), writer_gone: false, reader_gone: false, waiting_for_room: false };
        Self { inner: Mutex::new(inner), readable: Notify::new(), writable: Notify::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it holds the lock; if something did, the store is still a valid one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
