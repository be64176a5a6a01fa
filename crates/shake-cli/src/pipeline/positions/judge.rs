//! Where a link goes on, by what the target says.

use std::collections::HashMap;

use cluster_router::{Phase, Position, Replay, Slot, SlotSet};

use super::history::NodeHistory;
use super::mark::Mark;
use super::mark_field;
use super::survey::{Survey, Surveyed};

/// How a link begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// The target knows nothing of it.
    First,
    /// The target does not know enough: everything has to be copied. The next generation is behind this one.
    Anew { generation: u64, why: String },
    /// Behind this position, in the first of these histories that the source has.
    From { position: Position, replids: Vec<String>, replay: Replay },
}

/// What a slot has of a link, in the end.
pub(super) struct Found<'a> {
    survey: &'a Survey,
    pub(super) fences: HashMap<Slot, Position>,
    /// Each with its position, and whether it counts.
    pub(super) marks: Vec<(Mark, Position, bool)>,
}

/// Finds out how a link begins.
///
/// A fence counts where it is. A mark counts if what its node had then is part of what some node has now, or if it is
/// found at the node that it names: a node's own data, however old, is as old as the mark that is there.
pub(crate) fn judge(survey: &Survey, link: &str) -> Start {
    let found = Found::of(survey, link);
    let fences = found.fences.values().map(|position| position.generation);
    let highest = found.marks.iter().map(|(_, position, _)| position.generation).chain(fences).max();
    let Some(generation) = highest else { return Start::First };
    let anew = |why: String| Start::Anew { generation, why };
    let positions = found.positions(generation);
    let unknown: SlotSet = Slot::all().filter(|slot| !positions.contains_key(slot)).collect();
    if !unknown.is_empty() {
        return anew(format!("the target does not know how far slots {unknown} are"));
    }
    let Some(&start) = positions.values().min() else { return Start::First };
    if start.phase == Phase::Snapshot {
        let is_copied = |at: &Position| at.phase == Phase::Stream;
        let slots: SlotSet = positions.iter().filter(|(_, at)| !is_copied(at)).map(|(&slot, _)| slot).collect();
        return anew(format!("the last copy was not completed, as far as slots {slots} tell"));
    }
    let mut replay = Replay::new(start, 0);
    positions.iter().for_each(|(&slot, &position)| replay.cover(slot, position));
    let marks = found.marks.iter().filter(|(_, position, _)| position.generation == generation);
    let latest = marks.max_by_key(|(_, position, _)| *position);
    let replids = latest.map(|(mark, ..)| mark.source.replids.clone()).unwrap_or_default();
    Start::From { position: start, replids, replay }
}

/// The id under which a source is asked to go on: the first that it says it has, or else the latest.
pub(crate) fn replid_to_ask<'a>(
    replids: &'a [String],
    offset: u64,
    source: Option<&NodeHistory>,
) -> Option<&'a String> {
    let has = |id: &&String| source.is_some_and(|source| source.contains(id, offset));
    replids.iter().find(has).or_else(|| replids.first())
}

impl<'a> Found<'a> {
    pub(super) fn of(survey: &'a Survey, link: &str) -> Self {
        let marked = mark_field(link);
        let mut found = Self { survey, fences: HashMap::new(), marks: Vec::new() };
        for (slot, fields) in &survey.fields {
            for (field, value) in fields {
                if *field == link {
                    let fence = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    fence.map(|fence| found.fences.insert(*slot, fence));
                } else if *field == marked {
                    found.add_mark(*slot, Mark::parse(value));
                }
            }
        }
        found
    }

    fn add_mark(&mut self, slot: Slot, mark: Option<Mark>) {
        let Some(mark) = mark else { return };
        let Some(position) = mark.position() else { return };
        let holds = self.holds(&mark, slot);
        self.marks.push((mark, position, holds));
    }

    fn holds(&self, mark: &Mark, slot: Slot) -> bool {
        let nodes = &self.survey.nodes;
        let is_at_home = |node: &Surveyed| {
            nodes.len() == 1 || (node.owner.slots.contains(slot) && name_of(&node.owner) == mark.target.node)
        };
        nodes.iter().any(|node| node.history.contains(&mark.target.replid, mark.target.offset) || is_at_home(node))
    }

    /// The positions of a generation.
    pub(super) fn positions(&self, generation: u64) -> HashMap<Slot, Position> {
        let mut positions: HashMap<Slot, Position> =
            self.fences.iter().filter(|(_, at)| at.generation == generation).map(|(&slot, &at)| (slot, at)).collect();
        let holding = self.marks.iter().filter(|(_, _, holds)| *holds);
        for (at, slots) in holding.flat_map(|(mark, ..)| mark.claims().unwrap_or_default()) {
            if at.generation != generation {
                continue;
            }
            for slot in slots.iter() {
                let known = positions.entry(slot).or_insert(at);
                *known = at.max(*known);
            }
        }
        positions
    }
}

