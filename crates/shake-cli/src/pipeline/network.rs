use std::sync::Arc;
use std::time::Duration;

use cluster_router::{Connect, Discovery, TcpConnect};

/// How the nodes of both sides are reached. What they are is in the [plan](super::PipelinePlan).
#[derive(Clone)]
pub struct Network {
    /// The source's.
    pub source: Reach,
    /// The target's.
    pub target: Reach,
}

/// How the nodes of one side are reached.
#[derive(Clone)]
pub struct Reach {
    /// Opens the connections.
    pub connect: Arc<dyn Connect>,
    /// Whether each of the plan's nodes is the way to one node of the cluster, in place of what that announces.
    pub by_nodes: bool,
}

impl Network {
    /// Plain TCP, to the addresses that nodes announce.
    #[must_use]
    pub fn plain(timeout: Duration) -> Self {
        let reach = Reach { connect: Arc::new(TcpConnect { timeout }), by_nodes: false };
        Self { source: reach.clone(), target: reach }
    }
}

impl Reach {
    /// The same discovery, by the ways that were given where that is wanted.
    pub(crate) fn apply(&self, discovery: Discovery) -> Arc<Discovery> {
        Arc::new(if self.by_nodes { discovery.by_seeds() } else { discovery })
    }
}
