use std::sync::{Arc, MutexGuard};

use super::{
    BacklogStats, History, Piece, Place,
    shared::{Inner, Shared},
};

/// The half of a backlog that hands out what the source sent.
///
/// Dropping it closes the backlog: the writer's next write fails.
#[derive(Debug)]
pub struct BacklogReader {
    shared: Arc<Shared>,
}

impl BacklogReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Waits for the next piece; `None` when the writer is gone and everything was read. Dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.try_next() {
                return Some(piece);
            }
            if self.shared.lock().writer_gone {
                // What was written between the two looks is not to be missed.
                return self.try_next();
            }
            self.shared.readable.notified().await;
        }
    }

    /// The next piece if it is there.
    pub fn try_next(&mut self) -> Option<Piece> {
        let mut inner = self.shared.lock();
        let piece = inner.store.next();
        wake_writer(&self.shared, inner);
        piece
    }

    /// Makes [`next`](Self::next) go on from `place`: with the bytes behind it, or with the history or the end of the
    /// snapshot that lies right there.
    ///
    /// # Errors
    /// [`Gone`] when the place is not in the backlog; reading then goes on as before.
    pub fn rewind(&mut self, place: Place) -> Result<(), Gone> {
        self.shared.lock().store.rewind(place)
    }

    /// Says that nothing before `place` is needed any more. It is freed but for the kept window, and never beyond what
    /// was read.
    pub fn release(&self, place: Place) {
        release(&self.shared, place);
    }

    /// A handle with which another task can release.
    #[must_use]
    pub fn releaser(&self) -> Releaser {
        Releaser(Arc::clone(&self.shared))
    }

    /// The history of what was read last.
    #[must_use]
    pub fn history(&self) -> Option<History> {
        self.shared.lock().store.history()
    }

    /// The backlog's figures.
    #[must_use]
    pub fn stats(&self) -> BacklogStats {
        BacklogStats::new(Arc::clone(&self.shared))
    }
}

impl Drop for BacklogReader {
    fn drop(&mut self) {
        self.shared.lock().reader_gone = true;
        self.shared.writable.notify_one();
    }
}

/// Releases what a backlog holds, from any task.
#[derive(Debug, Clone)]
pub struct Releaser(Arc<Shared>);

impl Releaser {
    /// As [`BacklogReader::release`].
    pub fn release(&self, place: Place) {
        release(&self.0, place);
    }
}

fn release(shared: &Shared, place: Place) {
    let mut inner = shared.lock();
    inner.store.release(place);
    wake_writer(shared, inner);
}

/// Wakes a writer that waits for room, when there is some.
fn wake_writer(shared: &Shared, mut inner: MutexGuard<'_, Inner>) {
    let wake = inner.waiting_for_room && inner.store.has_room();
    if wake {
        inner.waiting_for_room = false;
    }
    drop(inner);
    if wake {
        shared.writable.notify_one();
    }
}

/// A place is not in the backlog: freed already, not received yet, or not a boundary of what was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{place} is not in the backlog")]
pub struct Gone {
    /// The place that was asked for.
    pub place: Place,
}
