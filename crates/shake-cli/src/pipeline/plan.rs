use std::path::PathBuf;
use std::time::Duration;

use cluster_router::{Credentials, NodeAddr, TargetKind};

/// What a pipeline does, decided in full.
#[derive(Debug, Clone)]
pub struct PipelinePlan {
    /// Name of the pipeline; the connections to the target bear it. Printable ASCII without blanks.
    pub name: String,
    /// Where the data comes from.
    pub source: SourcePlan,
    /// Where the data goes.
    pub target: TargetPlan,
    /// What becomes of keys that the target has when a snapshot brings them.
    pub existing_keys: ExistingKeys,
    /// What to do about parts of values that the target cannot be told.
    pub on_loss: OnLoss,
    /// Memory for what was received and is not confirmed, of all links together, in bytes.
    pub backlog_memory: usize,
    /// Where what does not fit into that memory goes; `None` waits for room instead.
    pub backlog_disk: Option<DiskPlan>,
    /// Most bytes on their way to one node without a reply.
    pub window: usize,
    /// Longest argument that the target takes.
    pub max_bulk: usize,
    /// What becomes of commands over several slots that cannot be taken apart.
    pub cross_slot: CrossSlot,
    /// What becomes of keys that the target has and the source has not, when everything is copied.
    pub extra_keys: ExtraKeys,
    /// Whether every command takes effect once, whatever happens; otherwise some may be repeated after a break.
    pub exactly_once: bool,
    /// What is acknowledged to the sources.
    pub ack: Ack,
    /// Whether to copy everything again when a source cannot continue from where a link was.
    pub full_resync: bool,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
}

/// A place on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskPlan {
    /// A directory for it alone; each link makes one of its own in it.
    pub dir: PathBuf,
    /// Most bytes of files, of all links together.
    pub bytes: u64,
}

/// The source of a pipeline.
#[derive(Debug, Clone)]
pub struct SourcePlan {
    /// All primaries of a cluster, or one node alone.
    pub kind: SourceKind,
    /// Nodes to ask, or the one node.
    pub nodes: Vec<NodeAddr>,
    /// How to authenticate.
    pub credentials: Option<Credentials>,
    /// What the source calls the PSYNC command, when it is renamed.
    pub psync_command: Option<String>,
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Every primary of the cluster that the nodes belong to.
    Cluster,
    /// The first node, whatever it is.
    Node,
}

/// The target of a pipeline.
#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// A cluster, or one server.
    pub kind: TargetKind,
    /// Nodes to ask, or the one server.
    pub nodes: Vec<NodeAddr>,
    /// How to authenticate.
    pub credentials: Option<Credentials>,
}

/// What becomes of a command that a target cluster refuses because its keys lie in several slots, and that cannot be taken
/// apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossSlot {
    /// The pipeline stops and names it.
    Fail,
    /// It is left out, counted and named.
    Skip,
}

/// What becomes of a key that the target has when a snapshot brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingKeys {
    /// The snapshot's takes its place.
    Replace,
    /// It stays.
    Keep,
    /// The pipeline stops and names it.
    Fail,
}

/// What becomes of keys that the target has and a snapshot does not bring, of the slots that the source's shard owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtraKeys {
    /// They are deleted when the link has copied something there before; at a first copy they stay.
    DeleteOwn,
    /// They are deleted.
    Delete,
    /// They stay.
    Keep,
}

/// What a link acknowledges to its source: `WAIT` there goes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// What it has received.
    Received,
    /// What the target has confirmed.
    Applied,
}

/// What to do about a part of a value that the target cannot be told, such as fields of hashes that expire where fields
/// cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnLoss {
    /// The pipeline stops and names the key.
    Stop,
    /// The rest is carried over; what is lost is said and counted.
    Warn,
}
