//! What is kept of commands that are on their way.

use super::gate::Gate;
use super::tracker::Tracker;
use crate::PositionKeys;
use crate::lane::Entry;

/// Which positions are confirmed, and what each slot waits for.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) tracker: Tracker,
    pub(crate) gate: Gate,
}

impl Books {
    pub(crate) fn new(fences: Option<PositionKeys>) -> Self {
        Self { tracker: Tracker::default(), gate: Gate::new(fences) }
    }

    /// An entry is confirmed.
    pub(crate) fn confirm(&mut self, entry: Entry) {
        // What has no round is sent by the lane for itself.
        let Some(round) = entry.round else { return };
        self.tracker.confirm(round);
        if let Some(slot) = entry.slot {
            self.gate.confirmed(slot);
        }
    }
}
