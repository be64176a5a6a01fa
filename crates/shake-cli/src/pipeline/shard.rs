//! One source shard followed into the target: a task that reads, a task that applies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cluster_router::{BusyKey, NodeAddr, Router, RouterConfig};
use replica::{Budget, Credentials, Link, LinkConfig, LinkEvent, OnHistoryLost, PsyncConfig, backlog};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::apply::{Applier, Restore, Stopped};
use super::error::{PipelineError, with_causes};
use super::plan::{ExistingKeys, PipelinePlan};
use super::preflight::Ready;
use super::progress::Progress;
use super::source_connect::SourceConnect;

/// A link, not running yet.
pub(crate) struct Shard {
    node: NodeAddr,
    link: Link<SourceConnect, Observer>,
    applier: Applier,
    progress: Arc<Progress>,
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
    pub(crate) fn new(node: NodeAddr, plan: &PipelinePlan, ready: &Ready) -> Self {
        let links = ready.sources.len().max(1);
        let memory = (plan.backlog_memory / links) as u64;
        let (writer, reader) = backlog(Budget { memory_bytes: memory, kept_window_bytes: 0 });
        let progress = Arc::new(Progress::new(node.to_string(), reader.stats()));
        let connect = SourceConnect { connect: ready.source_connect.clone(), node: node.clone() };
        let observer = Observer { node: node.to_string(), progress: progress.clone(), said_full: None };
        let link = Link::new(link_config(plan), connect, writer, observer);
        let router = Router::new(router_config(&node, plan), ready.discovery.clone(), &ready.map);
        let restore = Restore { replace: plan.existing_keys == ExistingKeys::Replace, max_bulk: plan.max_bulk };
        let applier = Applier::new(node.to_string(), reader, router, ready.target, restore, progress.clone());
        Self { node, link, applier, progress }
    }

    pub(crate) fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// Follows the source until `stop`, or until one of the two sides cannot go on.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<Ended, PipelineError> {
        let Self { node, mut link, applier, .. } = self;
        let (reading, applying) = (stop.child_token(), stop.child_token());
        let reader_stop = reading.clone();
        // The link owns the writing half of the backlog: when it ends, the applier finds the end of it.
        let reader = tokio::spawn(async move { link.run(reader_stop).await });
        let applied = tokio::spawn(applier.run(applying)).await;
        reading.cancel();
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

/// Says what happens to the connection to the source.
struct Observer {
    node: String,
    progress: Arc<Progress>,
    /// When it was last said that the backlog is full.
    said_full: Option<Instant>,
}

impl Observer {
    /// With a target that is slower than its source the backlog is full, and not, many times a second.
    fn say_full(&mut self) {
        if self.said_full.is_none_or(|said| said.elapsed() > SAY_AGAIN) {
            self.said_full = Some(Instant::now());
            warn!(source = %self.node, "the backlog is full: the source is read only as fast as the target takes it");
        }
    }
}

/// How long a state that lasts is not mentioned again.
const SAY_AGAIN: Duration = Duration::from_secs(30);

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
            LinkEvent::WaitingForRoom => self.say_full(),
            LinkEvent::Lost { error, retry_in } => {
                warn!(%source, ?retry_in, "lost the source: {}", with_causes(&error));
            }
            _ => {}
        }
    }
}
