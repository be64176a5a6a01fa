use std::fmt;

use crate::NodeAddr;
use crate::slot::{SLOTS, Slot, SlotRange, join_ranges};
use crate::topology::{NodeId, Topology};

/// Which node owns each slot: a table of 16384 entries over a list of primaries.
#[derive(Clone, PartialEq, Eq)]
pub struct SlotMap {
    owners: Box<[u16; SLOTS as usize]>,
    nodes: Vec<SlotOwner>,
}

/// A node that slots may belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotOwner {
    /// Its id; `None` for a standalone server, and for a node known from a redirect alone.
    pub id: Option<NodeId>,
    /// Where it is reached.
    pub addr: NodeAddr,
}

/// Position of a node in [`SlotMap::nodes`]. It holds for that map only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(u16);

impl NodeIndex {
    /// The position as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl SlotMap {
    /// All slots belong to one standalone server.
    #[must_use]
    pub fn single(addr: NodeAddr) -> Self {
        Self { owners: Box::new([0; SLOTS as usize]), nodes: vec![SlotOwner { id: None, addr }] }
    }

    /// The slots of a topology's primaries. When two claim a slot, the one with the greater config epoch has it.
    #[must_use]
    pub fn from_topology(topology: &Topology) -> Self {
        let mut map = Self { owners: Box::new([NOBODY; SLOTS as usize]), nodes: Vec::new() };
        let mut primaries: Vec<_> = topology.primaries().collect();
        // Later claims overwrite earlier ones; the order of equals is kept.
        primaries.sort_by_key(|node| node.config_epoch);
        for node in topology.primaries() {
            map.add(SlotOwner { id: Some(node.id.clone()), addr: node.addr.clone() });
        }
        for node in primaries {
            let Some(index) = map.index_of_id(&node.id) else { continue };
            for slot in node.slots.iter().flat_map(|range| range.iter()) {
                map.set(slot, index);
            }
        }
        map
    }

    /// The node that owns a slot; `None` when nobody does.
    #[must_use]
    pub fn node_of(&self, slot: Slot) -> Option<NodeIndex> {
        self.owners.get(slot.index()).filter(|&&owner| owner != NOBODY).map(|&owner| NodeIndex(owner))
    }

    /// The owner of a slot.
    #[must_use]
    pub fn owner(&self, slot: Slot) -> Option<&SlotOwner> {
        self.node(self.node_of(slot)?)
    }

    /// The nodes of the map, owners of slots or not, in the order of their indexes.
    #[must_use]
    pub fn nodes(&self) -> &[SlotOwner] {
        &self.nodes
    }

    /// The node at an index; `None` when the index is of another map.
    #[must_use]
    pub fn node(&self, index: NodeIndex) -> Option<&SlotOwner> {
        self.nodes.get(index.index())
    }

    /// The indexes of all nodes.
    pub fn indexes(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        (0..NOBODY).take(self.nodes.len()).map(NodeIndex)
    }

    /// The index of the node at that address.
    #[must_use]
    pub fn index_of(&self, addr: &NodeAddr) -> Option<NodeIndex> {
        self.indexes().zip(&self.nodes).find(|(_, node)| node.addr == *addr).map(|(index, _)| index)
    }

    /// The index of the node with that id.
    #[must_use]
    pub fn index_of_id(&self, id: &NodeId) -> Option<NodeIndex> {
        self.indexes().zip(&self.nodes).find(|(_, node)| node.id.as_ref() == Some(id)).map(|(index, _)| index)
    }

    /// Gives a slot to the node at that address, as a `-MOVED` says; a node that was not known is added.
    ///
    /// Answers the node's index, or `None` when there is no room for one more (65535 nodes).
    pub fn set_owner(&mut self, slot: Slot, addr: &NodeAddr) -> Option<NodeIndex> {
        let index = match self.index_of(addr) {
            Some(index) => index,
            None => self.add(SlotOwner { id: None, addr: addr.clone() })?,
        };
        self.set(slot, index);
        Some(index)
    }

    /// The slots of a node, joined into the fewest ranges.
    #[must_use]
    pub fn ranges_of(&self, node: NodeIndex) -> Vec<SlotRange> {
        join_ranges(Slot::all().filter(|&slot| self.node_of(slot) == Some(node)))
    }

    /// The slots that nobody owns, joined into the fewest ranges.
    #[must_use]
    pub fn uncovered(&self) -> Vec<SlotRange> {
        join_ranges(Slot::all().filter(|&slot| self.node_of(slot).is_none()))
    }

    fn add(&mut self, node: SlotOwner) -> Option<NodeIndex> {
        let index = u16::try_from(self.nodes.len()).ok().filter(|&index| index != NOBODY)?;
        self.nodes.push(node);
        Some(NodeIndex(index))
    }

    fn set(&mut self, slot: Slot, index: NodeIndex) {
        if let Some(owner) = self.owners.get_mut(slot.index()) {
            *owner = index.0;
        }
    }
}

impl fmt::Debug for SlotMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |index| self.ranges_of(index).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        f.debug_map()
            .entries(self.indexes().zip(&self.nodes).map(|(index, node)| (node.addr.to_string(), shown(index))))
            .finish()
    }
}

/// The entry of a slot without owner.
const NOBODY: u16 = u16::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Asked;

    fn slot(number: u16) -> Slot {
        Slot::new(number).unwrap()
    }

    fn map(text: &str) -> SlotMap {
        SlotMap::from_topology(&Topology::from_nodes(text.as_bytes(), Asked::host("h")).unwrap())
    }

    #[test]
    fn owners_and_gaps() {
        let map = map("a :1@1 master - 0 0 1 connected 0-99 200\n\
                       b :2@2 slave a 0 0 1 connected\n\
                       c :3@3 master - 0 0 2 connected 300-16383\n");
        assert_eq!(map.owner(slot(200)).unwrap().addr, NodeAddr::new("h", 1));
        assert_eq!(map.owner(slot(16_383)).unwrap().id, Some(NodeId::new("c")));
        assert_eq!(map.node_of(slot(100)), None);
        let shown: Vec<String> = map.uncovered().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["100-199", "201-299"]);
        assert_eq!(map.nodes().len(), 2);
    }

    #[test]
    fn the_greater_epoch_has_the_slot() {
        let map = map("a :1@1 master - 0 0 7 connected 0-10\nb :2@2 master - 0 0 3 connected 5-20\n");
        assert_eq!(map.owner(slot(5)).unwrap().addr.port, 1);
        assert_eq!(map.owner(slot(11)).unwrap().addr.port, 2);
    }

    #[test]
    fn a_moved_slot_may_bring_a_new_node() {
        let mut map = SlotMap::single(NodeAddr::new("h", 1));
        assert!(map.uncovered().is_empty());
        let new = NodeAddr::new("h", 2);
        let index = map.set_owner(slot(7), &new).unwrap();
        assert_eq!(map.node_of(slot(7)), Some(index));
        assert_eq!(map.set_owner(slot(8), &new), Some(index));
        assert_eq!(map.ranges_of(index), [SlotRange::new(slot(7), slot(8)).unwrap()]);
    }
}
