//! What is looked at before the first byte is written.

use std::sync::Arc;

use cluster_router::{ClientError, Discovery, Flags, NodeAddr, SlotMap, TargetKind, TcpConnect};

use super::error::{PipelineError, with_causes};
use super::facts::{Facts, FactsError};
use super::plan::{PipelinePlan, SourceKind};
use super::target::Target;

/// What a pipeline can start with.
pub(crate) struct Ready {
    /// The nodes to follow.
    pub(crate) sources: Vec<NodeAddr>,
    pub(crate) target: Target,
    pub(crate) map: SlotMap,
    pub(crate) discovery: Arc<Discovery>,
    /// What was found, a line for each side.
    pub(crate) found: Vec<String>,
}

/// Looks at both sides; says no to what cannot end well.
pub(crate) async fn look(plan: &PipelinePlan) -> Result<Ready, PipelineError> {
    let (sources, source_facts) = source(plan).await?;
    let (discovery, map, target_facts) = target(plan).await?;
    one_direction(&source_facts, &target_facts)?;
    databases(plan, &source_facts)?;
    let version = target_facts.iter().map(|node| node.facts.version).min();
    let version = version.ok_or_else(|| PipelineError::refused("the target has no primaries"))?;
    let found = vec![describe("source", &source_facts), describe("target", &target_facts)];
    let target = Target { kind: plan.target.kind, version };
    Ok(Ready { sources, target, map, discovery: Arc::new(discovery), found })
}

struct Known {
    node: NodeAddr,
    facts: Facts,
}

async fn source(plan: &PipelinePlan) -> Result<(Vec<NodeAddr>, Vec<Known>), PipelineError> {
    let source = &plan.source;
    let connect = Arc::new(TcpConnect { timeout: plan.connect_timeout });
    let asked = Discovery::new(connect, TargetKind::Cluster, source.nodes.clone(), source.credentials.clone());
    let nodes = match source.kind {
        SourceKind::Node => vec![asked.seed()],
        SourceKind::Cluster => cluster_primaries(&asked).await?,
    };
    let known = all_facts("source", &asked, &nodes).await?;
    Ok((nodes, known))
}

async fn cluster_primaries(asked: &Discovery) -> Result<Vec<NodeAddr>, PipelineError> {
    require_cluster("source", asked).await?;
    let topology = asked.topology(None).await.map_err(|error| unreachable("source", &error))?;
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

async fn target(plan: &PipelinePlan) -> Result<(Discovery, SlotMap, Vec<Known>), PipelineError> {
    let target = &plan.target;
    let connect = Arc::new(TcpConnect { timeout: plan.connect_timeout });
    let asked = Discovery::new(connect, target.kind, target.nodes.clone(), target.credentials.clone());
    if target.kind == TargetKind::Cluster {
        require_cluster("target", &asked).await?;
    }
    let map = asked.slot_map(None).await.map_err(|error| unreachable("target", &error))?;
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
async fn require_cluster(side: &str, asked: &Discovery) -> Result<(), PipelineError> {
    let mut failure = None;
    for node in asked.seeds() {
        match facts_of(side, asked, node).await {
            Ok(known) if known.facts.cluster => return Ok(()),
            Ok(_) => {
                let message = format!("{side} {node} is no node of a cluster: set type = \"standalone\" in [{side}]");
                return Err(PipelineError::refused(message));
            }
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| PipelineError::refused(format!("the {side} has no address"))))
}

async fn all_facts(side: &str, asked: &Discovery, nodes: &[NodeAddr]) -> Result<Vec<Known>, PipelineError> {
    let mut known = Vec::new();
    for node in nodes {
        known.push(facts_of(side, asked, node).await?);
    }
    Ok(known)
}

async fn facts_of(side: &str, asked: &Discovery, node: &NodeAddr) -> Result<Known, PipelineError> {
    let mut client = asked.client(node).await.map_err(|error| unreachable(side, &error))?;
    match Facts::ask(&mut client).await {
        Ok(facts) => Ok(Known { node: node.clone(), facts }),
        Err(FactsError::Client(error)) => Err(unreachable(side, &error)),
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

fn unreachable(side: &str, error: &ClientError) -> PipelineError {
    PipelineError::refused(format!("{side} {}", with_causes(error)))
}

fn describe(side: &str, nodes: &[Known]) -> String {
    let list: Vec<String> = nodes.iter().map(|node| format!("{} ({})", node.node, node.facts.product)).collect();
    format!("{side}: {}", list.join(", "))
}
