//! Nodes that come and go.

use super::{Cluster, wait_for};
use crate::{Error, cmd};

impl Cluster {
    /// Starts one of the spare nodes and makes it known to all others: a primary without slots. Its number.
    ///
    /// # Errors
    /// When there is no spare node left, or it does not join.
    pub fn add_primary(&self) -> Result<usize, Error> {
        let spare = (self.spec.nodes()..self.nodes.len()).find(|&node| matches!(self.pid(node), Ok(None)));
        let spare = spare.ok_or_else(|| Error::Usage("the cluster has no spare node left".to_owned()))?;
        let known = self.running();
        self.start_node(spare)?;
        let addr = self.addr(spare)?;
        let first = known.first().copied().unwrap_or_default();
        self.conn(first)?.call(cmd("CLUSTER MEET").arg(addr.ip().to_string()).arg(addr.port()))?;
        wait_for("every node to know the new one", || {
            Ok(self.running().iter().all(|&node| self.knows(node, spare)) && self.view_of(spare)?.len() > known.len())
        })?;
        self.wait_ready()?;
        Ok(spare)
    }

    /// Gives a primary's slots, with their keys, to the others in equal parts, ends it, and makes all others forget it.
    ///
    /// # Errors
    /// When a step is refused.
    pub fn remove_primary(&self, node: usize) -> Result<(), Error> {
        let heirs: Vec<_> = self.primaries()?.into_iter().filter(|&primary| primary != node).collect();
        let slots = self.slots_of(node)?;
        if heirs.is_empty() {
            return Err(Error::Usage("the cluster has no other primary".to_owned()));
        }
        for (part, &heir) in slots.chunks(slots.len().div_ceil(heirs.len()).max(1)).zip(&heirs) {
            self.move_slots(part.iter().copied(), node, heir)?;
        }
        let id = self.id(node)?;
        // Its replicas follow whoever got the last slot.
        wait_for("the node to have no replicas", || {
            let has_replica = |lines: Vec<super::view::Line>| lines.iter().any(|line| line.primary_id == id);
            Ok(!self.running().iter().any(|&other| self.view_of(other).is_ok_and(has_replica)))
        })?;
        self.kill(node)?;
        for other in self.running() {
            self.conn(other)?.call(["CLUSTER", "FORGET", id])?;
        }
        wait_for("every node to have forgotten it", || {
            Ok(!self.running().iter().any(|&other| self.knows(other, node)))
        })?;
        self.wait_ready()
    }

    /// The slots that a primary serves.
    ///
    /// # Errors
    /// When no node can be asked.
    pub fn slots_of(&self, primary: usize) -> Result<Vec<u16>, Error> {
        let lines = self.view()?;
        let ranges = lines.iter().filter(|line| line.node == primary).flat_map(|line| &line.slots);
        Ok(ranges.flat_map(|&(from, to)| from..=to).collect())
    }

    fn knows(&self, node: usize, other: usize) -> bool {
        self.view_of(node).is_ok_and(|lines| lines.iter().any(|line| line.node == other))
    }
}
