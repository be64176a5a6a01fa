use cluster_router::{NodeAddr, Position, SlotSet};

use super::judge::{Found, name_of};
use super::mark::Mark;
use super::survey::Survey;

/// What a target knows of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownLink {
    /// The name under which its positions are kept.
    pub link: String,
    /// Where its source was reached, as the latest mark says.
    pub fed_from: Option<String>,
    /// Its latest generation.
    pub generation: Option<u64>,
    /// Where the slot is that is furthest behind, among those of which this is known in that generation.
    pub lowest: Option<Position>,
    /// How many slots are beyond that, as their fences say.
    pub slots_ahead: usize,
    /// The ids of its source's history, the latest first.
    pub replids: Vec<String>,
    /// What the target's nodes say of it, one mark a node.
    pub marks: Vec<KnownMark>,
}

/// What one node of a target says of a link: all commands up to here are done in these slots.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownMark {
    /// The node's id or, where it has none, its address.
    pub node: String,
    /// Where it is, if it is one of the target's primaries now.
    pub address: Option<NodeAddr>,
    /// Up to where.
    pub position: Position,
    /// In which slots.
    pub slots: SlotSet,
    /// Whether the target still has what the mark speaks for. One that is void says nothing.
    pub counts: bool,
}

impl KnownLink {
    pub(crate) fn of(survey: &Survey, link: &str) -> Self {
        let found = Found::of(survey, link);
        let fences = found.fences.values().map(|fence| fence.generation);
        let generation = found.marks.iter().map(|(_, position, _)| position.generation).chain(fences).max();
        let known = generation.map(|generation| found.positions(generation)).unwrap_or_default();
        let lowest = known.values().min().copied();
        let is_ahead =
            |fence: &&Position| Some(fence.generation) == generation && lowest.is_some_and(|lowest| **fence > lowest);
        let latest = found.marks.iter().max_by_key(|(_, position, _)| *position).map(|(mark, ..)| &mark.source);
        Self {
            link: link.to_owned(),
            fed_from: latest.map(|source| source.node.clone()),
            generation,
            lowest,
            slots_ahead: found.fences.values().filter(is_ahead).count(),
            replids: latest.map(|source| source.replids.clone()).unwrap_or_default(),
            marks: marks(survey, &found.marks),
        }
    }
}

/// The best mark of each node: a node has several copies of it, of which some may have stayed behind with slots that moved.
fn marks(survey: &Survey, found: &[(Mark, Position, bool)]) -> Vec<KnownMark> {
    let mut best: Vec<&(Mark, Position, bool)> = Vec::new();
    for mark in found {
        let rank = |(_, position, counts): &(Mark, Position, bool)| (*counts, *position);
        match best.iter_mut().find(|known| known.0.target.node == mark.0.target.node) {
            Some(known) if rank(mark) > rank(known) => *known = mark,
            Some(_) => {}
            None => best.push(mark),
        }
    }
    let owners = || survey.nodes.iter().map(|node| &node.owner);
    let known = best.into_iter().map(|(mark, position, counts)| KnownMark {
        address: owners().find(|owner| name_of(owner) == mark.target.node).map(|owner| owner.node.clone()),
        node: mark.target.node.clone(),
        position: *position,
        slots: mark.claims().and_then(|claims| Some(claims.into_iter().next()?.1)).unwrap_or_default(),
        counts: *counts,
    });
    known.collect()
}
