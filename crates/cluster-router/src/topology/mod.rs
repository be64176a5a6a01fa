//! What a cluster says of itself: its nodes, their roles, and who owns which slots.

mod error;
mod node;
mod nodes;
mod shards;
mod slots;
mod tree;

use crate::NodeAddr;
use crate::slot::Slot;

pub use error::{Place, TopologyError, TopologyErrorKind};
pub use node::{Flags, LinkState, Node, NodeId, Role};

/// The nodes of a cluster, as one of them sees it.
///
/// # Examples
/// ```
/// use cluster_router::{Asked, Topology};
/// let text = "07c37df 10.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-16383\n\
///             e7d1eec 10.0.0.2:7000@17000 slave 07c37df 0 1426238316232 1 connected\n";
/// let topology = Topology::from_nodes(text.as_bytes(), Asked::host("10.0.0.1"))?;
/// assert_eq!(topology.primaries().count(), 1);
/// assert_eq!(topology.nodes[1].addr.to_string(), "10.0.0.2:7000");
/// # Ok::<(), cluster_router::TopologyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topology {
    /// The nodes in the order in which they were told.
    pub nodes: Vec<Node>,
}

/// Whom an answer came from: what it leaves out is to be filled in from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The host that was connected to: servers leave their own out until they know it.
    pub host: &'a str,
    /// Whether the connection is TLS: nodes that listen on two ports tell both (`CLUSTER SHARDS`).
    pub tls: bool,
}

impl<'a> Asked<'a> {
    /// A host that was asked without TLS.
    #[must_use]
    pub const fn host(host: &'a str) -> Self {
        Self { host, tls: false }
    }
}

impl Topology {
    /// The nodes that are primaries, with or without slots.
    pub fn primaries(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.role == Role::Primary)
    }

    /// The replicas of a primary.
    pub fn replicas_of<'a>(&'a self, primary: &'a NodeId) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| matches!(&node.role, Role::Replica { of: Some(of) } if of == primary))
    }

    /// The node with that id.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// The node at that address.
    #[must_use]
    pub fn node_at(&self, addr: &NodeAddr) -> Option<&Node> {
        self.nodes.iter().find(|node| node.addr == *addr)
    }

    /// The node that was asked, where the answer says so (`CLUSTER NODES` does).
    #[must_use]
    pub fn myself(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.flags.has(Flags::MYSELF))
    }

    /// The primary that owns a slot. For more than a few questions make a [`SlotMap`](crate::SlotMap).
    #[must_use]
    pub fn owner(&self, slot: Slot) -> Option<&Node> {
        self.primaries().find(|node| node.slots.iter().any(|range| range.contains(slot)))
    }
}
