//! What is looked at before the first byte is written.

use std::sync::Arc;

use cluster_router::{ClientError, Connect, Discovery, Flags, NodeAddr, SlotMap, TargetKind};
use tokio::task::JoinSet;
use tracing::warn;

use super::advice::advice;
use super::error::{PipelineError, with_causes};
use super::facts::{Facts, FactsError};
use super::network::Network;
use super::plan::{PipelinePlan, SourceKind};
use super::target::{Target, oldest};

/// What a pipeline can start with.
pub(crate) struct Ready {
    /// The nodes to follow.
    pub(crate) sources: Vec<NodeAddr>,
    /// Whether they are nodes of a cluster.
    pub(crate) source_is_cluster: bool,
    /// What tells them apart, and asks them.
    pub(crate) source_discovery: Arc<Discovery>,
    /// How they are reached.
    pub(crate) source_connect: Arc<dyn Connect>,
    pub(crate) target: Target,
    pub(crate) map: SlotMap,
    pub(crate) discovery: Arc<Discovery>,
    /// What was found, a line for each side.
    pub(crate) found: Vec<String>,
}

impl Ready {
    /// How many links there are.
    pub(crate) fn links(&self) -> usize {
        self.sources.len().max(1)
    }
}

/// Looks at both sides; says no to what cannot end well.
pub(crate) async fn look(plan: &PipelinePlan, network: &Network) -> Result<Ready, PipelineError> {
    let (asked, sources, source_facts) = source(plan, network).await?;
    let (discovery, map, target_facts) = target(plan, network).await?;
    one_direction(&source_facts, &target_facts)?;
    databases(plan, &source_facts)?;
    if plan.exactly_once {
        warn_of_eviction(&target_facts);
    }
    let server = oldest(target_facts.iter().map(|node| node.facts.server));
    let server = server.ok_or_else(|| PipelineError::refused("the target has no primaries"))?;
    let found = vec![describe("source", &source_facts), describe("target", &target_facts)];
    Ok(Ready {
        sources,
        source_is_cluster: source_facts.iter().any(|node| node.facts.cluster),
        source_connect: asked.connector(),
        source_discovery: asked,
        target: Target { kind: plan.target.kind, server },
        map,
        discovery,
        found,
    })
}

/// A node and what it says of itself.
pub(crate) struct Known {
    pub(crate) node: NodeAddr,
    pub(crate) facts: Facts,
}

async fn source(
    plan: &PipelinePlan,
    network: &Network,
) -> Result<(Arc<Discovery>, Vec<NodeAddr>, Vec<Known>), PipelineError> {
    let (source, reach) = (&plan.source, &network.source);
    let (nodes, credentials) = (source.nodes.clone(), source.credentials.clone());
    let asked = reach.apply(Discovery::new(reach.connect.clone(), TargetKind::Cluster, nodes, credentials));
    let nodes = match source.kind {
        SourceKind::Node => vec![asked.seed()],
        SourceKind::Cluster => cluster_primaries(&asked).await?,
    };
    let known = all_facts("source", &asked, &nodes).await?;
    Ok((asked, nodes, known))
}

async fn cluster_primaries(asked: &Arc<Discovery>) -> Result<Vec<NodeAddr>, PipelineError> {
    require_cluster("source", asked).await?;
    let topology = asked.topology(None).await.map_err(|error| unreachable("source", asked, &error))?;
    let map = SlotMap::from_topology(&topology);
    refuse_uncovered("source", &map)?;
    let owners: Vec<_> = topology.primaries().filter(|node| !node.slots.is_empty()).collect();
    if let Some(failed) = owners.iter().find(|node| node.flags.any(Flags::FAIL)) {
        let message =
            format!("source {}: the cluster says that this primary has failed; wait for its failover", failed.addr);
        return Err(PipelineError::refused(message));
    }
    Ok(owners.iter().map(|node| node.addr.clone()).collect())
}

/// Looks at the target alone.
pub(crate) async fn target(
    plan: &PipelinePlan,
    network: &Network,
) -> Result<(Arc<Discovery>, SlotMap, Vec<Known>), PipelineError> {
    let (target, reach) = (&plan.target, &network.target);
    let (nodes, credentials) = (target.nodes.clone(), target.credentials.clone());
    let asked = reach.apply(Discovery::new(reach.connect.clone(), target.kind, nodes, credentials));
    if target.kind == TargetKind::Cluster {
        require_cluster("target", &asked).await?;
    }
    let map = asked.slot_map(None).await.map_err(|error| unreachable("target", &asked, &error))?;
    refuse_uncovered("target", &map)?;
    let owners = map.indexes().filter(|&node| !map.ranges_of(node).is_empty());
    let nodes: Vec<_> = owners.filter_map(|node| Some(map.node(node)?.addr.clone())).collect();
    let known = all_facts("target", &asked, &nodes).await?;
    if let Some(node) = known.iter().find(|node| node.facts.cluster && target.kind == TargetKind::Standalone) {
        let message = format!("target {} is a node of a cluster: set type = \"cluster\" in [target]", node.node);
        return Err(PipelineError::refused(message));
    }
    Ok((asked, map, known))
}

