//! The fields of a stream's entry.

use std::fmt;

use crate::packed::Listpack;
use crate::scalar::Scalar;

/// The fields of an entry and their values, in order. An iterator over `(name, value)`; clone it to walk again.
///
/// All of it was walked once when the entry was found, so it cannot fail.
#[derive(Clone)]
pub struct EntryFields<'a> {
    /// Where the names are, when the entry has those of the node's master entry; else they stand before the values.
    pub(super) names: Option<Listpack<'a>>,
    pub(super) values: Listpack<'a>,
    pub(super) left: usize,
}

impl<'a> Iterator for EntryFields<'a> {
    type Item = (Scalar<'a>, Scalar<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = match &mut self.names {
            Some(names) => names.next(),
            None => self.values.next(),
        };
        Some((name?.ok()?, self.values.next()?.ok()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for EntryFields<'_> {}

impl fmt::Debug for EntryFields<'_> {
    /// The fields and their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}
