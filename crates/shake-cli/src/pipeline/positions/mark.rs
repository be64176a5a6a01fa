use cluster_router::{Position, SlotSet};
use serde::{Deserialize, Serialize};

use super::owner::OwnerTag;

/// What a node says of a link: all commands up to here are done in these slots.
///
/// It holds for what the node had when it was at this offset of its own history. The value of a field, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The [record](Position::to_record) of the position.
    at: String,
    /// The slots, as ranges.
    slots: String,
    pub(super) source: Source,
    pub(super) target: Place,
    /// The process that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<OwnerTag>,
    /// Slots that the node has given away since, and up to where they were done then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    given: Vec<Given>,
}

/// Where the position is one of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    /// The ids of the source's history, the latest first.
    pub(super) replids: Vec<String>,
    /// Where the source was reached.
    pub(super) node: String,
}

/// A place in the history of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The node's id, or its address where it has none.
    pub(super) node: String,
    pub(super) replid: String,
    pub(super) offset: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Given {
    at: String,
    slots: String,
}

impl Mark {
    pub(super) fn new(position: Position, slots: &SlotSet, source: Source, target: Place) -> Self {
        Self { at: position.to_record(), slots: slots.to_string(), source, target, owner: None, given: Vec::new() }
    }

    /// Adds slots that were given away.
    pub(super) fn gave(&mut self, position: Position, slots: &SlotSet) {
        self.given.push(Given { at: position.to_record(), slots: slots.to_string() });
    }

    /// Which slots are done up to where; `None` when the mark is damaged.
    pub(super) fn claims(&self) -> Option<Vec<(Position, SlotSet)>> {
        let own = [(&self.at, &self.slots)];
        let given = self.given.iter().map(|given| (&given.at, &given.slots));
        own.into_iter().chain(given).map(|(at, slots)| Some((at.parse().ok()?, slots.parse().ok()?))).collect()
    }

    /// The position of the node's own slots.
    pub(super) fn position(&self) -> Option<Position> {
        self.at.parse().ok()
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use cluster_router::Phase;

    use super::*;

    #[test]
    fn a_mark_is_readable_and_comes_back() {
        let at = |offset| Position { generation: 2, phase: Phase::Stream, offset, ..Position::default() };
        let source = Source { replids: vec!["r".to_owned()], node: "10.0.0.1:7000".to_owned() };
        let target = Place { node: "n".to_owned(), replid: "t".to_owned(), offset: 5 };
        let slots: SlotSet = "0-9,12".parse().unwrap();
        let mut mark = Mark::new(at(100), &slots, source, target);
        assert_eq!(
            mark.to_text(),
            r#"{"at":"2:stream:100:0:0","slots":"0-9,12","source":{"replids":["r"],"node":"10.0.0.1:7000"},"target":{"node":"n","replid":"t","offset":5}}"#
        );
        mark.gave(at(70), &"10-11".parse().unwrap());
        let back = Mark::parse(mark.to_text().as_bytes()).unwrap();
        assert_eq!(back, mark);
        assert_eq!(back.claims().unwrap(), [(at(100), slots), (at(70), "10-11".parse().unwrap())]);
        assert_eq!(Mark::parse(b"{}"), None);
    }
}
