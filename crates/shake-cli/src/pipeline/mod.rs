//! The sync pipeline: every shard of a source followed into a target.
//!
//! A library type, without configuration files, terminals or signals: [`Pipeline::start`] takes a plan and looks at
//! both sides, [`Pipeline::wait`] lasts as long as the pipeline does, [`Stopper::stop`] ends it in good order.

mod advice;
mod apply;
mod backlog_watch;
mod error;
mod facts;
mod forget;
mod known_links;
mod links;
mod moves;
mod network;
mod plan;
mod positions;
mod preflight;
mod progress;
mod reserved;
mod seen_sources;
mod shard;
mod shard_slots;
mod source_connect;
mod source_shard;
mod sources;
mod standby;
mod target;

use std::sync::{Arc, Mutex, PoisonError};

use cluster_router::NodeAddr;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use error::{PipelineError, PipelineErrorKind};
pub use forget::{Holder, Removal, Removed};
pub use known_links::{KnownLinks, LinkReport, NextStart, known_links};
pub use network::{Network, Reach};
pub use plan::{
    Ack, CrossSlot, DiskPlan, ExistingKeys, ExtraKeys, OnLoss, PipelinePlan, SourceKind, SourcePlan, TargetPlan,
};
pub use positions::{KnownLink, KnownMark};
pub use progress::{Figures, Holding, State};
pub use shard::Ended;

use progress::Progress;
use shard::Shard;
use sources::Sources;

/// A running pipeline.
pub struct Pipeline {
    shards: JoinSet<Result<Ended, PipelineError>>,
    progress: Arc<Mutex<Vec<Arc<Progress>>>>,
    stop: CancellationToken,
    found: Vec<String>,
    sources: Sources,
    /// Primaries of the source that are not followed.
    news: mpsc::UnboundedReceiver<NodeAddr>,
    /// Looks after the source; it ends with the pipeline.
    _watching: JoinSet<()>,
}

impl Pipeline {
    /// As [`start_over`](Self::start_over), over plain TCP.
    ///
    /// # Errors
    /// As [`start_over`](Self::start_over).
    pub async fn start(plan: &PipelinePlan) -> Result<Self, PipelineError> {
        Self::start_over(plan, &Network::plain(plan.connect_timeout)).await
    }

    /// Looks at both sides and starts a link for every shard of the source.
    ///
    /// # Errors
    /// When a check says no: a side cannot be reached or is not what the plan says. Nothing was written then.
    pub async fn start_over(plan: &PipelinePlan, network: &Network) -> Result<Self, PipelineError> {
        let mut ready = preflight::look(plan, network).await?;
        let found = std::mem::take(&mut ready.found);
        let stop = CancellationToken::new();
        let (mut shards, mut progress) = (JoinSet::new(), Vec::new());
        let (mut links, mut owner) = links::find(plan, &ready, &ready.sources, &[]).await?;
        if standby::wait(&ready, &links).await {
            // Much may have happened meanwhile.
            ready = preflight::look(plan, network).await?;
            (links, owner) = links::find(plan, &ready, &ready.sources, &[]).await?;
        }
        let sources = Sources::new(plan.clone(), ready, owner);
        let links: Vec<Shard> = links.into_iter().map(|source| sources.link(source)).collect();
        // Before the first of them begins: a slot may be on its way already.
        let (news, watching) = sources.watch().await;
        for shard in links {
            progress.push(shard.progress());
            shards.spawn(shard.run(stop.clone()));
        }
        let progress = Arc::new(Mutex::new(progress));
        Ok(Self { shards, progress, stop, found, sources, news, _watching: watching })
    }

    /// What was found on both sides, a line each.
    #[must_use]
    pub fn found(&self) -> &[String] {
        &self.found
    }

    /// A handle to end the pipeline with.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// A handle to look at the links' figures with.
    #[must_use]
    pub fn watcher(&self) -> Watcher {
        Watcher(self.progress.clone())
    }

    /// Waits for the end: of all links on request, or of all because one cannot go on.
    ///
    /// # Errors
    /// What the first link that could not go on met; the others were stopped in good order.
    pub async fn wait(mut self) -> Result<Vec<Ended>, PipelineError> {
        let (mut ended, mut failure) = (Vec::new(), None);
        loop {
            let shard = tokio::select! {
                shard = self.shards.join_next() => shard,
                Some(node) = self.news.recv() => {
                    self.follow(node).await;
                    continue;
                }
            };
            let Some(shard) = shard else { break };
            match shard.unwrap_or_else(|error| Err(PipelineError::runtime(format!("internal error: {error}")))) {
                Ok(shard) => ended.push(shard),
                Err(error) => {
                    failure.get_or_insert(error);
                    self.stop.cancel();
                }
            }
        }
        ended.sort_by(|a, b| a.node.cmp(&b.node));
        failure.map_or(Ok(ended), Err)
    }

    /// Starts a link for a primary that has none.
    async fn follow(&mut self, node: NodeAddr) {
        if self.stop.is_cancelled() {
            return;
        }
        let found = self.stop.run_until_cancelled(self.sources.find(&node)).await;
        match found.unwrap_or(Ok(None)) {
            Ok(Some(shard)) => {
                info!(source = %node, "a primary has joined the source: it is followed as well");
                self.progress.lock().unwrap_or_else(PoisonError::into_inner).push(shard.progress());
                self.shards.spawn(shard.run(self.stop.clone()));
            }
            Ok(None) => {}
            Err(error) => warn!(source = %node, "a primary has joined the source, and cannot be followed yet: {error}"),
        }
    }
}

/// Ends a pipeline.
#[derive(Debug, Clone)]
pub struct Stopper(CancellationToken);

impl Stopper {
    /// Stops reading; what was received of the streams is still applied, for ten seconds at most.
    pub fn stop(&self) {
        self.0.cancel();
    }
}

/// Looks at a pipeline.
#[derive(Debug, Clone)]
pub struct Watcher(Arc<Mutex<Vec<Arc<Progress>>>>);

impl Watcher {
    /// The figures of every link.
    #[must_use]
    pub fn figures(&self) -> Vec<Figures> {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.iter().map(|progress| progress.figures()).collect()
    }
}
