//! The FIFO between who reads the source and who applies.
//!
//! [`store`] holds the pieces and knows where each lies; the halves wait and wake each other. Whatever else may hold
//! pieces one day (files, when memory is full) belongs into the store, behind the same halves: reading and writing are
//! asynchronous already, and places do not say where bytes are kept.

mod piece;
mod place;
mod reader;
mod shared;
mod stats;
mod store;
mod writer;

use std::sync::Arc;

pub use piece::{History, Piece};
pub use place::{Phase, Place};
pub use reader::{BacklogReader, Gone, Releaser};
pub use stats::{BacklogFigures, BacklogStats};
pub use writer::{BacklogWriter, WriteError};

use shared::Shared;

/// How many bytes a backlog may hold. Together they bound its memory, give or take the last block written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes not released yet. When they reach this number the writer has to wait.
    pub memory_bytes: u64,
    /// Bytes kept beyond their release, so that the reader can go back: a target that fails over may need some again.
    pub kept_window_bytes: u64,
}

impl Default for Budget {
    /// 256 MiB, and 32 MiB kept.
    fn default() -> Self {
        Self { memory_bytes: 256 << 20, kept_window_bytes: 32 << 20 }
    }
}

/// Makes an empty backlog.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use replica::{Budget, Offset, Piece, backlog};
///
/// let (mut writer, mut reader) = backlog(Budget::default());
/// let replid = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345".parse()?;
/// writer.begin_snapshot(replid, Offset(14), None)?;
/// writer.push(Bytes::from("REDIS"))?;
/// writer.end_snapshot()?;
/// writer.push(Bytes::from("*1\r\n$4\r\nPING\r\n"))?;
///
/// assert!(matches!(reader.try_next(), Some(Piece::History(_))));
/// assert!(matches!(reader.try_next(), Some(Piece::Bytes { at, .. }) if at.offset == 0));
/// assert!(matches!(reader.try_next(), Some(Piece::SnapshotEnd { next }) if next.offset == 14));
/// assert!(matches!(reader.try_next(), Some(Piece::Bytes { at, .. }) if at.offset == 14));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn backlog(budget: Budget) -> (BacklogWriter, BacklogReader) {
    let shared = Arc::new(Shared::new(budget));
    (BacklogWriter::new(Arc::clone(&shared)), BacklogReader::new(shared))
}
