//! What a source shard owns, asked at the moment when it matters.

use std::sync::Arc;

use cluster_router::{Asked, BoxFuture, ClientError, Discovery, Role, SlotSet, Topology, TopologyError};

use super::source_shard::SourceShard;

/// The slots of the node that a link follows.
#[derive(Clone)]
pub(crate) struct ShardSlots {
    discovery: Arc<Discovery>,
    shard: SourceShard,
    /// Whether the source is a cluster: a server alone has all slots.
    pub(crate) cluster: bool,
}

impl ShardSlots {
    pub(crate) fn new(discovery: Arc<Discovery>, shard: SourceShard, cluster: bool) -> Self {
        Self { discovery, shard, cluster }
    }

    /// Asks the node itself: it knows best, and its address may be one that the others do not announce.
    pub(crate) fn ask(&self) -> BoxFuture<'static, Result<SlotSet, SlotsError>> {
        let this = self.clone();
        Box::pin(async move {
            if !this.cluster {
                return Ok(SlotSet::all());
            }
            let node = this.shard.find_primary().await;
            let mut client = this.discovery.client(&node).await?;
            let text = client.text(&["CLUSTER", "NODES"]).await?;
            let topology = Topology::from_nodes(&text, Asked::host(&node.host))?;
            slots_of_asked(&topology).ok_or(SlotsError::Nobody)
        })
    }
}

/// The slots of the node that was asked or, if that is a replica, of its primary.
fn slots_of_asked(topology: &Topology) -> Option<SlotSet> {
    let myself = topology.myself()?;
    let owner = match &myself.role {
        Role::Replica { of } => topology.node(of.as_ref()?)?,
        _ => myself,
    };
    let mut slots = SlotSet::new();
    owner.slots.iter().for_each(|&range| slots.insert_range(range));
    Some(slots)
}

/// Why the slots of a source are not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SlotsError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("its CLUSTER NODES is not understood: {0}")]
    Topology(#[from] TopologyError),
    #[error("its CLUSTER NODES does not say which node it is")]
    Nobody,
}

#[cfg(test)]
mod tests {
    use cluster_router::Slot;

    use super::*;

    #[test]
    fn a_replica_stands_for_its_primary() {
        let nodes = |of_first: &str, of_second: &str| {
            format!(
                "07c37df 10.0.0.1:7000@17000 {of_first}master - 0 0 1 connected 5-7 [9-<-e7d1eec]\n\
                 e7d1eec 10.0.0.2:7000@17000 {of_second}slave 07c37df 0 1426238316232 1 connected\n\
                 67ed2db 10.0.0.3:7000@17000 master - 0 1426238316232 2 connected 0-4 8-16383\n"
            )
        };
        for text in [nodes("myself,", ""), nodes("", "myself,")] {
            let topology = Topology::from_nodes(text.as_bytes(), Asked::host("10.0.0.1")).unwrap();
            let slots: Vec<u16> = slots_of_asked(&topology).unwrap().iter().map(Slot::number).collect();
            assert_eq!(slots, [5, 6, 7]);
        }
        let nobody = Topology::from_nodes(nodes("", "").as_bytes(), Asked::host("10.0.0.1")).unwrap();
        assert!(slots_of_asked(&nobody).is_none());
    }
}
