use std::fmt;

use cluster_router::command::KeyError;
use rdb::RewriteErrorKind;

/// Why a source's bytes cannot be applied. Nothing behind the place it names was applied.
#[derive(Debug)]
pub(crate) struct ApplyError {
    /// What is wrong.
    pub(crate) kind: ApplyErrorKind,
    /// Where: `offset 1234`, `snapshot byte 77`.
    pub(crate) place: String,
}

impl ApplyError {
    pub(crate) fn at_offset(kind: ApplyErrorKind, offset: u64) -> Self {
        Self { kind, place: format!("offset {offset}") }
    }

    pub(crate) fn in_snapshot(kind: ApplyErrorKind, offset: u64) -> Self {
        Self { kind, place: format!("snapshot byte {offset}") }
    }
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.place, self.kind)
    }
}

impl std::error::Error for ApplyError {}

/// What is wrong with a source's bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ApplyErrorKind {
    /// The stream is not RESP.
    #[error("the stream is broken: {0}")]
    Stream(resp::Error),
    /// The snapshot is damaged, or of a kind that is not known.
    #[error("the snapshot cannot be read: {0}")]
    Snapshot(#[from] rdb::Error),
    /// The snapshot ends before or behind where the source said.
    #[error("the snapshot and its transfer do not end together")]
    SnapshotEnd,
    /// A command has not the arguments that its name promises.
    #[error("{command}: {source}")]
    Keys {
        /// Its name.
        command: String,
        /// What is wrong.
        source: KeyError,
    },
    /// The keys of a command lie in several slots, and it cannot be taken apart.
    #[error(
        "{command} has keys in several slots ({keys}), which a target cluster refuses, and cannot be split by key; with \
         cross_slot = \"skip\" such commands are left out"
    )]
    CrossSlot {
        /// Its name.
        command: String,
        /// Some of its keys.
        keys: String,
    },
    /// A script that names no key, and may work on any.
    #[error(
        "{command} names no keys, so that no node of a target cluster is the one for it; with cross_slot = \"skip\" such \
         commands are left out"
    )]
    NoKeys {
        /// Its name.
        command: String,
    },
    /// A command that neither the table nor the target knows.
    #[error("{command} is not a command that is known here, nor does the target know it (a module that it lacks?)")]
    UnknownCommand {
        /// Its name.
        command: String,
    },
    /// A command that concerns more than one database.
    #[error("{command} concerns a database other than 0, and a target cluster has only that one")]
    OtherDatabase {
        /// Its name.
        command: String,
    },
    /// A question to the target, or something that had to be done there before going on, was refused.
    #[error("{command}, which had to be asked of the target before going on, was refused: {reply}")]
    Refused {
        /// What was asked.
        command: &'static str,
        /// What the node said.
        reply: String,
    },
    /// A database that the target does not have.
    #[error("database {db} is used at the source, but a target cluster has only database 0")]
    Database {
        /// The database.
        db: u64,
    },
    /// The source has to be copied again, and keys of the first copy cannot be told from those that were there before.
    #[error(
        "the source cannot continue and everything would have to be copied again; with rdb_restore_command_behavior = \
         \"skip\" or \"panic\" that would keep what the first copy wrote: empty the target, or use \"rewrite\""
    )]
    SecondCopy,
    /// Slots were handed over to the shard by `CLUSTER MIGRATESLOTS`.
    #[error("slots were handed over to this shard by CLUSTER MIGRATESLOTS, and have to be copied with it")]
    SlotsCopied,
    /// Bytes that belong to no history.
    #[error("internal error: bytes before the start of a history")]
    NoHistory,
    /// An element too long for one command.
    #[error(
        "an element of key {key} has {len} bytes, more than target_redis_proto_max_bulk_len, and elements are not taken \
         apart"
    )]
    TooLong {
        /// The key.
        key: String,
        /// Its length.
        len: u64,
    },
    /// A value that the target does not load and that cannot be made there by commands.
    #[error(
        "key {key} (a value of type {value_type}) cannot be carried over to {target}, which does not load it: {why}"
    )]
    NoCommands {
        /// The key.
        key: String,
        /// How its value is written.
        value_type: &'static str,
        /// The target.
        target: rdb::Target,
        /// Why not.
        #[source]
        why: RewriteErrorKind,
    },
    /// A value that the target does not load, and that is too much as commands.
    #[error("the value of key {key}, which the target does not load, would be too many commands for one transaction")]
    TooManyCommands {
        /// The key.
        key: String,
    },
    /// A value of which the target would have less than the source.
    #[error(
        "{target} cannot be told the {what} of key {key} ({count} of them); with on_loss = \"warn\" in [sync] the \
         rest of such keys is carried over"
    )]
    Incomplete {
        /// The key.
        key: String,
        /// The target.
        target: rdb::Target,
        /// What would be lost.
        what: &'static str,
        /// How much of it.
        count: u64,
    },
    /// EXEC without MULTI, and the like.
    #[error("the stream is broken: {0}")]
    Malformed(&'static str),
}
