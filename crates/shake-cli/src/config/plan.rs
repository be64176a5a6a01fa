//! What a configuration means, with every default filled in.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::endpoint::Endpoint;
use super::secret::Secret;
use super::tls::TlsPlan;

/// Everything a sync needs to know, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The link's name for people: `source>>target`.
    pub name: String,
    /// Where the data comes from.
    pub source: SourcePlan,
    /// Where the data goes.
    pub target: TargetPlan,
    /// What happens when a key of the snapshot already exists at the target.
    pub restore: RestoreBehavior,
    /// The byte budgets.
    pub limits: Limits,
    /// How often a command may be applied.
    pub delivery: Delivery,
    /// What is acknowledged to the source.
    pub ack: Ack,
    /// What becomes of keys that only the target has when everything is copied. Unless it is said, they are deleted where
    /// something was copied before.
    pub extra_keys: Option<ExtraKeys>,
    /// What happens when the source no longer has the history that is missing at the target.
    pub on_history_lost: OnHistoryLost,
    /// What happens to commands over several slots that cannot be taken apart.
    pub cross_slot: CrossSlot,
    /// What happens when the target cannot be told a part of a value.
    pub on_loss: OnLoss,
    /// The working directory: absolute, present and writable.
    pub dir: PathBuf,
    /// What is logged, and where.
    pub log: LogPlan,
    /// Where the state of the links is served over HTTP; nowhere where this is empty.
    pub status: Vec<SocketAddr>,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Sentences for the start-up log about settings that were accepted and have no effect here.
    pub notes: Vec<String>,
}

impl Plan {
    /// The plan as TOML, for people who want to see what their configuration means. Passwords are not shown.
    ///
    /// # Errors
    /// When a path is not valid Unicode, which TOML cannot hold.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

/// A duration as a number of seconds; zero is never.
fn seconds<S: Serializer>(interval: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(interval.map_or(0, |interval| interval.as_secs()))
}

/// The side that is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourcePlan {
    /// One node, or a whole cluster.
    pub kind: SourceKind,
    /// For a node exactly one. For a cluster the nodes to ask, in this order.
    pub endpoints: Vec<Endpoint>,
    /// Whether each endpoint is the way to one node of the cluster, in place of what that announces.
    pub by_addresses: bool,
    /// How to log in; `None` where no password was given.
    pub auth: Option<Auth>,
    /// The command that stands for `PSYNC` at providers that renamed it.
    pub psync_command: Option<String>,
    /// The cluster's name for people; the first address where none was given.
    pub name: String,
    /// How connections are encrypted; `None` where they are not.
    pub tls: Option<TlsPlan>,
}

/// What the source's address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// Every primary of the cluster, in one process.
    Cluster,
    /// The addressed node alone, also when it belongs to a cluster.
    Node,
}

/// The side that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetPlan {
    /// One node, or a cluster.
    pub kind: TargetKind,
    /// For a standalone target exactly one. For a cluster the nodes to ask, in this order.
    pub endpoints: Vec<Endpoint>,
    /// Whether each endpoint is the way to one node of the cluster, in place of what that announces.
    pub by_addresses: bool,
    /// How to log in; `None` where no password was given.
    pub auth: Option<Auth>,
    /// The cluster's name for people; the first address where none was given.
    pub name: String,
    /// How connections are encrypted; `None` where they are not.
    pub tls: Option<TlsPlan>,
}

/// What the target's address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A cluster: keys go to the owners of their slots.
    Cluster,
    /// The addressed node takes everything.
    Standalone,
}

/// The arguments of `AUTH`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Auth {
    /// The ACL user; `None` is the default user.
    pub user: Option<String>,
    /// Its password.
    pub password: Secret,
}

/// `[advanced] rdb_restore_command_behavior`: what happens when a key of the snapshot exists at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestoreBehavior {
    /// The source's value replaces it.
    Rewrite,
    /// The target's value stays.
    Skip,
    /// The sync ends with an error.
    Panic,
}

/// `[sync] on_loss`: what happens when the target cannot be told a part of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnLoss {
    /// The sync ends with an error.
    Stop,
    /// The rest of the value is carried over; what is lost is said and counted.
    Warn,
}

/// The byte budgets. All are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Memory of the whole process for what the target has not taken yet.
    pub backlog_memory: usize,
    /// Disk space of the whole process for what does not fit into that memory; 0 is none.
    pub backlog_disk: usize,
    /// The most that is sent to one target connection ahead of its replies.
    pub window_bytes: usize,
    /// The largest value that travels as one `RESTORE`.
    pub max_bulk: usize,
}

/// `[sync] delivery`: how often a command of the source may be applied at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Delivery {
    /// Nothing is lost and nothing is repeated, whatever breaks.
    ExactlyOnce,
    /// Nothing is lost; after a restart or a reconnection a command may be applied again.
    AtLeastOnce,
}

/// `[sync] ack`: what is acknowledged to the source, whose `WAIT` goes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ack {
    /// What was received, whatever the target does: the source never waits for it.
    Received,
    /// What the target has confirmed: `WAIT` counts the other cluster.
    Applied,
}

/// `[sync] extra_keys`: what happens to keys of the target that the source does not have, when everything is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtraKeys {
    /// They are deleted.
    Delete,
    /// They stay.
    Keep,
}

/// `[sync] on_history_lost`: what happens when the source no longer has the history that is missing at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnHistoryLost {
    /// The data is copied anew.
    FullResync,
    /// The program ends, with an exit code of its own.
    Stop,
}

/// `[sync] cross_slot`: what happens to a command that a target cluster refuses because its keys lie in several slots, and
/// that cannot be taken apart by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrossSlot {
    /// The program ends, and names it.
    Fail,
    /// It is left out, counted and named.
    Skip,
}

/// What is logged, and where. Standard error is always written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogPlan {
    /// The file that is appended to as well, absolute.
    pub file: Option<PathBuf>,
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// The shape of a line.
    pub format: LogFormat,
    /// How often progress is logged; `None` is never.
    #[serde(rename = "interval_seconds", serialize_with = "seconds")]
    pub interval: Option<Duration>,
}

/// `[advanced] log_level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What an operator wants to see.
    Info,
    /// What an operator may have to act on.
    Warn,
    /// What ended something.
    Error,
}

/// `[advanced] log_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// One JSON object a line.
    Json,
}
