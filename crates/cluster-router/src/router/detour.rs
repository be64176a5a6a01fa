//! Where what was answered ASK goes: alone, behind ASKING, to the node that was named, while all lanes rest.
//!
//! A slot that is being moved key by key is served by two nodes. Its owner answers ASK for keys that it has not (any
//! more); the other node serves such a command if ASKING stands before it. That may be said of no other command: with
//! ASKING the other node would take a key that has not come to it yet, and the move of the old one would fail.
//!
//! What stands behind such a command in its slot waits for it: it may be for the same key, and for either node.

use std::collections::HashMap;
use std::task::Context;

use super::probe::silent;
use super::settle::{Cause, Open, State};
use super::{Router, RouterError};
use crate::lane::{Entry, Lane};
use crate::{NodeAddr, Slot};

/// A slot whose first open entry was answered ASK, and the node that serves it.
pub(super) struct Asked {
    pub(super) slot: Slot,
    pub(super) node: NodeAddr,
}

/// Entries on their way to other nodes than their slots' owners.
pub(super) struct Detour {
    /// Everything that is open, these entries included.
    open: Vec<Open>,
    /// A lane for each of those nodes, for this one time.
    lanes: Vec<Lane>,
    /// What has become of the first open entry of each slot.
    slots: HashMap<Slot, Outcome>,
    /// The first trouble that one of the lanes met.
    cause: Option<Cause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Refused,
    /// Its connection was lost.
    Unknown,
}

impl Router {
    /// Sends the first entry of each slot to the node named.
    pub(super) fn detour(&mut self, open: Vec<Open>, asked: &[Asked]) {
        let mut detour = Detour { open, lanes: Vec::new(), slots: HashMap::new(), cause: None };
        for Asked { slot, node } in asked {
            self.asked.insert(*slot);
            let lane = match detour.lanes.iter().position(|lane| lane.node == *node) {
                Some(at) => at,
                None => {
                    detour.lanes.push(Lane::new(node.clone(), self.opening.for_detour()));
                    detour.lanes.len() - 1
                }
            };
            let entries = detour.open.iter().flat_map(|open| open.entries.entries());
            let first = entries.into_iter().find(|(entry, _)| entry.slot == Some(*slot) && entry.round.is_some());
            if let (Some((entry, bytes)), Some(lane)) = (first, detour.lanes.get_mut(lane)) {
                push(lane, entry, bytes);
                detour.slots.insert(*slot, Outcome::Done);
            }
        }
        self.state = State::Detour(detour);
    }

    /// Whether it has come to its end, one way or the other.
    pub(super) fn poll_detour(&mut self, cx: &mut Context<'_>) -> Result<bool, RouterError> {
        let State::Detour(mut detour) = std::mem::replace(&mut self.state, State::Flowing) else { return Ok(false) };
        // A node that hangs may have been replaced, and what it says when it wakes up does not count then.
        for lane in detour.lanes.iter_mut().filter(|lane| silent(lane).is_some()) {
            lane.give_up("it was silent for too long to be relied on");
        }
        while let Some((node, trouble)) = self.poll_each(&mut detour.lanes, cx)? {
            detour.lanes.iter_mut().for_each(Lane::drain);
            detour.cause.get_or_insert_with(|| Cause::of(node, &trouble));
        }
        if !detour.is_over() {
            self.state = State::Detour(detour);
            return Ok(false);
        }
        self.end_detour(detour);
        Ok(true)
    }

    fn end_detour(&mut self, mut detour: Detour) {
        detour.note_what_is_left();
        let Detour { open, lanes, mut slots, cause } = detour;
        let open: Vec<Open> = open.into_iter().map(|open| without_done(open, &mut slots)).collect();
        match cause {
            None => self.flow(&open),
            Some(cause) => {
                // What a lost detour may still have in a node's buffers is ended by the lane that is opened anew there.
                let is_there = |lane: &&mut Lane| lanes.iter().any(|detour| detour.node == lane.node);
                self.lanes.iter_mut().filter(is_there).for_each(Lane::hang_up);
                self.wait(open, cause.in_the_same_words());
            }
        }
    }
}

impl Detour {
    fn is_over(&self) -> bool {
        let is_over = |lane: &Lane| lane.is_at_rest() && (self.cause.is_some() || lane.bytes() == 0);
        self.lanes.iter().all(is_over)
    }

    fn note_what_is_left(&mut self) {
        for queue in self.lanes.iter_mut().flat_map(Lane::take_open) {
            for (entry, _) in queue.entries() {
                if let Some(outcome) = entry.slot.and_then(|slot| self.slots.get_mut(&slot)) {
                    *outcome = if entry.repeated { Outcome::Unknown } else { Outcome::Refused };
                }
            }
        }
    }
}

/// `ASKING` counts for the very next command, so the lane selects the database before it.
fn push(lane: &mut Lane, entry: Entry, bytes: &[u8]) {
    let asking = Entry { slot: None, replies: 1, round: None, token: None, forgiving: false, repeated: false, ..entry };
    lane.push(asking, |out| resp::put_command(out, &["ASKING"]));
    lane.push(entry, |out| out.extend_from_slice(bytes));
}

/// Leaves out the first entry of every slot whose first entry is done, and marks those that may be.
fn without_done(open: Open, slots: &mut HashMap<Slot, Outcome>) -> Open {
    let entries = open.entries.rebuilt(|entry| {
        if entry.round.is_none() {
            return Some(entry);
        }
        match entry.slot.and_then(|slot| slots.remove(&slot)) {
            Some(Outcome::Done) => None,
            Some(Outcome::Unknown) => Some(Entry { repeated: true, ..entry }),
            Some(Outcome::Refused) | None => Some(entry),
        }
    });
    Open { entries, ..open }
}
