use std::sync::Arc;

use bytes::Bytes;

use super::{BacklogStats, History, Phase, Place, shared::Shared};
use crate::{Offset, ReplId, UnixMillis};

/// The half of a backlog that takes what the source sends.
///
/// Dropping it ends the backlog: the reader gets what is left and then `None`.
#[derive(Debug)]
pub struct BacklogWriter {
    shared: Arc<Shared>,
    generation: u64,
}

impl BacklogWriter {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, generation: 0 }
    }

    /// Sets the generation that is current when nothing has been written: 0, unless an earlier process got further.
    pub fn set_generation(&mut self, generation: u64) {
        self.generation = self.generation.max(generation);
    }

    /// The generation that is written, or was written last.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Opens the next generation with a snapshot that stands for everything up to `offset`, and returns its number.
    ///
    /// # Errors
    /// [`WriteError::Closed`].
    pub fn begin_snapshot(&mut self, replid: ReplId, offset: Offset, len: Option<u64>) -> Result<u64, WriteError> {
        let generation = self.generation.saturating_add(1);
        self.push_history(History { generation, replid, offset, len, resumed: false })?;
        self.generation = generation;
        Ok(generation)
    }

    /// Says that the stream goes on behind `offset` in the current generation, under `replid`.
    ///
    /// The reader hears of it if it is the first that is written, or if the id is new.
    ///
    /// # Errors
    /// [`WriteError::Closed`]; [`WriteError::OutOfOrder`] when that is not where the backlog ends.
    pub fn resume(&mut self, replid: ReplId, offset: Offset) -> Result<(), WriteError> {
        let place = Place::stream(self.generation, offset.0);
        if self.received().is_some_and(|received| received != place) {
            return Err(WriteError::OutOfOrder);
        }
        if self.history().is_some_and(|history| history.replid == replid) {
            return Ok(());
        }
        self.push_history(History { generation: self.generation, replid, offset, len: None, resumed: true })
    }

    /// Appends bytes of the current phase, received at that time, room or not, and returns the place behind them.
    ///
    /// For writers that wait for [`room`](Self::room) before they get hold of bytes.
    ///
    /// # Errors
    /// [`WriteError::Closed`]; [`WriteError::OutOfOrder`] before the first history.
    pub fn push(&mut self, bytes: Bytes, received: UnixMillis) -> Result<Place, WriteError> {
        let mut inner = self.shared.lock();
        if inner.reader_gone {
            return Err(WriteError::Closed);
        }
        let place = inner.store.push_bytes(bytes, received).ok_or(WriteError::OutOfOrder)?;
        let spool = inner.wants_spooler();
        drop(inner);
        self.shared.readable.notify_one();
        if spool {
            self.shared.spool.notify_one();
        }
        Ok(place)
    }

    /// Waits for room, then appends bytes as [`push`](Self::push) does.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn write(&mut self, bytes: Bytes, received: UnixMillis) -> Result<Place, WriteError> {
        self.room().await?;
        self.push(bytes, received)
    }

    /// Closes the snapshot; the stream follows.
    ///
    /// # Errors
    /// [`WriteError::Closed`]; [`WriteError::OutOfOrder`] when no snapshot is open.
    pub fn end_snapshot(&mut self) -> Result<Place, WriteError> {
        let mut inner = self.shared.lock();
        if inner.reader_gone {
            return Err(WriteError::Closed);
        }
        let place = inner.store.push_snapshot_end().ok_or(WriteError::OutOfOrder)?;
        drop(inner);
        self.shared.readable.notify_one();
        Ok(place)
    }

    /// Whether the budget has room. While it has not, the figures show the writer as waiting.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let mut inner = self.shared.lock();
        // Who finds the reader gone hears it from the next write.
        let has_room = inner.reader_gone || inner.store.has_room();
        inner.waiting_for_room = !has_room;
        has_room
    }

    /// Waits until the budget has room. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`WriteError::Closed`].
    pub async fn room(&self) -> Result<(), WriteError> {
        while !self.has_room() {
            self.shared.writable.notified().await;
        }
        if self.shared.lock().reader_gone { Err(WriteError::Closed) } else { Ok(()) }
    }

    /// Up to where the source has been received.
    #[must_use]
    pub fn received(&self) -> Option<Place> {
        self.shared.lock().store.received()
    }

    /// The history that is being written.
    #[must_use]
    pub fn history(&self) -> Option<History> {
        self.shared.lock().store.last_history()
    }

    /// Where to go on with the source: `None` while there is no complete snapshot.
    #[must_use]
    pub fn resume_point(&self) -> Option<(ReplId, Offset)> {
        let inner = self.shared.lock();
        let received = inner.store.received().filter(|place| place.phase == Phase::Stream)?;
        Some((inner.store.last_history()?.replid, Offset(received.offset)))
    }

    /// The backlog's figures.
    #[must_use]
    pub fn stats(&self) -> BacklogStats {
        BacklogStats::new(Arc::clone(&self.shared))
    }

    fn push_history(&self, history: History) -> Result<(), WriteError> {
        let mut inner = self.shared.lock();
        if inner.reader_gone {
            return Err(WriteError::Closed);
        }
        inner.store.push_history(history);
        drop(inner);
        self.shared.readable.notify_one();
        Ok(())
    }
}

impl Drop for BacklogWriter {
    fn drop(&mut self) {
        self.shared.lock().writer_gone = true;
        self.shared.readable.notify_one();
    }
}

/// Why a backlog does not take what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The reader is gone.
    #[error("nobody reads the backlog any more")]
    Closed,
    /// It does not fit behind what was written last.
    #[error("written to the backlog out of order")]
    OutOfOrder,
}
