//! The links of a pipeline: one for each primary of the source, whenever there is one.

use std::sync::{Arc, Mutex, PoisonError};

use cluster_router::NodeAddr;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::error::PipelineError;
use super::links;
use super::moves::{Moves, SourceWatch};
use super::plan::{PipelinePlan, SourceKind};
use super::positions::{Identity, OwnerTag};
use super::preflight::Ready;
use super::shard::Shard;
use super::source_shard::SourceShard;

/// Makes links.
pub(super) struct Sources {
    plan: PipelinePlan,
    ready: Arc<Ready>,
    /// This process.
    owner: OwnerTag,
    /// Where a whole cluster is followed, its slots may move between the links.
    moves: Option<Arc<Moves>>,
    /// The names of the links that were made, and where each is read.
    made: Mutex<Vec<(String, SourceShard)>>,
}

impl Sources {
    pub(super) fn new(plan: PipelinePlan, ready: Ready, owner: OwnerTag) -> Self {
        let moves = (plan.source.kind == SourceKind::Cluster).then(Moves::new);
        Self { plan, ready: Arc::new(ready), owner, moves, made: Mutex::default() }
    }

    /// The link of a source that was found.
    pub(super) fn link(&self, source: Identity) -> Shard {
        self.link_of(source, self.owner.clone())
    }

    fn link_of(&self, source: Identity, owner: OwnerTag) -> Shard {
        let name = source.link.clone();
        let shard = Shard::new(source, owner, &self.plan, self.ready.clone(), self.moves.as_ref());
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push((name, shard.source_shard()));
        shard
    }

    /// The link of a primary; nothing when it is followed already.
    pub(super) async fn find(&self, node: &NodeAddr) -> Result<Option<Shard>, PipelineError> {
        let is_followed = self.moves.as_ref().is_some_and(|moves| moves.follows(node));
        if is_followed {
            return Ok(None);
        }
        let taken: Vec<String> = {
            let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            made.iter().filter(|(_, shard)| !shard.gone.is_cancelled()).map(|(name, _)| name.clone()).collect()
        };
        let (found, owner) = links::find(&self.plan, &self.ready, std::slice::from_ref(node), &taken).await?;
        Ok(found.into_iter().next().map(|source| self.link_of(source, owner.max(self.owner.clone()))))
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