/// The first node that answers tells whether it is one of a cluster.
async fn require_cluster(side: &'static str, asked: &Arc<Discovery>) -> Result<(), PipelineError> {
    let mut asking = ask_all(side, asked, asked.seeds(), At::Seed);
    let mut failures = Vec::new();
    while let Some((rank, answer)) = next(&mut asking).await? {
        match answer {
            Ok(known) if known.facts.cluster => return Ok(()),
            Ok(Known { node, .. }) => {
                let message = format!("{side} {node} is no node of a cluster: set type = \"standalone\" in [{side}]");
                return Err(PipelineError::refused(message));
            }
            Err(error) => failures.push((rank, error)),
        }
    }
    let first = failures.into_iter().min_by_key(|(rank, _)| *rank).map(|(_, error)| error);
    Err(first.unwrap_or_else(|| PipelineError::refused(format!("the {side} has no address"))))
}

async fn all_facts(
    side: &'static str,
    asked: &Arc<Discovery>,
    nodes: &[NodeAddr],
) -> Result<Vec<Known>, PipelineError> {
    let mut asking = ask_all(side, asked, nodes, At::Announced);
    let mut answers = Vec::new();
    while let Some(answer) = next(&mut asking).await? {
        answers.push(answer);
    }
    answers.sort_by_key(|(rank, _)| *rank);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// What kind of address a node is asked at.
#[derive(Clone, Copy)]
enum At {
    /// One that was given.
    Seed,
    /// One that it announces.
    Announced,
}

/// Answers with the places of their nodes in the list.
type Asking = JoinSet<(usize, Result<Known, PipelineError>)>;

/// Asks all at the same time: those that do not answer should not add up.
fn ask_all(side: &'static str, asked: &Arc<Discovery>, nodes: &[NodeAddr], at: At) -> Asking {
    let mut asking = JoinSet::new();
    for (rank, node) in nodes.iter().cloned().enumerate() {
        let asked = asked.clone();
        asking.spawn(async move { (rank, facts_of(side, &asked, &node, at).await) });
    }
    asking
}

async fn next(asking: &mut Asking) -> Result<Option<(usize, Result<Known, PipelineError>)>, PipelineError> {
    let next = asking.join_next().await.transpose();
    next.map_err(|error| PipelineError::runtime(format!("internal error: {error}")))
}

async fn facts_of(side: &str, asked: &Discovery, node: &NodeAddr, at: At) -> Result<Known, PipelineError> {
    let client = match at {
        At::Seed => asked.seed_client(node).await,
        At::Announced => asked.client(node).await,
    };
    let mut client = client.map_err(|error| unreachable(side, asked, &error))?;
    match Facts::ask(&mut client).await {
        Ok(facts) => Ok(Known { node: node.clone(), facts }),
        Err(FactsError::Client(error)) => Err(unreachable(side, asked, &error)),
        Err(error) => Err(PipelineError::refused(format!("{side} {error}"))),
    }
}

fn refuse_uncovered(side: &str, map: &SlotMap) -> Result<(), PipelineError> {
    let uncovered = map.uncovered();
    if uncovered.is_empty() {
        return Ok(());
    }
    let ranges: Vec<String> = uncovered.iter().map(ToString::to_string).collect();
    Err(PipelineError::refused(format!("the {side} cluster has no owner for slots {}", ranges.join(", "))))
}

/// Two addresses may lead to one server: through a NodePort, a name, another interface.
fn one_direction(sources: &[Known], targets: &[Known]) -> Result<(), PipelineError> {
    for source in sources {
        if let Some(target) = targets.iter().find(|target| target.facts.run_id == source.facts.run_id) {
            let message = format!("source {} and target {} are the same server", source.node, target.node);
            return Err(PipelineError::refused(message));
        }
    }
    Ok(())
}

fn databases(plan: &PipelinePlan, sources: &[Known]) -> Result<(), PipelineError> {
    if plan.target.kind == TargetKind::Standalone {
        return Ok(());
    }
    for source in sources {
        if let Some(db) = source.facts.databases.iter().find(|&&db| db > 0) {
            let message =
                format!("source {} has keys in database {db}, and a target cluster has only database 0", source.node);
            return Err(PipelineError::refused(message));
        }
    }
    Ok(())
}

/// Positions are keys without expiry: where one is gone, what it spoke for is done again.
fn warn_of_eviction(targets: &[Known]) {
    for Known { node, facts } in targets {
        if let Some(policy) = &facts.evicts_any {
            warn!(
                target = %node,
                "it may evict any key when its memory is full (maxmemory-policy {policy}), positions of ours among them: then \
                 commands may be repeated; noeviction or one of the volatile policies prevents that"
            );
        }
    }
}

fn unreachable(side: &str, asked: &Discovery, error: &ClientError) -> PipelineError {
    let what = with_causes(error);
    PipelineError::refused(match advice(side, error, asked.connector().is_tls()) {
        Some(advice) => format!("{side} {what}: {advice}"),
        None => format!("{side} {what}"),
    })
}

fn describe(side: &str, nodes: &[Known]) -> String {
    let list: Vec<String> = nodes.iter().map(|node| format!("{} ({})", node.node, node.facts.product)).collect();
    format!("{side}: {}", list.join(", "))
}
