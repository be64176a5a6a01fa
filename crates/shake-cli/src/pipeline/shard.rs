//! One source shard followed into the target: a task that reads, a task that applies.

use std::sync::Arc;

use cluster_router::{BusyKey, NodeAddr, Router, RouterConfig};
use replica::{
    BacklogReader, BacklogStats, BacklogWriter, Budget, Credentials, Link, LinkConfig, LinkEvent, OnHistoryLost,
    PsyncConfig, Spool, backlog, backlog_with_disk,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::apply::{Applier, Restore, Stopped, StreamSettings};
use super::backlog_watch;
use super::error::{PipelineError, with_causes};
use super::plan::{ExistingKeys, PipelinePlan};
use super::preflight::Ready;
use super::progress::Progress;
use super::shard_slots::ShardSlots;
use super::source_connect::SourceConnect;

/// A link, not running yet.
pub(crate) struct Shard {
    node: NodeAddr,
    link: Link<SourceConnect, Observer>,
    applier: Applier,
    /// Fires when the link has ended, for the applier.
    link_ended: CancellationToken,
    progress: Arc<Progress>,
    backlog: BacklogStats,
}

/// How a link ended without failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The source's node.
    pub node: NodeAddr,
    /// Where the target has confirmed everything; nothing when it has confirmed nothing yet.
    pub confirmed: Option<cluster_router::Position>,
    /// Whether all that was received is confirmed.
    pub drained: bool,
}

impl Shard {
    /// Prepares a link.
    ///
    /// # Errors
    /// When its place on disk cannot be had.
    pub(crate) fn new(node: NodeAddr, plan: &PipelinePlan, ready: &Ready) -> Result<Self, PipelineError> {
        let links = ready.sources.len().max(1);
        let (writer, reader) = link_backlog(&node, plan, links)?;
        let progress = Arc::new(Progress::new(node.to_string(), reader.stats()));
        let connect = SourceConnect { connect: ready.source_connect.clone(), node: node.clone() };
        let observer = Observer { node: node.to_string(), progress: progress.clone() };
        let link = Link::new(link_config(plan), connect, writer, observer);
        let backlog = reader.stats();
        let router = Router::new(router_config(&node, plan), ready.discovery.clone(), &ready.map);
        let restore = restore(&node, plan, plan.backlog_memory / links);
        let source = ShardSlots::new(ready.source_discovery.clone(), node.clone(), ready.source_is_cluster);
        let settings = StreamSettings {
            target: ready.target,
            source_is_cluster: ready.source_is_cluster,
            cross_slot: plan.cross_slot,
        };
        let (name, link_ended) = (node.to_string(), CancellationToken::new());
        let ended = link_ended.clone();
        let applier = Applier::new(name, reader, router, settings, restore, source, ended, progress.clone());
        Ok(Self { node, link, applier, link_ended, progress, backlog })
    }

    pub(crate) fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// Follows the source until `stop`, or until one of the two sides cannot go on.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<Ended, PipelineError> {
        let Self { node, mut link, applier, link_ended, backlog, .. } = self;
        let watching = tokio::spawn(backlog_watch::watch(node.to_string(), backlog));
        let (reading, applying) = (stop.child_token(), stop.child_token());
        let reader_stop = reading.clone();
        // The link owns the writing half of the backlog: when it ends, the applier finds the end of it.
        let reader = tokio::spawn(async move {
            let _ended = link_ended.drop_guard();
            link.run(reader_stop).await
        });
        let applied = tokio::spawn(applier.run(applying)).await;
        reading.cancel();
        watching.abort();
        let read = reader.await;
        let applied = applied.map_err(|error| crashed(&node, &error))?;
        let Stopped { confirmed, drained } =
            applied.map_err(|error| PipelineError::applier(&node.to_string(), &error))?;
        read.map_err(|error| crashed(&node, &error))?.map_err(|error| PipelineError::link(&error))?;
        Ok(Ended { node, confirmed, drained })
    }
}

/// A task that panicked: our own fault, and said as such.
fn crashed(node: &NodeAddr, error: &tokio::task::JoinError) -> PipelineError {
    PipelineError::runtime(format!("source {node}: internal error: {error}"))
}

