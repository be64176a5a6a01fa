use std::sync::Arc;

use super::{
    BacklogStats, History, Piece, Place, SpoolError,
    shared::{Inner, Shared},
    spool::{Loader, Spilled},
    store::Next,
};

/// The half of a backlog that hands out what the source sent.
///
/// Dropping it closes the backlog: the writer's next write fails.
#[derive(Debug)]
pub struct BacklogReader {
    shared: Arc<Shared>,
    /// Only when there is a disk.
    loader: Option<Loader>,
    failure: Option<SpoolError>,
}

impl BacklogReader {
    pub(super) fn new(shared: Arc<Shared>, loader: Option<Loader>) -> Self {
        Self { shared, loader, failure: None }
    }

    /// Waits for the next piece; `None` when the writer is gone and everything was read, or when there is a
    /// [`failure`](Self::failure). Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Piece> {
        loop {
            // What is written between the two looks is not to be missed.
            let ended = self.shared.lock().writer_gone;
            if let Some(piece) = self.try_next() {
                return Some(piece);
            }
            if self.failure.is_some() {
                return None;
            }
            if let Some(loader) = self.loader.as_mut().filter(|loader| loader.is_loading()) {
                loader.wait().await;
            } else if ended {
                return None;
            } else {
                self.shared.readable.notified().await;
            }
        }
    }

    /// The next piece if it is there: in memory, or loaded ahead from disk. Loading begins with the piece before, or with
    /// this call; [`next`](Self::next) waits for it.
    pub fn try_next(&mut self) -> Option<Piece> {
        if self.failure.is_some() {
            return None;
        }
        let shared = Arc::clone(&self.shared);
        let mut inner = shared.lock();
        let piece = match inner.store.next() {
            Next::Nothing => None,
            Next::Piece(piece) => Some(piece),
            Next::OnDisk(spilled) => self.take_loaded(&spilled, &mut inner),
        };
        let to_load = if self.failure.is_none() { inner.store.to_load() } else { None };
        shared.wake_writer(inner);
        if let (Some(loader), Some(spilled)) = (&mut self.loader, to_load) {
            loader.begin(spilled);
        }
        piece
    }

    fn take_loaded(&mut self, spilled: &Spilled, inner: &mut Inner) -> Option<Piece> {
        match self.loader.as_mut()?.take(spilled)? {
            Ok(bytes) => inner.store.next_loaded(&bytes),
            Err(error) => {
                self.failure = Some(error);
                inner.reader_gone = true;
                self.shared.writable.notify_one();
                self.shared.spool.notify_one();
                None
            }
        }
    }

    /// Why reading ended early: what was on disk cannot be read, or is not what was written. The backlog is closed
    /// then, for the writer as well.
    #[must_use]
    pub fn failure(&self) -> Option<&SpoolError> {
        self.failure.as_ref()
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

    /// Keeps so many bytes beyond what is released, in place of [`Budget::kept_window_bytes`](super::Budget), from now on.
    pub fn keep(&self, bytes: u64) {
        let mut inner = self.shared.lock();
        inner.store.keep(bytes);
        self.shared.wake_writer(inner);
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
        let mut inner = self.shared.lock();
        inner.reader_gone = true;
        inner.store.abandon();
        let garbage = inner.store.take_garbage();
        drop(inner);
        self.shared.writable.notify_one();
        self.shared.spool.notify_one();
        if let Some(loader) = &self.loader {
            loader.discard(garbage);
        }
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
    let spool = inner.wants_spooler();
    shared.wake_writer(inner);
    if spool {
        shared.spool.notify_one();
    }
}

/// A place is not in the backlog: freed already, not received yet, or not a boundary of what was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{place} is not in the backlog")]
pub struct Gone {
    /// The place that was asked for.
    pub place: Place,
}
