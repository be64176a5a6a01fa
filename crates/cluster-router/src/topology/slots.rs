//! `CLUSTER SLOTS` (`clusterCommandSlots`): every version, and proxies that know nothing else.

use resp::Reply;

use super::error::{TopologyError, TopologyErrorKind};
use super::node::{Node, NodeId, Role};
use super::tree::{Entry, field, known};
use super::{Asked, Topology};
use crate::NodeAddr;
use crate::slot::SlotRange;

impl Topology {
    /// Reads the answer to `CLUSTER SLOTS`. Nodes without slots are not told, nor flags and epochs.
    ///
    /// # Errors
    /// With the number of the range, and what was being read in it.
    pub fn from_slots(reply: &Reply, asked: Asked<'_>) -> Result<Self, TopologyError> {
        let mut topology = Self::default();
        for (index, row) in Entry(0).array(reply, "CLUSTER SLOTS")?.iter().enumerate() {
            topology.add_row(row, Entry(index + 1), asked)?;
        }
        Ok(topology)
    }

    /// `[first, last, primary, replica, ...]`
    fn add_row(&mut self, row: &Reply, entry: Entry, asked: Asked<'_>) -> Result<(), TopologyError> {
        let row = entry.array(row, "a range of slots and its nodes")?;
        let range = entry.range(row.first(), row.get(1))?;
        let mut nodes = row.iter().skip(2);
        let primary = nodes.next().ok_or(entry.error(TopologyErrorKind::Missing, "the primary of a range"))?;
        let (id, addr, hostname) = member(primary, entry, asked)?;
        self.add(id.clone(), addr, hostname, Role::Primary, Some(range));
        for replica in nodes {
            let (replica, addr, hostname) = member(replica, entry, asked)?;
            self.add(replica, addr, hostname, Role::Replica { of: Some(id.clone()) }, None);
        }
        Ok(())
    }

    fn add(&mut self, id: NodeId, addr: NodeAddr, hostname: Option<String>, role: Role, range: Option<SlotRange>) {
        match self.nodes.iter_mut().find(|node| node.id == id) {
            Some(node) => node.slots.extend(range),
            None => {
                self.nodes.push(Node { hostname, slots: range.into_iter().collect(), ..Node::new(id, addr, role) });
            }
        }
    }
}

/// `[endpoint, port, id, [name, value, ...]]`; no id in Redis 3, no names and values before Redis 7.
fn member(member: &Reply, entry: Entry, asked: Asked<'_>) -> Result<(NodeId, NodeAddr, Option<String>), TopologyError> {
    let parts = entry.array(member, "a node")?;
    let missing = |reading| entry.error(TopologyErrorKind::Missing, reading);
    let endpoint = entry.text(parts.first().ok_or(missing("a node's endpoint"))?, "a node's endpoint")?;
    let port = entry.port(parts.get(1).ok_or(missing("a node's port"))?, "a node's port")?;
    let more = |name| {
        let value = parts.get(3).and_then(|more| field(more, name));
        value.map_or(Ok(None), |value| entry.text(value, "what else is known of a node"))
    };
    let host = match endpoint {
        // Preferring host names, it has none; the address is then among the rest.
        Some("?") => known(more("ip")?),
        endpoint => known(endpoint),
    };
    let addr = NodeAddr::new(host.unwrap_or(asked.host), port);
    let id = parts.get(2).map_or(Ok(None), |id| entry.text(id, "a node's id"))?;
    let id = id.map_or_else(|| NodeId::new(&addr.to_string()), NodeId::new);
    Ok((id, addr, known(more("hostname")?).map(str::to_owned)))
}
