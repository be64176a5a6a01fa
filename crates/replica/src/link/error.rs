use std::{fmt, io};

use crate::{PsyncError, PsyncErrorKind};

/// Why a connection ended. The link opens another one unless the kind of the error forbids it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Loss {
    /// No connection came about.
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    /// Reading or writing failed.
    #[error("connection lost")]
    Io(#[source] io::Error),
    /// The primary closed the connection.
    #[error("the primary closed the connection")]
    Closed,
    /// The primary refuses, is silent, or sends what no primary sends.
    #[error(transparent)]
    Psync(#[from] PsyncError),
}

/// Why a link ended for good: the kind, the node, and the cause where there is one.
#[derive(Debug)]
pub struct LinkError {
    /// What it comes down to.
    pub kind: LinkErrorKind,
    /// The primary's address.
    pub node: String,
    /// What the primary sent, when it refused.
    pub source: Option<PsyncError>,
}

impl LinkError {
    pub(super) fn new(kind: LinkErrorKind, node: String) -> Self {
        Self { kind, node, source: None }
    }

    pub(super) fn refused(error: PsyncError, node: String) -> Self {
        let kind = match error.kind {
            PsyncErrorKind::Denied => LinkErrorKind::Denied,
            _ => LinkErrorKind::Unsupported,
        };
        Self { kind, node, source: Some(error) }
    }

    /// The code of the primary's error reply (`NOAUTH`, `NOPERM` ...), if one ended the link.
    #[must_use]
    pub fn code(&self) -> Option<&[u8]> {
        self.source.as_ref()?.reply.as_ref().map(resp::ErrorReply::code)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.node, self.kind)?;
        match self.code() {
            Some(code) => write!(f, " ({})", code.escape_ascii()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// What ended a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkErrorKind {
    /// The primary does not let us in, or not replicate. The user's configuration, or the primary's, has to change.
    Denied,
    /// The primary does not know the command that starts replication.
    Unsupported,
    /// The primary cannot continue the history, and the policy is to stop.
    HistoryLost,
    /// Nobody reads the backlog any more.
    BacklogClosed,
    /// The backlog was given something out of order: a bug of ours.
    Internal,
}

impl fmt::Display for LinkErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "the primary denies access",
            Self::Unsupported => "the primary refuses to replicate",
            Self::HistoryLost => "the primary cannot continue from our position: a full resync is needed",
            Self::BacklogClosed => "nobody reads the backlog any more",
            Self::Internal => "internal error: backlog written out of order",
        })
    }
}
