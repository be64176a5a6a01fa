//! What can go wrong while real servers are being used.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

/// A failure of the testbed or of a server that it runs.
///
/// `Debug` prints the same sentence as `Display`, because that is what a failing test shows.
#[non_exhaustive]
pub enum Error {
    /// No server of this name is unpacked or installed.
    MissingServer {
        /// The name asked for, such as `redis-7.0`.
        name: String,
        /// The folders that were looked into.
        searched: Vec<PathBuf>,
    },
    /// The system refused something.
    Io {
        /// What was being done.
        what: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A server answered with an error reply.
    Reply {
        /// The command's name and first argument.
        command: String,
        /// The error reply, code first.
        text: String,
    },
    /// A reply that is not RESP, or not of the expected shape.
    Protocol(String),
    /// A server could not be started; the sentence holds the end of its log.
    Start(String),
    /// Another process already serves this address.
    PortTaken(SocketAddr),
    /// A condition did not come true in time.
    Timeout(String),
    /// The caller asked for something impossible.
    Usage(String),
}

impl Error {
    /// Wraps an I/O error with what was being done.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// The first word of an error reply, such as `WRONGTYPE`; empty for every other failure.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Reply { text, .. } => text.split(' ').next().unwrap_or_default(),
            _ => "",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingServer { name, searched } => {
                write!(f, "no server `{name}`: run tools/get-servers (looked in")?;
                for folder in searched {
                    write!(f, " {}", folder.display())?;
                }
                write!(f, ")")
            }
            Self::Io { what, source } => write!(f, "{what}: {source}"),
            Self::Reply { command, text } => write!(f, "`{command}` was answered with `{text}`"),
            Self::Protocol(what) => write!(f, "unexpected reply: {what}"),
            Self::Start(what) => write!(f, "the server did not start: {what}"),
            Self::PortTaken(addr) => write!(f, "{addr} belongs to another process"),
            Self::Timeout(what) => write!(f, "timed out waiting for {what}"),
            Self::Usage(what) => f.write_str(what),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
