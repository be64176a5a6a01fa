use std::fmt;

use resp::ErrorReply;

/// Why replication cannot go on over this connection: what went wrong, where, and in the middle of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PsyncError {
    /// What went wrong.
    pub kind: PsyncErrorKind,
    /// How many bytes of this connection came before the offending line or byte.
    pub offset: u64,
    /// What was being read.
    pub reading: Reading,
    /// The error reply, when the primary sent one.
    pub reply: Option<ErrorReply>,
}

impl PsyncError {
    pub(super) fn new(kind: PsyncErrorKind, offset: u64, reading: Reading) -> Self {
        Self { kind, offset, reading, reply: None }
    }

    pub(super) fn refused(kind: PsyncErrorKind, offset: u64, reading: Reading, reply: ErrorReply) -> Self {
        Self { kind, offset, reading, reply: Some(reply) }
    }

    /// Whether another attempt over a new connection can succeed without anybody changing a setting.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        !matches!(self.kind, PsyncErrorKind::Denied | PsyncErrorKind::Unsupported)
    }
}

impl fmt::Display for PsyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(reply) = &self.reply {
            write!(f, " ({reply})")?;
        }
        write!(f, " at offset {} while reading {}", self.offset, self.reading)
    }
}

impl std::error::Error for PsyncError {}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PsyncErrorKind {
    /// The primary does not let us: `NOAUTH`, `WRONGPASS`, `NOPERM`, `DENIED`, or any error that answers AUTH.
    Denied,
    /// The primary does not know the command that starts replication (`ERR` in answer to it).
    Unsupported,
    /// The primary cannot serve now: `LOADING`, `NOMASTERLINK`, `MASTERDOWN` and the like.
    Unavailable,
    /// The primary sent something that has no place here.
    Malformed,
    /// A line does not end within 8 KiB.
    LineTooLong,
    /// The primary answered `+CONTINUE` though a snapshot was asked for.
    UnexpectedContinue,
    /// Nothing came for [`repl_timeout`](crate::PsyncConfig::repl_timeout).
    Silent,
}

impl fmt::Display for PsyncErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "the primary denies access",
            Self::Unsupported => "the primary refuses to replicate",
            Self::Unavailable => "the primary cannot serve now",
            Self::Malformed => "not what a primary sends",
            Self::LineTooLong => "line too long",
            Self::UnexpectedContinue => "+CONTINUE without a history to continue",
            Self::Silent => "the primary is silent",
        })
    }
}

/// What was being read from the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// The reply to `PING`.
    Ping,
    /// The reply to `AUTH`.
    Auth,
    /// The reply to `REPLCONF listening-port`.
    ListeningPort,
    /// The reply to `REPLCONF capa`.
    Capabilities,
    /// The reply to `REPLCONF version`.
    Version,
    /// The reply to `PSYNC`.
    Psync,
    /// The line that says how the snapshot is framed.
    SnapshotHeader,
    /// The snapshot.
    Snapshot,
    /// The stream.
    Stream,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ping => "the reply to PING",
            Self::Auth => "the reply to AUTH",
            Self::ListeningPort => "the reply to REPLCONF listening-port",
            Self::Capabilities => "the reply to REPLCONF capa",
            Self::Version => "the reply to REPLCONF version",
            Self::Psync => "the reply to PSYNC",
            Self::SnapshotHeader => "the snapshot's header",
            Self::Snapshot => "the snapshot",
            Self::Stream => "the stream",
        })
    }
}
