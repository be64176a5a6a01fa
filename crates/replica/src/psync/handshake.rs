use bytes::BytesMut;
use resp::{ErrorReply, put_command};

use super::{PsyncConfig, PsyncErrorKind, Reading};

/// The steps before PSYNC is answered, one command and one reply each (`syncWithMaster`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Ping,
    Auth,
    ListeningPort,
    Capabilities,
    Version,
    Psync,
}

impl Step {
    /// The step after this one; there is none after PSYNC.
    pub(super) fn next(self, config: &PsyncConfig) -> Self {
        match self {
            Self::Ping if config.credentials.is_some() => Self::Auth,
            Self::Ping | Self::Auth => Self::ListeningPort,
            Self::ListeningPort => Self::Capabilities,
            Self::Capabilities if config.announced_version.is_some() => Self::Version,
            Self::Capabilities | Self::Version | Self::Psync => Self::Psync,
        }
    }

    /// Appends the step's command.
    pub(super) fn put_command(self, config: &PsyncConfig, out: &mut BytesMut) {
        match self {
            Self::Ping => put_command(out, &["PING"]),
            Self::Auth => put_auth(config, out),
            Self::ListeningPort => {
                put_command(out, &["REPLCONF", "listening-port", &config.listening_port.to_string()]);
            }
            // Never more: a primary that hears of dual channels sends the snapshot over another connection.
            Self::Capabilities if config.diskless => {
                put_command(out, &["REPLCONF", "capa", "eof", "capa", "psync2"]);
            }
            Self::Capabilities => put_command(out, &["REPLCONF", "capa", "psync2"]),
            Self::Version => {
                put_command(out, &["REPLCONF", "version", config.announced_version.as_deref().unwrap_or_default()]);
            }
            Self::Psync => put_psync(config, out),
        }
    }

    /// Decides about an error reply: an error, or `None` when the handshake goes on regardless.
    pub(super) fn judge(self, config: &PsyncConfig, reply: &ErrorReply) -> Option<PsyncErrorKind> {
        let denied = DENIALS.contains(&reply.code());
        let is_err = reply.code() == b"ERR";
        match self {
            // The primary is alive, and that is all we want to know: AUTH comes next.
            Self::Ping if denied && config.credentials.is_some() => None,
            Self::ListeningPort | Self::Capabilities | Self::Version if is_err => None,
            Self::Auth if is_err => Some(PsyncErrorKind::Denied),
            Self::Psync if is_err => Some(PsyncErrorKind::Unsupported),
            _ if denied => Some(PsyncErrorKind::Denied),
            _ => Some(PsyncErrorKind::Unavailable),
        }
    }

    pub(super) fn reading(self) -> Reading {
        match self {
            Self::Ping => Reading::Ping,
            Self::Auth => Reading::Auth,
            Self::ListeningPort => Reading::ListeningPort,
            Self::Capabilities => Reading::Capabilities,
            Self::Version => Reading::Version,
            Self::Psync => Reading::Psync,
        }
    }
}

fn put_auth(config: &PsyncConfig, out: &mut BytesMut) {
    let Some(credentials) = &config.credentials else { return };
    match &credentials.user {
        Some(user) => put_command(out, &["AUTH", user, &credentials.password]),
        None => put_command(out, &["AUTH", &credentials.password]),
    }
}

fn put_psync(config: &PsyncConfig, out: &mut BytesMut) {
    match &config.resume {
        Some((replid, offset)) => {
            // PSYNC names the first byte wanted.
            let first = offset.advanced(1).to_string();
            put_command(out, &[&config.psync_command, replid.as_str(), &first]);
        }
        None => put_command(out, &[&config.psync_command, "?", "-1"]),
    }
}

/// Codes that say who may do what: trying again does not help.
const DENIALS: [&[u8]; 4] = [b"NOAUTH", b"NOPERM", b"WRONGPASS", b"DENIED"];
