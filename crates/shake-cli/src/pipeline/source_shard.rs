//! Which node a source's shard is to be read from now.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use cluster_router::{Discovery, Flags, Node, NodeAddr, NodeId, Role, Topology};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// The nodes of a shard of the source cluster, as they come and go.
///
/// A shard is known by its members: whoever of them is the primary is its primary. A node that is read alone, because it
/// was named alone, is read wherever it is.
#[derive(Clone)]
pub(crate) struct SourceShard {
    discovery: Arc<Discovery>,
    /// Whether the cluster is asked who the primary is.
    pub(crate) follows: bool,
    known: Arc<Mutex<Known>>,
    /// Fires when the shard is no part of the source any more.
    pub(crate) gone: CancellationToken,
}

#[derive(Debug)]
struct Known {
    primary: NodeAddr,
    members: HashSet<NodeId>,
}

impl SourceShard {
    /// The shard whose primary is at that address.
    pub(crate) fn new(discovery: Arc<Discovery>, primary: NodeAddr, follows: bool) -> Self {
        let known = Known { primary, members: HashSet::new() };
        Self { discovery, follows, known: Arc::new(Mutex::new(known)), gone: CancellationToken::new() }
    }

    /// The primary as it was last known.
    pub(crate) fn primary(&self) -> NodeAddr {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).primary.clone()
    }

    /// Whether a node is one of the shard's.
    pub(crate) fn has(&self, node: &Node) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.members.contains(&node.id) || node.addr == known.primary
    }

    /// Asks the cluster who is the primary now; the last one known while it does not say.
    pub(crate) async fn find_primary(&self) -> NodeAddr {
        if self.follows
            && let Ok(topology) = self.discovery.topology(None).await
        {
            self.learn(&topology);
        }
        self.primary()
    }

    /// A replica tells what its primary does, which may be another shard's by now.
    ///
    /// # Errors
    /// When the node says that it is a replica. What else is wrong, the connection that is made next will say.
    pub(crate) async fn require_primary(&self, node: &NodeAddr) -> io::Result<()> {
        let Ok(mut client) = self.discovery.client(node).await else { return Ok(()) };
        let Ok(role) = client.call(&["ROLE"]).await else { return Ok(()) };
        let role = role.as_array().and_then(|parts| parts.first()?.as_bytes().cloned()).unwrap_or_default();
        if role == "slave" {
            return Err(io::Error::other("it is a replica now; its shard's primary is looked for"));
        }
        Ok(())
    }

    /// Takes note of who is the primary in a view of the cluster.
    pub(crate) fn learn(&self, topology: &Topology) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(primary) = known.find(topology) else {
            if known.is_absorbed(topology) && !self.gone.is_cancelled() {
                info!(source = %known.primary, "this shard has become part of another one: it is not followed further");
                self.gone.cancel();
            }
            return;
        };
        if primary.addr != known.primary {
            info!(source = %known.primary, now = %primary.addr, "the source's shard has another primary");
            known.primary = primary.addr.clone();
        }
        let replicas = topology.replicas_of(&primary.id).map(|node| node.id.clone());
        known.members = replicas.chain([primary.id.clone()]).collect();
    }
}

impl Known {
    /// The primary among the members: one that has slots before one that has given them all away, and none that failed.
    fn find<'a>(&self, topology: &'a Topology) -> Option<&'a Node> {
        let is_member =
            |node: &&Node| self.members.contains(&node.id) || (self.members.is_empty() && node.addr == self.primary);
        let primaries: Vec<&Node> =
            topology.primaries().filter(is_member).filter(|node| !node.flags.any(Flags::FAIL)).collect();
        primaries.iter().find(|node| !node.slots.is_empty()).or_else(|| primaries.first()).copied()
    }
}

impl fmt::Debug for SourceShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceShard").field(&self.primary()).finish()
    }
}

impl Known {
    /// Whether all of its nodes that are left replicate somebody else: what they tell is another shard's.
    fn is_absorbed(&self, topology: &Topology) -> bool {
        let mut members = topology.nodes.iter().filter(|node| self.members.contains(&node.id)).peekable();
        let absorbed = |node: &Node| match &node.role {
            Role::Replica { of: Some(of) } => !self.members.contains(of) && topology.node(of).is_some(),
            _ => false,
        };
        members.peek().is_some() && members.all(absorbed)
    }
}

#[cfg(test)]
mod tests {
    use cluster_router::{Asked, TargetKind, TcpConnect};

    use super::*;

    fn topology(lines: &[&str]) -> Topology {
        Topology::from_nodes(lines.join("\n").as_bytes(), Asked::host("h")).unwrap()
    }

    #[test]
    fn a_shard_is_followed_to_the_member_that_is_the_primary() {
        let connect = Arc::new(TcpConnect::default());
        let first = NodeAddr::new("h", 1);
        let discovery = Discovery::new(connect, TargetKind::Cluster, vec![first.clone()], None);
        let shard = SourceShard::new(Arc::new(discovery), first, true);
        let (a, b) = ("aa h:1@1 ", "bb h:2@2 ");
        let other = "cc h:3@3 master - 0 0 3 connected 8192-16383";
        shard.learn(&topology(&[
            &format!("{a}myself,master - 0 0 1 connected 0-8191"),
            &format!("{b}slave aa 0 0 1 connected"),
            other,
        ]));
        assert_eq!(shard.primary().port, 1);
        // Nobody has taken over yet.
        let failed = format!("{a}master,fail - 0 0 1 connected 0-8191");
        shard.learn(&topology(&[&failed, &format!("{b}myself,slave aa 0 0 1 connected"), other]));
        assert_eq!(shard.primary().port, 1);
        let failed = format!("{a}master,fail - 0 0 1 connected");
        shard.learn(&topology(&[&failed, &format!("{b}myself,master - 0 0 4 connected 0-8191"), other]));
        assert_eq!(shard.primary().port, 2);
        // The old one is back, as a replica of the new one, which then hands over again.
        shard.learn(&topology(&[
            &format!("{a}slave bb 0 0 4 connected"),
            &format!("{b}myself,master - 0 0 4 connected 0-8191"),
            other,
        ]));
        shard.learn(&topology(&[
            &format!("{a}myself,master - 0 0 5 connected 0-8191"),
            &format!("{b}slave aa 0 0 5 connected"),
            other,
        ]));
        assert_eq!(shard.primary().port, 1);
    }
}
