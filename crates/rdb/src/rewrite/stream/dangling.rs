//! Pending entries that their stream has no longer.
//!
//! A server that is asked to claim an entry that is not there drops it. So before the stream has anything else, these
//! entries are added, claimed, and trimmed away again, which counts as no deletion; then the last ID goes back to 0-0, as
//! a stream without entries may. The key is visible meanwhile.

use crate::elements::StreamId;
use crate::rewrite::number::id_text;
use crate::rewrite::place::Place;

use super::claims::{Pending, claim_all};

/// All of a stream, in its groups.
#[derive(Debug, Default)]
pub(in crate::rewrite) struct Dangling {
    ids: Vec<StreamId>,
    groups: Vec<Group>,
}

/// A group that has some.
#[derive(Debug)]
struct Group {
    /// How many groups the stream has before it.
    index: usize,
    name: Vec<u8>,
    consumers: Vec<Consumer>,
}

/// A consumer that has some.
#[derive(Debug)]
struct Consumer {
    name: Vec<u8>,
    claims: Vec<Pending>,
}

impl Dangling {
    /// None.
    pub(super) const fn new() -> Self {
        Self { ids: Vec::new(), groups: Vec::new() }
    }

    /// Adds one; they come in the order of the stream's groups and their consumers.
    pub(super) fn add(&mut self, index: usize, group: &[u8], consumer: &[u8], pending: Pending) {
        self.ids.push(pending.id);
        if self.groups.last().is_none_or(|last| last.index != index) {
            self.groups.push(Group { index, name: group.to_vec(), consumers: Vec::new() });
        }
        let Some(Group { consumers, .. }) = self.groups.last_mut() else { return };
        match consumers.last_mut().filter(|last| last.name == consumer) {
            Some(last) => last.claims.push(pending),
            None => consumers.push(Consumer { name: consumer.to_vec(), claims: vec![pending] }),
        }
    }

    /// That was all.
    pub(super) fn sorted(mut self) -> Self {
        self.ids.sort_unstable();
        self.ids.dedup();
        self
    }

    /// How many entries have to be added.
    pub(super) const fn count(&self) -> usize {
        self.ids.len()
    }

    /// Whether this entry is pending anywhere, though not in the stream.
    pub(super) fn has(&self, id: StreamId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// Whether the group behind so many others has some, and so was made with them.
    pub(super) fn has_group(&self, index: usize) -> bool {
        self.groups.binary_search_by_key(&index, |group| group.index).is_ok()
    }

    /// Makes them pending on a key that does not exist yet, and leaves a stream without entries and IDs.
    pub(super) fn write(&mut self, place: &mut Place<'_>) {
        for &id in &self.ids {
            if place.is_over() {
                return;
            }
            place.command("XADD", &[id_text(id).as_bytes(), b"", b""]);
        }
        for Group { name: group, consumers, .. } in &mut self.groups {
            place.subcommand("XGROUP", "CREATE", &[group, b"0"]);
            for Consumer { name, claims } in consumers {
                claim_all(group, name, claims, place);
            }
            if place.is_over() {
                return;
            }
        }
        place.command("XTRIM", &[b"MAXLEN", b"0"]);
        place.command("XSETID", &[b"0-0"]);
    }
}
