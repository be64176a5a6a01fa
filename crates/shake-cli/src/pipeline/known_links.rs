//! What a target knows of links, and where they would go on; nothing is written.

use std::sync::Arc;
use std::time::Duration;

use cluster_router::{Discovery, NodeAddr, Position, SlotMap};
use tokio::time::timeout;

use super::error::{PipelineError, with_causes};
use super::links::{LOOK, visiting_router};
use super::network::Network;
use super::plan::{ExistingKeys, PipelinePlan};
use super::positions::{self, Identity, KnownLink, Start, Survey, identify, judge, survey};
use super::preflight;
use super::seen_sources::{SeenSource, SeenSources};

/// What a target knows of links.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownLinks {
    /// Those of the plan's sources, and then all others.
    pub links: Vec<LinkReport>,
    /// Why sources could not be asked; links may be theirs.
    pub unasked: Vec<String>,
}

/// A link that a target knows, or that a source of the plan would begin.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkReport {
    /// What the target knows of it.
    pub known: KnownLink,
    /// The source of the plan that it is the link of.
    pub source: Option<NodeAddr>,
    /// Where it would go on.
    pub next: NextStart,
}

/// Where a link would go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextStart {
    /// Behind this position, unless its source, if it could not be asked, has forgotten what comes there.
    From(Position),
    /// Everything is copied, for this reason.
    Copies(String),
    /// Everything would have to be copied, which the plan forbids.
    Stops(String),
}

/// Asks the target what it knows of all links, and the sources which of them are theirs.
///
/// # Errors
/// When the target does not answer.
pub async fn known_links(plan: &PipelinePlan, network: &Network) -> Result<KnownLinks, PipelineError> {
    let (target, sources) = tokio::join!(preflight::target(plan, network), SeenSources::look(plan, network));
    let (discovery, map, _) = target?;
    let survey = look_at_target(plan, &discovery, &map).await?;
    let ours = identities(&survey, &sources);
    let mut links: Vec<LinkReport> = Vec::new();
    for (identity, source) in ours.iter().zip(&sources.seen) {
        links.push(report(&survey, &identity.link, Some(source), plan));
    }
    let is_other = |link: &&str| !ours.iter().any(|identity| identity.link == *link);
    links.extend(survey.links().into_keys().filter(is_other).map(|link| report(&survey, link, None, plan)));
    Ok(KnownLinks { links, unasked: sources.unasked })
}

/// Which links the sources are, in their order.
pub(super) fn identities(survey: &Survey, sources: &SeenSources) -> Vec<Identity> {
    identify(survey, &[], sources.seen.iter().map(|source| (source.node.clone(), source.history.clone())).collect())
}

/// As a link does before it begins, but not for ever.
pub(super) async fn look_at_target(
    plan: &PipelinePlan,
    discovery: &Arc<Discovery>,
    map: &SlotMap,
) -> Result<Survey, PipelineError> {
    let mut router = visiting_router(LOOK, plan, discovery.clone(), map);
    let (mut last, keys) = (None, positions::keys(""));
    let surveyed = timeout(PATIENCE, survey(&mut router, &keys, |hold| last = Some(hold.to_string()))).await;
    match surveyed {
        Ok(survey) => survey.map_err(|error| PipelineError::refused(format!("target {}", with_causes(&error)))),
        Err(_) => Err(not_answered(last)),
    }
}

/// The target did not answer in time, and this stood in the way last.
pub(super) fn not_answered(hold: Option<String>) -> PipelineError {
    let why = hold.unwrap_or_else(|| format!("no answer within {} s", PATIENCE.as_secs()));
    PipelineError::refused(format!("target {why}"))
}

fn report(survey: &Survey, link: &str, source: Option<&SeenSource>, plan: &PipelinePlan) -> LinkReport {
    LinkReport {
        known: KnownLink::of(survey, link),
        source: source.map(|source| source.node.clone()),
        next: next_start(judge(survey, link), source, plan),
    }
}

fn next_start(start: Start, source: Option<&SeenSource>, plan: &PipelinePlan) -> NextStart {
    let why = match start {
        Start::First => return NextStart::Copies("the target knows nothing of it".to_owned()),
        Start::Anew { why, .. } => why,
        Start::From { position, replids, .. } => {
            match source.and_then(|source| source.cannot_continue(&replids, position.offset)) {
                None => return NextStart::From(position),
                Some(why) => why,
            }
        }
    };
    // A second copy that may not replace anything is not made either.
    let may_copy_again = plan.full_resync && plan.existing_keys == ExistingKeys::Replace;
    if may_copy_again { NextStart::Copies(why) } else { NextStart::Stops(why) }
}

/// How long the target may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
