//! The links of a pipeline: one for each primary of the source, whenever there is one.

use std::sync::Arc;

use cluster_router::NodeAddr;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::error::PipelineError;
use super::links;
use super::moves::{Moves, SourceWatch};
use super::plan::{PipelinePlan, SourceKind};
use super::positions::Identity;
use super::preflight::Ready;
use super::shard::Shard;

/// Makes links.
pub(super) struct Sources {
    plan: PipelinePlan,
    ready: Arc<Ready>,
    /// Where a whole cluster is followed, its slots may move between the links.
    moves: Option<Arc<Moves>>,
}

impl Sources {
    pub(super) fn new(plan: PipelinePlan, ready: Ready) -> Self {
        let moves = (plan.source.kind == SourceKind::Cluster).then(Moves::new);
        Self { plan, ready: Arc::new(ready), moves }
    }

    /// The link of a source that was found.
    pub(super) fn link(&self, source: Identity) -> Shard {
        Shard::new(source, &self.plan, self.ready.clone(), self.moves.as_ref())
    }

    /// The link of a primary; nothing when it is followed already.
    pub(super) async fn find(&self, node: &NodeAddr) -> Result<Option<Shard>, PipelineError> {
        let is_followed = self.moves.as_ref().is_some_and(|moves| moves.follows(node));
        if is_followed {
            return Ok(None);
        }
        let found = links::find(&self.plan, &self.ready, std::slice::from_ref(node)).await?;
        Ok(found.into_iter().next().map(|source| self.link(source)))
    }

    /// Looks at the source once, and from then on until what is answered is dropped. Primaries without a link come from
    /// the other end.
    pub(super) async fn watch(&self) -> (mpsc::UnboundedReceiver<NodeAddr>, JoinSet<()>) {
        let (found, news) = mpsc::unbounded_channel();
        let mut watching = JoinSet::new();
        if let Some(moves) = &self.moves {
            let mut watch = SourceWatch::new(moves.clone(), self.ready.source_discovery.clone(), found);
            watch.look().await;
            watching.spawn(watch.run());
        }
        (news, watching)
    }
}
