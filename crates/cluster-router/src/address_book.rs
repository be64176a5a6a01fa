//! Where nodes are reached that announce addresses which cannot be.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::topology::NodeId;
use crate::{BoxFuture, Connect, Io, NodeAddr, SlotMap, Topology};

/// Which of the addresses that were given leads to which node of the cluster, and what the nodes announce.
///
/// Nodes are told apart by their ids: the same address may be announced in several spellings, and a node that took
/// another one's place announces its own.
pub(crate) struct AddressBook {
    entries: Mutex<Entries>,
}

struct Entries {
    /// The addresses in the order in which they were given, each with the node that it was found to lead to.
    given: Vec<(NodeAddr, Option<NodeId>)>,
    announced: BTreeMap<NodeAddr, NodeId>,
}

impl AddressBook {
    pub(crate) fn new(given: &[NodeAddr]) -> Self {
        let given = given.iter().map(|addr| (addr.clone(), None)).collect();
        Self { entries: Mutex::new(Entries { given, announced: BTreeMap::new() }) }
    }

    /// Takes in whom a given address leads to, as the node itself says.
    pub(crate) fn found(&self, given: &NodeAddr, topology: &Topology) {
        let Some(myself) = topology.myself() else { return };
        if let Some((_, node)) = self.entries().given.iter_mut().find(|(addr, _)| addr == given) {
            *node = Some(myself.id.clone());
        }
    }

    /// Takes in what the nodes of a cluster announce.
    pub(crate) fn announced(&self, topology: &Topology) {
        let mut entries = self.entries();
        entries.announced.retain(|_, id| topology.node(id).is_some());
        for node in &topology.nodes {
            let by_name = node.hostname.as_ref().map(|name| NodeAddr::new(name.clone(), node.addr.port));
            for addr in by_name.into_iter().chain([node.addr.clone()]) {
                entries.announced.insert(addr, node.id.clone());
            }
        }
    }

    /// Whether every owner of slots is led to by an address that was given.
    pub(crate) fn leads_to_owners(&self, map: &SlotMap) -> bool {
        let entries = self.entries();
        let mut owners =
            map.indexes().filter(|&node| !map.ranges_of(node).is_empty()).filter_map(|node| map.node(node));
        owners.all(|owner| owner.id.as_ref().is_some_and(|id| entries.leads_to(id).is_some()))
    }

    /// How the node that announces this address is reached; nothing when it is not known who does.
    fn way(&self, announced: &NodeAddr) -> Option<Way> {
        let entries = self.entries();
        let id = entries.announced.get(announced)?;
        Some(entries.leads_to(id).map_or_else(|| Way::Announced(id.clone()), |given| Way::Given(given.clone())))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn leads_to(&self, id: &NodeId) -> Option<&NodeAddr> {
        self.given.iter().find(|(_, node)| node.as_ref() == Some(id)).map(|(addr, _)| addr)
    }
}

/// Connects to announced addresses by the given ones that lead there; to others directly.
pub(crate) struct BookConnect {
    pub(crate) inner: Arc<dyn Connect>,
    pub(crate) book: Arc<AddressBook>,
}

impl Connect for BookConnect {
    fn connect<'a>(&'a self, node: &'a NodeAddr) -> BoxFuture<'a, io::Result<Box<dyn Io>>> {
        Box::pin(async move {
            match self.book.way(node) {
                None => self.inner.connect(node).await,
                Some(way) => {
                    let addr = if let Way::Given(given) = &way { given } else { node };
                    self.inner.connect(addr).await.map_err(|error| way.clone().failed(error))
                }
            }
        })
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// What failed on the way to a node by the addresses that were given. Travels inside of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{way}: {source}")]
pub struct WayError {
    /// The way that was taken.
    pub way: Way,
    source: io::Error,
}

/// How a node is reached whose announced address need not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By this address, which was given.
    Given(NodeAddr),
    /// By the address that it announces: no given one leads to this node.
    Announced(NodeId),
}

impl Way {
    fn failed(self, source: io::Error) -> io::Error {
        io::Error::new(source.kind(), WayError { way: self, source })
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(addr) => write!(f, "by way of {addr}"),
            Self::Announced(id) => {
                write!(f, "none of the given addresses leads to node {id}, and at the address that it announces")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Asked;

    fn addr(text: &str) -> NodeAddr {
        text.parse().unwrap()
    }

    fn topology(text: &str) -> Topology {
        Topology::from_nodes(text.as_bytes(), Asked::host("asked")).unwrap()
    }

    /// Where a connection to `announced` would go; nothing when to itself.
    fn via(book: &AddressBook, announced: &str) -> Option<String> {
        match book.way(&addr(announced)) {
            Some(Way::Given(given)) => Some(given.to_string()),
            _ => None,
        }
    }

    const FIRST: &str = "a 10.0.0.1:1@11,one.example myself,master - 0 0 1 connected 0-100\n\
                         b 10.0.0.2:1@11 master - 0 0 2 connected 101-16383\n\
                         c 10.0.0.3:1@11 slave b 0 0 2 connected\n";

    #[test]
    fn announced_addresses_lead_to_given_ones() {
        let book = AddressBook::new(&["n:30001", "n:30002"].map(addr));
        let first = topology(FIRST);
        book.found(&addr("n:30001"), &first);
        book.announced(&first);
        assert_eq!(via(&book, "10.0.0.1:1").as_deref(), Some("n:30001"));
        assert_eq!(via(&book, "one.example:1").as_deref(), Some("n:30001"));
        assert_eq!(via(&book, "10.0.0.2:1"), None);
        assert!(matches!(book.way(&addr("10.0.0.2:1")), Some(Way::Announced(id)) if id.as_str() == "b"));
        assert!(book.way(&addr("elsewhere:1")).is_none());
        assert!(!book.leads_to_owners(&SlotMap::from_topology(&first)));

        book.found(&addr("n:30002"), &topology("b :1@11 myself,master - 0 0 2 connected 101-16383"));
        assert_eq!(via(&book, "10.0.0.2:1").as_deref(), Some("n:30002"));
        assert!(book.leads_to_owners(&SlotMap::from_topology(&first)), "a replica need not be reached");
    }

    #[test]
    fn an_address_may_come_to_lead_to_another_node() {
        let book = AddressBook::new(&["n:30001", "n:30002"].map(addr));
        book.announced(&topology(FIRST));
        let b = topology("b :1@11 myself,master - 0 0 2 connected");
        book.found(&addr("n:30001"), &b);
        book.found(&addr("n:30002"), &b);
        assert_eq!(via(&book, "10.0.0.2:1").as_deref(), Some("n:30001"), "the first of two that lead to one node");
        book.found(&addr("n:30001"), &topology("c :1@11 myself,slave b 0 0 2 connected"));
        assert_eq!(via(&book, "10.0.0.2:1").as_deref(), Some("n:30002"));
        assert_eq!(via(&book, "10.0.0.3:1").as_deref(), Some("n:30001"));
    }

    #[test]
    fn what_nobody_announces_any_more_is_forgotten() {
        let book = AddressBook::new(&[addr("n:30001")]);
        book.announced(&topology(FIRST));
        book.announced(&topology("a 10.0.0.9:1@11 myself,master - 0 0 1 connected 0-16383"));
        assert!(book.way(&addr("10.0.0.2:1")).is_none());
        assert!(matches!(book.way(&addr("10.0.0.9:1")), Some(Way::Announced(_))));
    }
}
