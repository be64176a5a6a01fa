use std::{fmt, time::Duration};

use super::AckSource;
use crate::{Offset, ReplId};

/// How a replica introduces itself, and what it asks for.
#[derive(Debug, Clone)]
pub struct PsyncConfig {
    /// Who to log in as; nobody by default.
    pub credentials: Option<Credentials>,
    /// The port shown for us in the primary's `INFO replication`. Nobody connects to it; 0 is fine.
    pub listening_port: u16,
    /// Whether to take the snapshot straight from the primary's memory, ended by a mark (`capa eof`); true by
    /// default. Without it the primary writes a file first.
    pub diskless: bool,
    /// The version to announce with `REPLCONF version`, or `None` for no announcement.
    ///
    /// Only Valkey knows this option; others answer with an error that does no harm. Without it, Valkey 9 writes the
    /// snapshot in a format for old replicas, which fails if any hash has fields with a time to live. With it, Valkey's
    /// `CLUSTER SETSLOT` waits for our acknowledgement.
    pub announced_version: Option<String>,
    /// The name of the PSYNC command where a provider has renamed it.
    pub psync_command: String,
    /// Where to go on: the history, and the last offset that we have. `None` asks for a snapshot.
    pub resume: Option<(ReplId, Offset)>,
    /// How long the primary may be silent before it counts as gone; 60 s as `repl-timeout`. Primaries ping every 10 s.
    pub repl_timeout: Duration,
    /// What to acknowledge.
    pub ack: AckSource,
}

impl Default for PsyncConfig {
    fn default() -> Self {
        Self {
            credentials: None,
            listening_port: 0,
            diskless: true,
            announced_version: Some("9.1.0".to_owned()),
            psync_command: "PSYNC".to_owned(),
            resume: None,
            repl_timeout: Duration::from_secs(60),
            ack: AckSource::Received,
        }
    }
}

/// A user and password for `AUTH`.
#[derive(Clone)]
pub struct Credentials {
    /// The ACL user; `None` sends the form with a password only, the one that servers before 6.0 know.
    pub user: Option<String>,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The password stays out of logs.
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
