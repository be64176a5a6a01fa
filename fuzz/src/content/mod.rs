//! What a key holds, so that it can be compared: made from elements, or by commands.

mod builder;
mod stream;

pub use builder::ContentBuilder;
pub use stream::{Group, Pending, Stream};

use std::collections::{BTreeMap, BTreeSet};

/// A string of the server.
pub type Text = Vec<u8>;

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A string.
    String(Text),
    /// A list.
    List(Vec<Text>),
    /// A set.
    Set(BTreeSet<Text>),
    /// A sorted set: the bits of the scores.
    SortedSet(BTreeMap<Text, u64>),
    /// A hash: the values, and when fields expire.
    Hash(BTreeMap<Text, (Text, Option<i64>)>),
    /// A stream.
    Stream(Stream),
}

impl Content {
    /// Whether it is a collection without elements, which no server keeps.
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::String(_) | Self::Stream(_) => false,
            Self::List(list) => list.is_empty(),
            Self::Set(set) => set.is_empty(),
            Self::SortedSet(set) => set.is_empty(),
            Self::Hash(hash) => hash.is_empty(),
        }
    }
}
