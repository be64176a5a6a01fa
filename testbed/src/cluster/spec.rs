//! What a cluster is to be.

use std::ops::RangeInclusive;

use crate::{
    Error, SLOTS,
    node::Options,
    tls::{Certificate, Tls},
};

/// The hash slots of one primary.
pub type SlotRanges = Vec<RangeInclusive<u16>>;

/// What a [`Cluster`](crate::Cluster) is to be: by default 3 primaries with a replica each and even slots.
#[derive(Clone, Debug)]
pub struct ClusterSpec {
    pub(super) server: String,
    pub(super) password: Option<String>,
    primaries: usize,
    replicas: usize,
    spares: usize,
    slots: Option<Vec<SlotRanges>>,
    options: Options,
    tls: Option<Tls>,
    is_hidden: bool,
}

impl ClusterSpec {
    /// A cluster of the server with this name, such as `redis-7.0`; `any` takes what is there.
    #[must_use]
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            primaries: 3,
            replicas: 1,
            spares: 0,
            slots: None,
            options: Vec::new(),
            password: None,
            tls: None,
            is_hidden: false,
        }
    }

    /// The number of primaries.
    #[must_use]
    pub fn primaries(mut self, primaries: usize) -> Self {
        self.primaries = primaries;
        self
    }

    /// The number of replicas of each primary.
    #[must_use]
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// The number of nodes that are prepared, and run when they are added; for clusters without TLS.
    #[must_use]
    pub fn spares(mut self, spares: usize) -> Self {
        self.spares = spares;
        self
    }

    /// The slots of each primary; sets the number of primaries too. Without it they are shared out evenly.
    #[must_use]
    pub fn slots(mut self, slots: Vec<SlotRanges>) -> Self {
        self.primaries = slots.len();
        self.slots = Some(slots);
        self
    }

    /// Adds a line to every node's configuration file.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.push((name.into(), value.into()));
        self
    }

    /// Asks every connection for this password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Listens with TLS on a second port of every node, and uses it between the nodes; `mutual` asks clients for a
    /// certificate, too.
    #[must_use]
    pub fn tls(mut self, certificate: Certificate, mutual: bool) -> Self {
        self.tls = Some(Tls { certificate, mutual, between_nodes: true });
        self
    }

    /// Listens with TLS on a second port of every node, for clients only.
    ///
    /// To clients that use it, redis before 7.2 announces the ports without TLS all the same. Later servers announce
    /// those with TLS; here they are told to announce ports on which nobody listens.
    #[must_use]
    pub fn tls_not_announced(mut self, certificate: Certificate) -> Self {
        self.tls = Some(Tls { certificate, mutual: false, between_nodes: false });
        self
    }

    /// Every node announces a port on which nobody listens. Replicas could not reach their primaries: there are none.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.is_hidden = true;
        self.replicas(0)
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.is_hidden
    }

    /// How many ports each node needs: for TLS a second one, and a third one to announce.
    pub(super) fn ports(&self) -> usize {
        match &self.tls {
            None if !self.is_hidden => 1,
            None => 3,
            Some(tls) if tls.between_nodes => 2,
            Some(_) => 3,
        }
    }

    pub(super) fn has_tls_between_nodes(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.between_nodes)
    }

    pub(super) fn nodes(&self) -> usize {
        self.primaries * (1 + self.replicas)
    }

    pub(super) fn nodes_with_spares(&self) -> usize {
        self.nodes() + self.spares
    }

    /// The options of a node with this port for TLS, and this one to announce in its place.
    pub(super) fn node_options(&self, tls_port: u16, announced: u16) -> Options {
        let mut options = match &self.tls {
            Some(tls) => tls.options(tls_port),
            None => Options::new(),
        };
        let mut add = |name: &str, value: &str| options.push((name.to_owned(), value.to_owned()));
        add("cluster-enabled", "yes");
        add("cluster-config-file", "nodes.conf");
        add("cluster-node-timeout", "2000");
        if self.has_tls_between_nodes() {
            add("tls-cluster", "yes");
        } else if self.tls.is_some() {
            add("cluster-announce-tls-port", &announced.to_string());
        } else if self.is_hidden {
            add("cluster-announce-port", &announced.to_string());
        }
        options.extend(self.options.iter().cloned());
        options
    }

    /// The slots of each primary.
    pub(super) fn ranges(&self) -> Result<Vec<SlotRanges>, Error> {
        if self.primaries == 0 {
            return Err(Error::Usage("a cluster needs a primary".to_owned()));
        }
        let ranges = self.slots.clone().unwrap_or_else(|| even(self.primaries));
        check(&ranges)?;
        Ok(ranges)
    }
}

fn even(primaries: usize) -> Vec<SlotRanges> {
    let border = |index: usize| u16::try_from(usize::from(SLOTS) * index / primaries).unwrap_or(SLOTS);
    (0..primaries).map(|index| vec![border(index)..=border(index + 1) - 1]).collect()
}

/// Every slot exactly once: a cluster with holes or overlaps never gets ready.
fn check(ranges: &[SlotRanges]) -> Result<(), Error> {
    let mut slots: Vec<u16> = ranges.iter().flatten().cloned().flatten().collect();
    slots.sort_unstable();
    if slots.iter().copied().eq(0..SLOTS) {
        return Ok(());
    }
    Err(Error::Usage("the slot ranges must hold each of the 16384 slots exactly once".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_ranges_hold_every_slot_once() {
        for primaries in [1, 3, 7, 300] {
            assert!(check(&even(primaries)).is_ok(), "{primaries} primaries");
        }
    }

    #[test]
    fn overlaps_and_holes_are_refused() {
        for slots in [vec![vec![0..=100], vec![100..=16_383]], vec![vec![0..=100], vec![102..=16_383]]] {
            assert!(ClusterSpec::new("any").slots(slots).ranges().is_err());
        }
    }
}
