//! A first look at a stream: which pending entries it has no longer.

use std::collections::BTreeSet;

use crate::elements::{Element, StreamElement, StreamId};

/// Collects the entries of a whole stream, and those that are pending.
#[derive(Debug, Default)]
pub(in crate::rewrite) struct PendingScan {
    entries: Vec<StreamId>,
    dangling: BTreeSet<StreamId>,
}

impl PendingScan {
    pub(in crate::rewrite) fn element(&mut self, element: &Element<'_>) {
        match element {
            Element::Stream(StreamElement::Entry { id, .. }) => self.entries.push(*id),
            // Entries come before all groups.
            Element::Stream(StreamElement::Pending { id, .. })
                if *id != NO_ENTRY && self.entries.binary_search(id).is_err() =>
            {
                self.dangling.insert(*id);
            }
            _ => {}
        }
    }

    /// Pending entries that are not in the stream, by ID.
    pub(in crate::rewrite) fn dangling(self) -> Vec<StreamId> {
        self.dangling.into_iter().collect()
    }
}

/// 0-0: the only ID that no entry can have.
pub(super) const NO_ENTRY: StreamId = StreamId { ms: 0, seq: 0 };