/// A node's id or, where it has none, its address.
pub(super) fn name_of(owner: &cluster_router::Owner) -> String {
    owner.id.as_ref().map_or_else(|| owner.node.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cluster_router::{NodeAddr, NodeId, Owner};

    use super::super::mark::{Place, Source};
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const C: &str = "cccccccccccccccccccccccccccccccccccccccc";

    fn at(generation: u64, offset: u64) -> Position {
        Position { generation, phase: Phase::Stream, offset, ..Position::default() }
    }

    fn slots(text: &str) -> SlotSet {
        text.parse().unwrap()
    }

    /// A target of two nodes, whose histories are these.
    fn target(first: (&str, u64), second: (&str, u64)) -> Survey {
        let node = |id: &str, ranges: &str, (replid, offset): (&str, u64)| Surveyed {
            owner: Owner { node: NodeAddr::new("n", 1), id: Some(NodeId::new(id)), slots: slots(ranges) },
            history: NodeHistory { replid: replid.parse().unwrap(), offset, second: None, acknowledged: None },
        };
        Survey { nodes: vec![node("1", "0-8191", first), node("2", "8192-16383", second)], fields: Vec::new() }
    }

    impl Survey {
        fn fence(mut self, slot: u16, position: Position) -> Self {
            let value = Bytes::from(position.to_record());
            self.fields.push((Slot::new(slot).unwrap(), vec![("link".to_owned(), value)]));
            self
        }

        /// A mark found in `slot`, of the node `node` when it was at `(replid, offset)`.
        fn mark(
            mut self,
            slot: u16,
            position: Position,
            ranges: &str,
            (node, replid, offset): (&str, &str, u64),
        ) -> Self {
            let source = Source { replids: vec![C.to_owned()], node: "s".to_owned() };
            let place = Place { node: node.to_owned(), replid: replid.to_owned(), offset };
            let mark = Mark::new(position, &slots(ranges), source, place);
            self.fields.push((Slot::new(slot).unwrap(), vec![("link:mark".to_owned(), mark.to_text().into())]));
            self
        }
    }

    fn start(survey: &Survey) -> (u64, Vec<u64>) {
        match judge(survey, "link") {
            Start::From { position, replay, .. } => {
                let of = |slot| replay.covered(Slot::new(slot).unwrap()).unwrap().offset;
                (position.offset, [0, 7, 9000].map(of).to_vec())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_lowest_slot_says_where_to_go_on_and_each_skips_what_it_has() {
        let survey = target((A, 50), (B, 60))
            .mark(0, at(1, 100), "0-8191", ("1", A, 40))
            .mark(8192, at(1, 90), "8192-16383", ("2", B, 40))
            .fence(7, at(1, 120));
        assert_eq!(start(&survey), (90, vec![100, 120, 90]));
    }

    #[test]
    fn a_mark_of_what_was_lost_is_void_wherever_it_is_found() {
        // Node 1 has failed over and has less than its mark, which was moved to node 2 with its slot.
        let survey = target((C, 50), (B, 60)).mark(9000, at(1, 100), "0-8191", ("1", A, 40)).mark(
            8192,
            at(1, 90),
            "8192-16383",
            ("2", B, 40),
        );
        assert!(matches!(judge(&survey, "link"), Start::Anew { generation: 1, why, .. } if why.contains("0-8191")));
        // The one that the new primary has itself counts.
        let survey = survey.mark(1, at(1, 80), "0-8191", ("1", A, 30));
        assert_eq!(start(&survey), (80, vec![80, 80, 90]));
    }

    #[test]
    fn a_slot_that_moved_keeps_what_its_old_node_said() {
        // Slot 9000 belonged to node 1 when the marks were written.
        let survey = target((A, 50), (B, 60)).mark(0, at(1, 100), "0-8191,9000", ("1", A, 40)).mark(
            8192,
            at(1, 110),
            "8192-8999,9001-16383",
            ("2", B, 40),
        );
        assert_eq!(start(&survey), (100, vec![100, 100, 100]));
    }

    #[test]
    fn generations_and_copies_that_were_not_completed() {
        assert_eq!(judge(&target((A, 1), (B, 1)), "link"), Start::First);
        let half = target((A, 50), (B, 60)).mark(0, at(1, 100), "0-8191", ("1", A, 40)).mark(
            8192,
            at(2, 10),
            "8192-16383",
            ("2", B, 40),
        );
        assert!(matches!(judge(&half, "link"), Start::Anew { generation: 2, .. }));
        let snapshot = Position { generation: 3, ..Position::default() };
        let copying = half.mark(0, snapshot, "0-8191", ("1", A, 41)).mark(8192, snapshot, "8192-16383", ("2", B, 41));
        assert!(matches!(judge(&copying, "link"), Start::Anew { generation: 3, why, .. } if why.contains("copy")));
    }
}
