//! The FIFO between who reads the source and who applies.
//!
//! [`store`] holds the pieces in order and knows where each one's bytes are; the halves wait and wake each other.
//!
//! The bytes have two tiers. Everything is taken into memory first, and stays there while the reader keeps up: then no
//! byte touches the disk. When three quarters of the memory budget are in use, and the backlog was given a directory
//! ([`spool`]), the spooler moves bytes into segment files until half is: the newest first, since they are needed last,
//! and never what is read next. Their entries keep their place in the FIFO. It is the same for snapshot and stream, and for
//! bytes that were read but not released: the beginning of a huge value may be larger than the memory.
//!
//! A file is deleted when nothing in it is needed. What a dead process leaves is deleted by the next one, not read: the
//! files speed nothing up, and hold nothing that the source and the target do not know. For the same reason they are
//! never synced. Whether they still hold what was written is checked, piece by piece, when they are read.
//!
//! When the disk budget is used up, or the disk takes no more, memory fills and then the writer waits for room; the
//! figures say for what. The disk is tried again, and nothing is lost.

mod piece;
mod place;
mod reader;
mod shared;
mod spool;
mod stats;
mod store;
mod writer;

use std::sync::Arc;

pub use piece::{History, Piece};
pub use place::{Phase, Place};
pub use reader::{BacklogReader, Gone, Releaser};
pub use spool::{Spool, SpoolError, SpoolErrorKind};
pub use stats::{BacklogFigures, BacklogStats, DiskState, Waiting};
pub use writer::{BacklogWriter, WriteError};

use shared::Shared;
use spool::{Loader, Spooler};
use tokio::runtime::Handle;

/// How many bytes a backlog may hold in memory. Together they bound it, give or take the last block written; a backlog
/// that works on disk has up to 6 MiB more in transit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes not released yet and in memory. When they reach this number the writer has to wait.
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
/// use replica::{Budget, Offset, Piece, UnixMillis, backlog};
///
/// let (mut writer, mut reader) = backlog(Budget::default());
/// let replid = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345".parse()?;
/// writer.begin_snapshot(replid, Offset(14), None)?;
/// let received = UnixMillis::of(std::time::SystemTime::now());
/// writer.push(Bytes::from("REDIS"), received)?;
/// writer.end_snapshot()?;
/// writer.push(Bytes::from("*1\r\n$4\r\nPING\r\n"), received)?;
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
    (BacklogWriter::new(Arc::clone(&shared)), BacklogReader::new(shared, None))
}

/// Makes an empty backlog that moves to disk what does not fit into memory.
///
/// Its files are gone when its reader is; a runtime that shuts down before may leave them to the next [`Spool::open`].
///
/// # Panics
/// Outside of a tokio runtime with time enabled.
///
/// # Examples
/// ```
/// use replica::{Budget, Spool, backlog_with_disk};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let dir = dir.path();
/// let spool = Spool::open(dir.join("backlog"), 10 << 30)?;
/// let (writer, reader) = backlog_with_disk(Budget::default(), spool);
/// assert_eq!(reader.stats().figures().disk_bytes, 0);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn backlog_with_disk(budget: Budget, spool: Spool) -> (BacklogWriter, BacklogReader) {
    let runtime = Handle::current();
    let shared = Arc::new(Shared::new(budget));
    runtime.spawn(Spooler::new(Arc::clone(&shared), spool).run());
    (BacklogWriter::new(Arc::clone(&shared)), BacklogReader::new(shared, Some(Loader::new(runtime))))
}
