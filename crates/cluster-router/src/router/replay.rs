//! What is not sent again when a link goes on from an earlier place than some slots need.

use super::Outgoing;
use crate::{Phase, Position, Route, Slot};

/// How far each slot was when a link went on.
///
/// The link goes on from the lowest of these places; what a slot has beyond it is passed over there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Offsets of other generations say nothing about these.
    generation: u64,
    covered: Vec<Position>,
    highest: u64,
    /// Commands up to this offset may have been sent before: an error that a repetition explains is none.
    pub sent_up_to: u64,
}

impl Replay {
    /// No slot is beyond `start`.
    #[must_use]
    pub fn new(start: Position, sent_up_to: u64) -> Self {
        let covered = vec![start; usize::from(crate::SLOTS)];
        Self { generation: start.generation, covered, highest: start.offset, sent_up_to }
    }

    /// Whether it says something about commands of that generation.
    pub(super) fn is_of(&self, generation: u64) -> bool {
        self.generation == generation
    }

    /// A slot is done up to there.
    pub fn cover(&mut self, slot: Slot, position: Position) {
        if let Some(covered) = self.covered.get_mut(slot.index()) {
            *covered = position;
            self.highest = self.highest.max(position.offset);
        }
    }

    /// Up to where a slot is done.
    #[must_use]
    pub fn covered(&self, slot: Slot) -> Option<Position> {
        self.covered.get(slot.index()).copied()
    }

    /// Whether a command of the stream is done already.
    pub(super) fn covers(&self, command: &Outgoing) -> bool {
        let Route::Slot(slot) = command.route else { return false };
        let covered = self.covered.get(slot.index());
        command.phase == Phase::Stream && covered.is_some_and(|at| command.offset <= at.offset)
    }

    /// Whether a command may have been sent before.
    pub(super) fn may_repeat(&self, command: &Outgoing) -> bool {
        command.offset <= self.sent_up_to
    }

    /// Whether nothing behind a command is concerned.
    pub(super) fn ends_before(&self, command: &Outgoing) -> bool {
        command.offset > self.highest.max(self.sent_up_to)
    }
}
