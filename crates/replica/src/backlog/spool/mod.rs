//! The disk tier: what does not fit into memory goes into segment files, and comes back from there.
//!
//! [`dir`] is the directory that belongs to one backlog, [`segment`] the files in it; [`spooler`] moves bytes to disk in
//! the background, [`loader`] brings them back.

mod dir;
mod error;
mod loader;
mod segment;
mod spooler;

use std::{path::PathBuf, sync::Arc};

use dir::SpoolDir;
pub use error::{SpoolError, SpoolErrorKind};
pub(super) use loader::Loader;
pub(super) use segment::{Segment, Spilled};
pub(super) use spooler::Spooler;

/// A directory on disk for what a backlog cannot hold in memory, locked for it alone.
///
/// Segment files of an earlier process are deleted when it is opened, our own as soon as nothing in them is needed.
/// Other files in it are never touched. The lock file stays.
#[derive(Debug)]
pub struct Spool {
    dir: Arc<SpoolDir>,
    disk_bytes: u64,
}

impl Spool {
    /// Opens the directory, which is created when it is not there, for at most `disk_bytes` of files.
    ///
    /// # Errors
    /// [`SpoolError`], which names the path: [`SpoolErrorKind::InUse`] when another backlog has it, in whatever
    /// process.
    pub fn open(dir: impl Into<PathBuf>, disk_bytes: u64) -> Result<Self, SpoolError> {
        Ok(Self { dir: Arc::new(SpoolDir::open(dir.into())?), disk_bytes })
    }

    /// How many bytes of files it may hold.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.disk_bytes
    }
}
