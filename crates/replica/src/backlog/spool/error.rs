use std::{fmt, io, path::PathBuf};

/// What is wrong with a backlog's directory or with a file in it.
#[derive(Debug)]
pub struct SpoolError {
    /// What could not be done.
    pub kind: SpoolErrorKind,
    /// With which file or directory.
    pub path: PathBuf,
    /// What the system says.
    pub source: Option<io::Error>,
}

/// The kinds of [`SpoolError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpoolErrorKind {
    /// The directory is not there and cannot be created.
    CreateDir,
    /// The lock file cannot be opened or locked: most often the directory is read-only.
    Lock,
    /// Another process, or another backlog of this one, works in the directory.
    InUse,
    /// Segment files of an earlier process cannot be found or deleted.
    CleanUp,
    /// A segment file cannot be created or written. It is tried again: see the backlog's figures.
    Write,
    /// A segment file cannot be read. What it held is lost.
    Read {
        /// Where in the file.
        offset: u64,
    },
    /// A segment file holds something else than what was written there.
    Damaged {
        /// Where in the file.
        offset: u64,
    },
}

impl SpoolError {
    pub(super) fn new(kind: SpoolErrorKind, path: impl Into<PathBuf>, source: impl Into<Option<io::Error>>) -> Self {
        Self { kind, path: path.into(), source: source.into() }
    }

    /// The kind of what the system says.
    pub(super) fn io_kind(&self) -> io::ErrorKind {
        self.source.as_ref().map_or(io::ErrorKind::Other, io::Error::kind)
    }
}

impl fmt::Display for SpoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.kind)
    }
}

impl std::error::Error for SpoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

impl fmt::Display for SpoolErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateDir => f.write_str("the backlog's directory cannot be created"),
            Self::Lock => f.write_str("the backlog's directory cannot be locked; is it writable?"),
            Self::InUse => f.write_str("the backlog's directory is in use by another link or process"),
            Self::CleanUp => {
                f.write_str("files that an earlier process left in the backlog's directory cannot be removed")
            }
            Self::Write => f.write_str("the backlog cannot be written to disk"),
            Self::Read { offset } => write!(f, "the backlog cannot be read at offset {offset}"),
            Self::Damaged { offset } => {
                write!(f, "the backlog is damaged at offset {offset}: not what was written there")
            }
        }
    }
}
