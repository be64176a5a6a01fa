use std::fmt;

use crate::NodeAddr;
use crate::slot::{Slot, SlotRange};

/// The name that a node has in its cluster: 40 hexadecimal digits from Redis and Valkey.
///
/// Where an answer has no ids (`CLUSTER SLOTS` of Redis 3) the address stands in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Box<str>);

impl NodeId {
    /// An id from its text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One node of a cluster, as another one sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name in the cluster.
    pub id: NodeId,
    /// Where clients reach it.
    pub addr: NodeAddr,
    /// Its host name, when it announces one.
    pub hostname: Option<String>,
    /// Primary or replica.
    pub role: Role,
    /// What else is said of it.
    pub flags: Flags,
    /// Epoch of its configuration; of two claims to a slot, the one with the greater epoch holds. Zero where the
    /// answer has none (`CLUSTER SHARDS`, `CLUSTER SLOTS`).
    pub config_epoch: u64,
    /// State of the cluster bus between it and the node that was asked.
    pub link: LinkState,
    /// Slots that it owns; replicas own none.
    pub slots: Vec<SlotRange>,
    /// Slots that it is giving away, and to whom. A node says this of itself only.
    pub migrating: Vec<(Slot, NodeId)>,
    /// Slots that it is taking over, and from whom. A node says this of itself only.
    pub importing: Vec<(Slot, NodeId)>,
}

impl Node {
    /// A node of which no more is known than its name, address and role.
    #[must_use]
    pub fn new(id: NodeId, addr: NodeAddr, role: Role) -> Self {
        Self {
            id,
            addr,
            hostname: None,
            role,
            flags: Flags::NONE,
            config_epoch: 0,
            link: LinkState::Unknown,
            slots: Vec::new(),
            migrating: Vec::new(),
            importing: Vec::new(),
        }
    }

    /// Whether clients may hope to reach it: it is not failed, not a stranger yet, and has an address.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        !self.flags.any(Flags::FAIL.and(Flags::HANDSHAKE).and(Flags::NOADDR))
    }
}

/// Primary or replica.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Role {
    /// A primary (`master`).
    Primary,
    /// A replica (`slave`).
    Replica {
        /// Its primary, when that is known.
        of: Option<NodeId>,
    },
    /// Neither yet: a node in handshake, or a stranger (`noflags`).
    Unknown,
}

/// State of the cluster bus between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// `connected`
    Connected,
    /// `disconnected`
    Disconnected,
    /// Not told.
    Unknown,
}

/// Flags of a node (`CLUSTER NODES`), other than its role.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

impl Flags {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// `myself`: the node that was asked.
    pub const MYSELF: Self = Self(1);
    /// `fail?`: the node that was asked cannot reach it.
    pub const PFAIL: Self = Self(2);
    /// `fail`: the cluster holds it for failed.
    pub const FAIL: Self = Self(4);
    /// `handshake`: not trusted yet.
    pub const HANDSHAKE: Self = Self(8);
    /// `noaddr`: no address is known.
    pub const NOADDR: Self = Self(16);
    /// `nofailover`: a replica that will not try to become a primary.
    pub const NOFAILOVER: Self = Self(32);
    /// It is loading its data (`CLUSTER SHARDS`).
    pub const LOADING: Self = Self(64);

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is set.
    #[must_use]
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These flags and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names of the flags that are set, as `CLUSTER NODES` spells them.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(_, flag)| self.has(*flag)).map(|(name, _)| *name)
    }

    /// The flag of that name; `None` when it is not a flag of ours.
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(own, _)| *own == name).map(|(_, flag)| *flag)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

const NAMES: &[(&str, Flags)] = &[
    ("myself", Flags::MYSELF),
    ("fail?", Flags::PFAIL),
    ("fail", Flags::FAIL),
    ("handshake", Flags::HANDSHAKE),
    ("noaddr", Flags::NOADDR),
    ("nofailover", Flags::NOFAILOVER),
    ("loading", Flags::LOADING),
];
