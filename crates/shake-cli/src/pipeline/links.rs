//! Which link of the target each source is.

use std::sync::Arc;

use cluster_router::{Discovery, NodeAddr, Router, RouterConfig, SlotMap};

use super::error::{PipelineError, with_causes};
use super::plan::PipelinePlan;
use super::positions::{self, Identity, NodeHistory, OwnerTag, identify, survey};
use super::preflight::Ready;

/// Finds some sources' links among those that the target knows; nothing is written.
///
/// # Errors
/// When one of the sides does not answer.
pub(super) async fn find(
    plan: &PipelinePlan,
    ready: &Ready,
    nodes: &[NodeAddr],
    taken: &[String],
) -> Result<(Vec<Identity>, OwnerTag), PipelineError> {
    let mut sources = Vec::new();
    for node in nodes {
        sources.push((node.clone(), history(ready, node).await?));
    }
    let mut router = visiting_router(LOOK, plan, ready.discovery.clone(), &ready.map);
    let survey = survey(&mut router, &positions::keys(""), |_| {}).await;
    let survey = survey.map_err(|error| PipelineError::refused(format!("target {}", with_causes(&error))))?;
    let links = identify(&survey, taken, sources);
    let names: Vec<&str> = links.iter().map(|link| link.link.as_str()).collect();
    let owner = OwnerTag::after(&survey, &names);
    Ok((links, owner))
}

/// A router for who is no link. It has a name of its own: two that look at the same time must not end each other's
/// connections.
pub(super) fn visiting_router(name: &str, plan: &PipelinePlan, discovery: Arc<Discovery>, map: &SlotMap) -> Router {
    let link = format!("{name}{}", std::process::id());
    let config = RouterConfig { link, credentials: plan.target.credentials.clone(), ..RouterConfig::default() };
    Router::new(config, discovery, map)
}

/// How the names begin of connections that look at the target.
pub(super) const LOOK: &str = "shake:look:";

async fn history(ready: &Ready, node: &NodeAddr) -> Result<NodeHistory, PipelineError> {
    let asked = async {
        let mut client = ready.source_discovery.client(node).await?;
        client.text(&["INFO", "replication"]).await
    };
    let text = asked.await.map_err(|error| PipelineError::refused(format!("source {}", with_causes(&error))))?;
    let message = || format!("source {node}: its INFO replication is not understood");
    NodeHistory::parse(&text).ok_or_else(|| PipelineError::refused(message()))
}
