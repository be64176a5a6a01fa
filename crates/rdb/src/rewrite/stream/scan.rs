//! A first look at a stream: which pending entries it has no longer.

use crate::elements::{Element, StreamElement, StreamId};
use crate::scalar::Digits;

use super::claims::Pending;
use super::dangling::Dangling;

/// Collects the entries of a whole stream, and what is pending without one.
#[derive(Debug)]
pub(in crate::rewrite) struct PendingScan {
    entries: Vec<StreamId>,
    most_entries: usize,
    /// Groups so far, that under way included.
    groups: usize,
    group: Vec<u8>,
    consumer: Vec<u8>,
    /// Of the group, what has no entry.
    pending: Vec<Pending>,
    found: Dangling,
}

impl PendingScan {
    /// A look at a stream that may have commands of so many bytes; there is no use in looking at more.
    pub(in crate::rewrite) const fn new(max_output: usize) -> Self {
        Self {
            entries: Vec::new(),
            most_entries: max_output / SHORTEST_ENTRY + 1,
            groups: 0,
            group: Vec::new(),
            consumer: Vec::new(),
            pending: Vec::new(),
            found: Dangling::new(),
        }
    }

    /// Takes the next element.
    pub(in crate::rewrite) fn element(&mut self, element: &Element<'_>) {
        let Element::Stream(element) = element else { return };
        match element {
            StreamElement::Entry { id, .. } if self.entries.len() < self.most_entries => self.entries.push(*id),
            StreamElement::Group { name, .. } => {
                self.groups += 1;
                self.pending.clear();
                name.as_bytes(&mut Digits::default()).clone_into(&mut self.group);
            }
            // Entries come before all groups.
            StreamElement::Pending { id, delivered_at_ms, deliveries }
                if *id != NO_ENTRY && self.entries.binary_search(id).is_err() =>
            {
                self.pending.push(Pending { delivered_at_ms: *delivered_at_ms, deliveries: *deliveries, id: *id });
            }
            StreamElement::Consumer { name, .. } => {
                name.as_bytes(&mut Digits::default()).clone_into(&mut self.consumer);
            }
            StreamElement::Owned(id) => self.owned(*id),
            _ => {}
        }
    }

    fn owned(&mut self, id: StreamId) {
        let found = self.pending.binary_search_by_key(&id, |pending| pending.id).ok();
        if let Some(pending) = found.and_then(|index| self.pending.get(index)) {
            self.found.add(self.groups - 1, &self.group, &self.consumer, *pending);
        }
    }

    /// What was found, when all elements were there.
    pub(in crate::rewrite) fn finish(self) -> Dangling {
        self.found.sorted()
    }
}

/// 0-0: the only ID that no entry can have.
pub(super) const NO_ENTRY: StreamId = StreamId { ms: 0, seq: 0 };

/// No command that adds an entry has fewer bytes: `XADD`, an empty key, an ID, a field and a value.
const SHORTEST_ENTRY: usize = 41;
