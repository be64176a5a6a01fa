//! The largest keys.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::tally::Tally;
use crate::rdb::name::{Name, cut};

/// A key that is one of the largest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LargeKey {
    /// What the keys are compared by.
    pub(super) size: u64,
    /// The start of the name.
    pub(super) name: Vec<u8>,
    pub(super) name_len: usize,
    pub(super) db: u32,
    pub(super) kind: &'static str,
    pub(super) encoding: &'static str,
    pub(super) bytes: u64,
    pub(super) elements: u64,
    pub(super) content: u64,
}

impl LargeKey {
    /// The name, cut behind this many bytes.
    pub(super) fn name(&self, limit: usize) -> Name<'_> {
        Name::cut_at(&self.name, limit).of_length(self.name_len)
    }
}

/// The largest keys by some measure: as many as were asked for.
#[derive(Debug)]
pub(super) struct Largest {
    keep: usize,
    /// The smallest of them on top.
    heap: BinaryHeap<Reverse<LargeKey>>,
}

/// What is known of a key beside its sizes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Described<'a> {
    pub(super) name: &'a [u8],
    pub(super) db: u32,
    pub(super) kind: &'static str,
    pub(super) encoding: &'static str,
}

impl Largest {
    /// None yet, and never more than `keep`.
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, heap: BinaryHeap::new() }
    }

    /// Takes a key into account, whose measure is `size`.
    #[inline]
    pub(super) fn offer(&mut self, size: u64, key: Described<'_>, tally: &Tally) {
        let full = self.heap.len() >= self.keep;
        if size == 0 || full && self.heap.peek().is_none_or(|Reverse(smallest)| smallest.size >= size) {
            return;
        }
        if full {
            self.heap.pop();
        }
        self.heap.push(Reverse(LargeKey {
            size,
            name: cut(key.name, NAME).to_vec(),
            name_len: key.name.len(),
            db: key.db,
            kind: key.kind,
            encoding: key.encoding,
            bytes: tally.bytes,
            elements: tally.elements,
            content: tally.content,
        }));
    }

    /// The keys, the largest first.
    pub(super) fn into_sorted(self) -> Vec<LargeKey> {
        let mut keys: Vec<_> = self.heap.into_iter().map(|Reverse(key)| key).collect();
        keys.sort_by(|one, other| (Reverse(one.size), &one.name).cmp(&(Reverse(other.size), &other.name)));
        keys
    }
}

/// How much of a name is kept.
const NAME: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_stay_in_any_order_of_coming() {
        let mut largest = Largest::new(3);
        for size in [5, 1, 9, 0, 7, 3, 8] {
            let name = [b'k', b'0' + u8::try_from(size).unwrap()];
            let key = Described { name: &name, db: 0, kind: "list", encoding: "quicklist" };
            largest.offer(size, key, &Tally::default());
        }
        let names: Vec<_> = largest.into_sorted().into_iter().map(|key| key.name).collect();
        assert_eq!(names, [b"k9", b"k8", b"k7"]);
        let mut none = Largest::new(0);
        none.offer(1, Described { name: b"k", db: 0, kind: "list", encoding: "quicklist" }, &Tally::default());
        assert!(none.into_sorted().is_empty());
    }
}
