//! Sums over keys.

use crate::rdb::weight::Weight;

/// What a number of keys come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) keys: u64,
    /// Bytes in the file, names and all that belongs to a key included.
    pub(super) bytes: u64,
    /// Bytes of the strings in the values.
    pub(super) content: u64,
    /// Elements of collections.
    pub(super) elements: u64,
}

impl Tally {
    /// That of one key.
    pub(super) const fn one(bytes: u64, weight: Weight) -> Self {
        Self { keys: 1, bytes, content: weight.bytes, elements: weight.elements }
    }

    /// Adds another.
    #[inline]
    pub(super) fn add(&mut self, other: &Self) {
        self.keys += other.keys;
        self.bytes += other.bytes;
        self.content += other.content;
        self.elements += other.elements;
    }
}
