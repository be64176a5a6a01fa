//! The reading half of a link: a task that follows the source into a backlog.

use std::sync::Arc;
use std::time::Duration;

use cluster_router::NodeAddr;
use replica::{BacklogReader, Link, LinkError, Offset, ReplId};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::observer::Observer;
use super::settings::{link_backlog, link_config};
use crate::pipeline::backlog_watch;
use crate::pipeline::error::PipelineError;
use crate::pipeline::plan::PipelinePlan;
use crate::pipeline::preflight::Ready;
use crate::pipeline::progress::Progress;
use crate::pipeline::source_connect::SourceConnect;
use crate::pipeline::source_shard::SourceShard;

/// A source that is being read.
pub(super) struct Source {
    task: JoinHandle<Result<(), LinkError>>,
    watching: JoinHandle<()>,
    stop: CancellationToken,
    /// Fires when nothing more comes.
    pub(super) ended: CancellationToken,
}

/// Where reading begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct From {
    /// The last generation there was.
    pub(super) generation: u64,
    /// Where to go on in it; nothing asks for a copy.
    pub(super) resume: Option<(ReplId, Offset)>,
}

impl Source {
    /// Begins to read, until `stop`: what comes later is for the next start.
    ///
    /// # Errors
    /// When its place on disk cannot be had.
    pub(super) async fn begin(
        shard: &SourceShard,
        (node, plan, ready): (&NodeAddr, &PipelinePlan, &Ready),
        from: From,
        progress: &Arc<Progress>,
        stop: &CancellationToken,
    ) -> Result<(Self, BacklogReader), PipelineError> {
        let (writer, reader) = patiently(|| link_backlog(node, plan, ready.links())).await?;
        progress.reads_from(reader.stats());
        let connect = SourceConnect { connect: ready.source_connect.clone(), shard: shard.clone() };
        let observer = Observer { node: node.to_string(), progress: progress.clone() };
        let mut link = Link::new(link_config(plan, from, progress.applied()), connect, writer, observer);
        let (stop, ended) = (stop.child_token(), CancellationToken::new());
        let (stopped, at_end) = (stop.clone(), ended.clone().drop_guard());
        // The link owns the writing half of the backlog: when it ends, who applies finds the end of it.
        let task = tokio::spawn(async move {
            let _at_end = at_end;
            link.run(stopped).await
        });
        let watching = tokio::spawn(backlog_watch::watch(node.to_string(), reader.stats()));
        Ok((Self { task, watching, stop, ended }, reader))
    }

    /// Ends it; what it met when it had ended by itself.
    pub(super) async fn end(self) -> Result<Result<(), LinkError>, JoinError> {
        self.stop.cancel();
        self.watching.abort();
        self.task.await
    }
}

/// A place on disk that was given up a moment ago is not free at once.
async fn patiently<T>(mut open: impl FnMut() -> Result<T, PipelineError>) -> Result<T, PipelineError> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(_) if begun.elapsed() < PATIENCE => sleep(BETWEEN_TRIES).await,
            opened => return opened,
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(2);
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
