//! Asks the source's primaries which slots they own, and which they are giving away.

use std::sync::Arc;
use std::time::Duration;

use cluster_router::{Asked, Discovery, NodeAddr, NodeId, Slot, SlotSet, Topology};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::table::{Member, Moves};
use crate::pipeline::source_shard::SourceShard;

/// Looks once now, and then once a second until what comes back is dropped.
pub(crate) async fn watch(moves: Arc<Moves>, discovery: Arc<Discovery>, shards: Vec<SourceShard>) -> JoinSet<()> {
    look(&moves, &discovery, &shards).await;
    let mut watching = JoinSet::new();
    watching.spawn(async move {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            look(&moves, &discovery, &shards).await;
        }
    });
    watching
}

/// Asks every primary for its own view: only it knows what it is giving away.
async fn look(moves: &Moves, discovery: &Discovery, shards: &[SourceShard]) {
    let mut views = Vec::new();
    for (link, shard) in (0..).zip(shards) {
        views.push((link, view(discovery, &shard.primary()).await));
    }
    let ids: Vec<(Member, NodeId)> =
        views.iter().filter_map(|(link, view)| Some((*link, view.as_ref()?.id.clone()))).collect();
    for (link, view) in &views {
        let Some(view) = view else { continue };
        let number = |id: &NodeId| ids.iter().find(|(_, known)| known == id).map(|(link, _)| *link);
        let leaving: Vec<_> = view.leaving.iter().map(|(slot, to)| (*slot, number(to))).collect();
        moves.learn(*link, &view.owned, &leaving);
    }
}

struct View {
    id: NodeId,
    owned: SlotSet,
    leaving: Vec<(Slot, NodeId)>,
}

async fn view(discovery: &Discovery, node: &NodeAddr) -> Option<View> {
    let mut client = discovery.client(node).await.ok()?;
    let text = client.text(&["CLUSTER", "NODES"]).await.ok()?;
    let topology = Topology::from_nodes(&text, Asked::host(&node.host)).ok()?;
    let myself = topology.myself()?;
    let owned = myself.slots.iter().copied().collect();
    Some(View { id: myself.id.clone(), owned, leaving: myself.migrating.clone() })
}

const EVERY: Duration = Duration::from_secs(1);