/// The backlog of one of so many links, which share the budgets evenly.
fn link_backlog(
    node: &NodeAddr,
    plan: &PipelinePlan,
    links: usize,
) -> Result<(BacklogWriter, BacklogReader), PipelineError> {
    let budget = Budget { memory_bytes: (plan.backlog_memory / links) as u64, kept_window_bytes: 0 };
    let Some(disk) = &plan.backlog_disk else { return Ok(backlog(budget)) };
    let dir = disk.dir.join(file_name(node));
    let spool = Spool::open(dir, disk.bytes / links as u64).map_err(|error| {
        PipelineError::refused(format!("{}; backlog_disk = 0 does without it", with_causes(&error)))
    })?;
    Ok(backlog_with_disk(budget, spool))
}

/// A node's address as the name of a directory.
fn file_name(node: &NodeAddr) -> String {
    node.to_string().replace(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c), "-")
}

fn link_config(plan: &PipelinePlan) -> LinkConfig {
    let credentials = plan.source.credentials.as_ref();
    let credentials = credentials.map(|c| Credentials { user: c.user.clone(), password: c.password.clone() });
    let mut psync = PsyncConfig { credentials, ..PsyncConfig::default() };
    if let Some(command) = &plan.source.psync_command {
        psync.psync_command.clone_from(command);
    }
    // A second copy that may not replace anything would keep what the first one wrote.
    let may_copy_again = plan.full_resync && plan.existing_keys == ExistingKeys::Replace;
    let on_history_lost = if may_copy_again { OnHistoryLost::FullResync } else { OnHistoryLost::Stop };
    LinkConfig { psync, on_history_lost, ..LinkConfig::default() }
}

fn router_config(node: &NodeAddr, plan: &PipelinePlan) -> RouterConfig {
    let defaults = RouterConfig::default();
    RouterConfig {
        link: format!("shake:{}:{node}", plan.name),
        credentials: plan.target.credentials.clone(),
        window: plan.window,
        busy_key: if plan.existing_keys == ExistingKeys::Keep { BusyKey::Keep } else { BusyKey::Fail },
        ..defaults
    }
}

fn restore(node: &NodeAddr, plan: &PipelinePlan, memory: usize) -> Restore {
    // Held whole, a value is there up to four times: as it came, as a payload, in its command, and in between.
    let whole = (memory / 4).clamp(SMALLEST_GIANT, LARGEST_WHOLE);
    Restore {
        existing: plan.existing_keys,
        max_bulk: plan.max_bulk,
        max_whole: whole.min(plan.max_bulk),
        on_loss: plan.on_loss,
        link: format!("{}:{node}", plan.name).into(),
    }
}

/// Smaller values come whole from the decoder.
const SMALLEST_GIANT: usize = 1 << 20;
/// A target stands still while it loads a payload: for some 100 ms when it is as large as this.
const LARGEST_WHOLE: usize = 16 << 20;

/// Says what happens to the connection to the source.
struct Observer {
    node: String,
    progress: Arc<Progress>,
}

impl replica::Observe for Observer {
    fn observe(&mut self, event: LinkEvent) {
        self.progress.link(&event);
        let source = &self.node;
        match event {
            LinkEvent::FullResync { generation, offset, .. } if generation > 1 => {
                warn!(%source, generation, %offset, "FULL RESYNC: the source cannot continue; everything is copied again");
            }
            LinkEvent::FullResync { offset, .. } => info!(%source, %offset, "full resync"),
            LinkEvent::SnapshotBegin { len: Some(len) } => info!(%source, len, "the snapshot begins"),
            LinkEvent::SnapshotBegin { len: None } => info!(%source, "the snapshot begins; its length is not known"),
            LinkEvent::SnapshotEnd { len } => info!(%source, len, "the snapshot is received"),
            LinkEvent::Continue { offset, .. } => info!(%source, %offset, "the source continues where we were"),
            LinkEvent::Lost { error, retry_in } => {
                warn!(%source, ?retry_in, "lost the source: {}", with_causes(&error));
            }
            _ => {}
        }
    }
}
