//! Asks the source's primaries which slots they own, and which they are giving away; finds primaries that are not followed,
//! and shards that are no more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cluster_router::{Asked, Discovery, Node, NodeAddr, NodeId, Slot, SlotSet, Topology};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use super::table::{Member, Moves, UNKNOWN};
use crate::pipeline::source_shard::SourceShard;

/// Looks at a source cluster, again and again.
pub(crate) struct SourceWatch {
    moves: Arc<Moves>,
    discovery: Arc<Discovery>,
    /// Where primaries go that are not followed.
    found: mpsc::UnboundedSender<NodeAddr>,
    /// In how many looks in a row such a primary was there.
    strangers: HashMap<NodeId, u32>,
    /// In how many looks in a row a shard was not.
    missing: HashMap<Member, u32>,
}

impl SourceWatch {
    pub(crate) fn new(moves: Arc<Moves>, discovery: Arc<Discovery>, found: mpsc::UnboundedSender<NodeAddr>) -> Self {
        Self { moves, discovery, found, strangers: HashMap::new(), missing: HashMap::new() }
    }

    /// Looks once a second, without end.
    pub(crate) async fn run(mut self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    /// Asks every primary for its own view: only it knows what it is giving away.
    pub(crate) async fn look(&mut self) {
        let shards = self.moves.shards();
        let mut views = Vec::new();
        if let Ok(topology) = self.discovery.topology(None).await {
            shards.iter().filter(|shard| !shard.gone.is_cancelled()).for_each(|shard| shard.learn(&topology));
        }
        for (link, shard) in (0..).zip(&shards).filter(|(_, shard)| !shard.gone.is_cancelled()) {
            views.push((link, view(&self.discovery, &shard.primary()).await));
        }
        let ids: Vec<(Member, NodeId)> =
            views.iter().filter_map(|(link, view)| Some((*link, view.as_ref()?.id.clone()))).collect();
        let number = |id: &NodeId| ids.iter().find(|(_, known)| known == id).map_or(UNKNOWN, |(link, _)| *link);
        for (link, view) in &views {
            let Some(view) = view else { continue };
            let leaving: Vec<_> = view.leaving.iter().map(|(slot, to)| (*slot, Some(number(to)))).collect();
            self.moves.learn(*link, &view.owned, &leaving);
        }
        let views: Vec<(Member, &Topology)> =
            views.iter().filter_map(|(link, view)| Some((*link, &view.as_ref()?.topology))).collect();
        self.look_for_missing(&views, &shards);
        // Who was put into another cluster tells of that.
        let missed = |link: &Member| self.missing.get(link).is_some_and(|&looks| looks > 0);
        let topologies: Vec<&Topology> =
            views.iter().filter(|(link, _)| !missed(link)).map(|(_, topology)| *topology).collect();
        self.look_for_strangers(&topologies, &shards);
    }

    /// A primary that has slots or is getting some, and belongs to no shard that is followed.
    fn look_for_strangers(&mut self, topologies: &[&Topology], shards: &[SourceShard]) {
        let is_followed = |node: &Node| shards.iter().any(|shard| !shard.gone.is_cancelled() && shard.has(node));
        let mut there: HashMap<NodeId, NodeAddr> = HashMap::new();
        for topology in topologies {
            let getting: Vec<&NodeId> =
                topology.nodes.iter().flat_map(|node| node.migrating.iter().map(|(_, to)| to)).collect();
            let strangers = topology.primaries().filter(|node| !node.slots.is_empty() || getting.contains(&&node.id));
            let strangers = strangers.filter(|node| node.is_usable() && !is_followed(node));
            there.extend(strangers.map(|node| (node.id.clone(), node.addr.clone())));
        }
        self.strangers.retain(|id, _| there.contains_key(id));
        for (id, addr) in there {
            let looks = self.strangers.entry(id).or_default();
            *looks += 1;
            // The others may be about to learn that it has taken over from one of them. One that could not be followed is
            // found again later.
            if *looks % FOUND_EVERY == FOUND_AFTER {
                let _ = self.found.send(addr);
            }
        }
    }

    /// A shard of which no node is known to the others any more is not waited for.
    fn look_for_missing(&mut self, views: &[(Member, &Topology)], shards: &[SourceShard]) {
        for (link, shard) in (0..).zip(shards).filter(|(_, shard)| !shard.gone.is_cancelled()) {
            let mut others = views.iter().filter(|(viewer, _)| *viewer != link).peekable();
            let is_alone = others.peek().is_none();
            let is_there = others.any(|(_, topology)| topology.nodes.iter().any(|node| shard.has(node)));
            let looks = self.missing.entry(link).or_default();
            *looks = if is_there || is_alone { 0 } else { *looks + 1 };
            if *looks == GONE_AFTER {
                info!(source = %shard.primary(), "this shard is no part of the source any more: it is not followed further");
                shard.gone.cancel();
            }
        }
    }
}

struct View {
    id: NodeId,
    owned: SlotSet,
    leaving: Vec<(Slot, NodeId)>,
    topology: Topology,
}

async fn view(discovery: &Discovery, node: &NodeAddr) -> Option<View> {
    let mut client = discovery.client(node).await.ok()?;
    let text = client.text(&["CLUSTER", "NODES"]).await.ok()?;
    let topology = Topology::from_nodes(&text, Asked::host(&node.host)).ok()?;
    let myself = topology.myself()?;
    let (id, owned) = (myself.id.clone(), myself.slots.iter().copied().collect());
    let leaving = myself.migrating.clone();
    Some(View { id, owned, leaving, topology })
}

const EVERY: Duration = Duration::from_secs(1);

/// After how many looks a primary counts as one that is not followed, and after how many more it is tried again.
const FOUND_AFTER: u32 = 2;
const FOUND_EVERY: u32 = 30;

/// After how many looks a shard that nobody knows counts as gone.
const GONE_AFTER: u32 = 10;
