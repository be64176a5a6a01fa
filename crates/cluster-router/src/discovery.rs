use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::client::{Client, ClientError};
use crate::{Asked, Connect, Credentials, NodeAddr, SlotMap, Topology};

/// Finds out which node of a target owns which slot.
pub struct Discovery {
    connect: Arc<dyn Connect>,
    credentials: Option<Credentials>,
    kind: TargetKind,
    seeds: Vec<NodeAddr>,
    /// Nodes that were part of the cluster when it was last asked: the seeds may be gone by then.
    known: Mutex<BTreeSet<NodeAddr>>,
    /// How often nodes were asked.
    asked: AtomicUsize,
}

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A cluster: any of its nodes knows the others.
    Cluster,
    /// One server for all slots.
    Standalone,
}

impl Discovery {
    /// Will ask `seeds`, in this order, and later the nodes that they named. There must be one seed.
    #[must_use]
    pub fn new(
        connect: Arc<dyn Connect>,
        kind: TargetKind,
        seeds: Vec<NodeAddr>,
        credentials: Option<Credentials>,
    ) -> Self {
        Self { connect, credentials, kind, seeds, known: Mutex::default(), asked: AtomicUsize::new(0) }
    }

    /// How connections are made.
    #[must_use]
    pub fn connector(&self) -> Arc<dyn Connect> {
        self.connect.clone()
    }

    /// What the target is.
    #[must_use]
    pub fn kind(&self) -> TargetKind {
        self.kind
    }

    /// The nodes to ask, as they were given.
    #[must_use]
    pub fn seeds(&self) -> &[NodeAddr] {
        &self.seeds
    }

    /// The node that is asked first.
    #[must_use]
    pub fn seed(&self) -> NodeAddr {
        self.seeds.first().cloned().unwrap_or_else(|| NodeAddr::new("", 0))
    }

    /// A control connection to a node.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn client(&self, node: &NodeAddr) -> Result<Client, ClientError> {
        Client::connect(&*self.connect, node, self.credentials.as_ref()).await
    }

    /// The owners of all slots, as [`topology`](Self::topology) has them.
    ///
    /// # Errors
    /// When no node answers, with what the last one said.
    pub async fn slot_map(&self, hint: Option<&NodeAddr>) -> Result<SlotMap, ClientError> {
        match self.kind {
            TargetKind::Standalone => Ok(SlotMap::single(self.seed())),
            TargetKind::Cluster => Ok(self.look(hint).await?.1),
        }
    }

    /// The cluster, as the first node sees it that knows the owners of all slots: `hint` before the others, and those
    /// begun with another one each time, so that a node that is cut off from its cluster does not have the only word.
    /// When none knows all, as the first sees it that answers.
    ///
    /// # Errors
    /// As [`slot_map`](Self::slot_map).
    pub async fn topology(&self, hint: Option<&NodeAddr>) -> Result<Topology, ClientError> {
        Ok(self.look(hint).await?.0)
    }

    async fn look(&self, hint: Option<&NodeAddr>) -> Result<(Topology, SlotMap), ClientError> {
        let mut incomplete = None;
        let mut failure = None;
        for node in self.candidates(hint) {
            match self.ask(&node).await {
                Ok(topology) => {
                    let map = SlotMap::from_topology(&topology);
                    if map.uncovered().is_empty() {
                        self.remember(&topology);
                        return Ok((topology, map));
                    }
                    // A node that was reset, or left out, knows less than the others.
                    incomplete.get_or_insert((topology, map));
                }
                Err(error) => failure = Some(error),
            }
        }
        incomplete.ok_or_else(|| failure.unwrap_or_else(|| self.nobody()))
    }

    fn nobody(&self) -> ClientError {
        ClientError::malformed(&self.seed(), io::Error::other("no node to ask"))
    }

    async fn ask(&self, node: &NodeAddr) -> Result<Topology, ClientError> {
        let mut client = self.client(node).await?;
        let text = client.text(&["CLUSTER", "NODES"]).await?;
        Topology::from_nodes(&text, Asked::host(&node.host)).map_err(|error| ClientError::malformed(node, error))
    }

    fn candidates(&self, hint: Option<&NodeAddr>) -> Vec<NodeAddr> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<NodeAddr> = Vec::new();
        for node in self.seeds.iter().chain(known.iter()) {
            if !all.contains(node) {
                all.push(node.clone());
            }
        }
        let turn = self.asked.fetch_add(1, Ordering::Relaxed) % all.len().max(1);
        all.rotate_left(turn);
        if let Some(hint) = hint {
            all.retain(|node| node != hint);
            all.insert(0, hint.clone());
        }
        all
    }

    fn remember(&self, topology: &Topology) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = topology.nodes.iter().filter(|node| node.is_usable()).map(|node| node.addr.clone()).collect();
    }
}
