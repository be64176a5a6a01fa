//! `CLUSTER SHARDS` (`clusterCommandShards`), Redis 7.0 and Valkey.

use resp::Reply;

use super::error::{TopologyError, TopologyErrorKind};
use super::node::{Flags, Node, NodeId, Role};
use super::tree::{Entry, field, known};
use super::{Asked, Topology};
use crate::NodeAddr;
use crate::slot::SlotRange;

impl Topology {
    /// Reads the answer to `CLUSTER SHARDS`, of RESP2 or RESP3.
    ///
    /// The slots of a shard are given to its primary. Epochs and moving slots are not told.
    ///
    /// # Errors
    /// With the number of the shard, and what was being read in it.
    pub fn from_shards(reply: &Reply, asked: Asked<'_>) -> Result<Self, TopologyError> {
        let mut nodes = Vec::new();
        for (index, shard) in Entry(0).array(reply, "CLUSTER SHARDS")?.iter().enumerate() {
            read_shard(shard, Entry(index + 1), asked, &mut nodes)?;
        }
        Ok(Self { nodes })
    }
}

fn read_shard(shard: &Reply, entry: Entry, asked: Asked<'_>, nodes: &mut Vec<Node>) -> Result<(), TopologyError> {
    let missing = |reading| entry.error(TopologyErrorKind::Missing, reading);
    let slots = field(shard, "slots").ok_or(missing("a shard's slots"))?;
    let slots = ranges(entry.array(slots, "a shard's slots")?, entry)?;
    let members = field(shard, "nodes").ok_or(missing("a shard's nodes"))?;
    let members = entry.array(members, "a shard's nodes")?;
    let members = members.iter().map(|member| read_node(member, entry, asked)).collect::<Result<Vec<_>, _>>()?;
    // A failed primary stays in the answer beside its successor for a while.
    let primaries = || members.iter().filter(|node| node.role == Role::Primary);
    let primary = primaries().find(|node| node.is_usable()).or_else(|| primaries().next()).map(|node| node.id.clone());
    nodes.extend(members.into_iter().map(|mut node| {
        if Some(&node.id) == primary.as_ref() {
            node.slots.clone_from(&slots);
        } else if let Role::Replica { of } = &mut node.role {
            of.clone_from(&primary);
        }
        node
    }));
    Ok(())
}

fn ranges(slots: &[Reply], entry: Entry) -> Result<Vec<SlotRange>, TopologyError> {
    slots.chunks(2).map(|pair| entry.range(pair.first(), pair.get(1))).collect()
}

fn read_node(node: &Reply, entry: Entry, asked: Asked<'_>) -> Result<Node, TopologyError> {
    let text = |name, reading| field(node, name).map_or(Ok(None), |value| entry.text(value, reading));
    let required = |name, reading| text(name, reading)?.ok_or(entry.error(TopologyErrorKind::Missing, reading));
    let endpoint = text("endpoint", "a node's endpoint")?;
    let hostname = known(text("hostname", "a node's host name")?);
    // An endpoint of null stands for the host that was asked, even when an address is known.
    let host = match field(node, "endpoint") {
        Some(Reply::Null) => None,
        _ => known(endpoint).or(known(text("ip", "a node's address")?)),
    };
    let addr = NodeAddr::new(host.unwrap_or(asked.host), port(node, entry, asked)?);
    let role = match required("role", "a node's role")? {
        "master" | "primary" => Role::Primary,
        "replica" | "slave" => Role::Replica { of: None },
        _ => Role::Unknown,
    };
    let flags = match text("health", "a node's health")? {
        Some("fail" | "failed") => Flags::FAIL,
        Some("loading") => Flags::LOADING,
        _ => Flags::NONE,
    };
    let id = NodeId::new(required("id", "a node's id")?);
    Ok(Node { hostname: hostname.map(str::to_owned), flags, ..Node::new(id, addr, role) })
}

/// The port that goes with the connection, or the only one there is.
fn port(node: &Reply, entry: Entry, asked: Asked<'_>) -> Result<u16, TopologyError> {
    let (plain, tls) = (field(node, "port"), field(node, "tls-port"));
    let port = if asked.tls { tls.or(plain) } else { plain.or(tls) };
    entry.port(port.ok_or(entry.error(TopologyErrorKind::Missing, "a node's port"))?, "a node's port")
}
