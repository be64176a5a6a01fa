//! Changing roles.

use super::{Cluster, wait_for};
use crate::Error;

impl Cluster {
    /// Makes this replica the primary of its shard (`CLUSTER FAILOVER`), and waits until every running node
    /// sees it so and the cluster is healthy.
    ///
    /// # Errors
    /// When it is no replica, or the failover does not come about.
    pub fn failover(&self, node: usize) -> Result<(), Error> {
        // A replica whose link has just come up may answer that its primary is not known well enough yet.
        wait_for("the failover to be accepted", || self.conn(node)?.call("CLUSTER FAILOVER").map(|_| true))?;
        self.wait_promoted(node)?;
        self.wait_ready()
    }

    /// The same without the old primary's consent (`CLUSTER FAILOVER TAKEOVER`): it may be dead or frozen.
    ///
    /// # Errors
    /// When it is no replica, or the failover does not come about.
    pub fn takeover(&self, node: usize) -> Result<(), Error> {
        self.conn(node)?.call("CLUSTER FAILOVER TAKEOVER")?;
        self.wait_promoted(node)
    }

    /// Kills a primary (SIGKILL) whose replicas lack what `meanwhile` writes: they are frozen and cut off before, and go
    /// on afterwards. Waits until one of them is a primary; its number.
    ///
    /// # Errors
    /// When it has no replica, or none of them is promoted.
    pub fn kill_with_lagging_replicas(
        &self,
        primary: usize,
        meanwhile: impl FnOnce() -> Result<(), Error>,
    ) -> Result<usize, Error> {
        let replicas = self.replicas_of(primary)?;
        for &replica in &replicas {
            // What the system has taken for a frozen process would be read when it goes on.
            let links = self.conn(replica)?.call("CLIENT LIST TYPE master")?.text();
            self.pause(replica)?;
            let mine = links.split_whitespace().find_map(|field| field.strip_prefix("laddr="));
            let mine = mine.ok_or_else(|| Error::Usage(format!("node {replica} is not linked to its primary")))?;
            self.conn(primary)?.call(["CLIENT", "KILL", "ADDR", mine])?;
        }
        let outcome = meanwhile().and_then(|()| self.kill(primary));
        for &replica in &replicas {
            self.cont(replica)?;
        }
        outcome?;
        let mut promoted = None;
        wait_for(&format!("a replica of node {primary} to be promoted"), || {
            promoted = replicas.iter().copied().find(|&replica| self.sees_primary_everywhere(replica));
            Ok(promoted.is_some())
        })?;
        promoted.ok_or_else(|| Error::Usage(format!("node {primary} has no replica")))
    }

    /// Waits until every running node that answers sees this one as a primary with slots: after its primary was
    /// killed, for example.
    ///
    /// # Errors
    /// [`Error::Timeout`] when that does not come true.
    pub fn wait_promoted(&self, node: usize) -> Result<(), Error> {
        wait_for(&format!("node {node} to be a primary"), || Ok(self.sees_primary_everywhere(node)))
    }

    fn sees_primary_everywhere(&self, node: usize) -> bool {
        self.running().iter().all(|&other| self.sees_primary(other, node))
    }

    /// Whether `other` sees `node` as a primary; a node that does not answer has no say.
    fn sees_primary(&self, other: usize, node: usize) -> bool {
        let Ok(lines) = self.view_of(other) else { return true };
        lines.iter().any(|line| line.node == node && line.primary && !line.slots.is_empty())
    }
}
