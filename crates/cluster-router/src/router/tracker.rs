//! Which positions are confirmed, when commands are confirmed in any order.

use std::collections::VecDeque;

use crate::Position;

/// Commands are counted by round: all that was submitted between two calls of [`end_round`](Tracker::end_round). A
/// position is confirmed when its round and all earlier ones have nothing open.
///
/// Rounds make this cheap: a command costs one increment and one decrement, whichever lane it took.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    rounds: VecDeque<Round>,
    /// Number of the round at the front.
    first: u64,
    confirmed: Option<Position>,
    /// Commands that are not confirmed, of all rounds.
    open: u64,
}

#[derive(Debug, Default)]
struct Round {
    open: u64,
    /// How much keeps it from being confirmed beside its commands.
    held: u64,
    /// Where the round ends; the round that is being filled has no end yet.
    end: Option<Position>,
}

impl Tracker {
    /// Counts a command into the round that is being filled, and answers that round's number.
    pub(crate) fn open(&mut self) -> u64 {
        if self.rounds.back().is_none_or(|round| round.end.is_some()) {
            self.rounds.push_back(Round::default());
        }
        if let Some(round) = self.rounds.back_mut() {
            round.open += 1;
            self.open += 1;
        }
        self.first + self.rounds.len() as u64 - 1
    }

    /// Ends the round that is being filled: when its commands are confirmed, so is `end`.
    pub(crate) fn end_round(&mut self, end: Position) {
        match self.rounds.back_mut() {
            Some(round) if round.end.is_none() => round.end = Some(end),
            _ => self.rounds.push_back(Round { end: Some(end), ..Round::default() }),
        }
        self.advance();
    }

    /// Keeps the round that is being filled from being confirmed; its number.
    pub(crate) fn hold(&mut self) -> u64 {
        let round = self.open();
        self.confirm_in(round, |round| {
            round.open -= 1;
            round.held += 1;
        });
        self.open -= 1;
        round
    }

    /// Lets go of a round that was held.
    pub(crate) fn let_go(&mut self, round: u64) {
        self.confirm_in(round, |round| round.held -= 1);
    }

    fn confirm_in(&mut self, round: u64, change: impl FnOnce(&mut Round)) {
        let index = usize::try_from(round - self.first).unwrap_or(usize::MAX);
        if let Some(round) = self.rounds.get_mut(index) {
            change(round);
            if round.open == 0 && index == 0 {
                self.advance();
            }
        }
    }

    /// Counts `more` commands into a round that has a command open.
    pub(crate) fn reopen(&mut self, round: u64, more: u64) {
        let index = usize::try_from(round - self.first).unwrap_or(usize::MAX);
        if let Some(round) = self.rounds.get_mut(index) {
            round.open += more;
            self.open += more;
        }
    }

    /// Counts a command of `round` as confirmed.
    pub(crate) fn confirm(&mut self, round: u64) {
        self.confirm_in(round, |round| round.open -= 1);
        self.open -= 1;
    }

    /// The number of the round after all that there are.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.rounds.len() as u64
    }

    /// Whether all commands of the rounds before this number are confirmed, held or not.
    pub(crate) fn is_past(&self, round: u64) -> bool {
        let before = usize::try_from(round.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.rounds.iter().take(before).all(|round| round.open == 0)
    }

    /// The highest position up to which everything is confirmed.
    pub(crate) fn confirmed(&self) -> Option<Position> {
        self.confirmed
    }

    /// Whether every command is confirmed.
    pub(crate) fn is_idle(&self) -> bool {
        self.open == 0
    }

    /// How many commands are not confirmed.
    pub(crate) fn unconfirmed(&self) -> u64 {
        self.open
    }

    fn advance(&mut self) {
        while let Some(&Round { open: 0, held: 0, end: Some(end) }) = self.rounds.front() {
            self.confirmed = Some(end);
            self.rounds.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Position {
        Position { offset, ..Position::default() }
    }

    #[test]
    fn a_position_waits_for_all_rounds_before_it() {
        let mut tracker = Tracker::default();
        let a = tracker.open();
        let b = tracker.open();
        tracker.end_round(at(10));
        let c = tracker.open();
        tracker.end_round(at(20));
        tracker.confirm(c);
        assert_eq!(tracker.confirmed(), None);
        tracker.confirm(b);
        assert_eq!(tracker.confirmed(), None);
        assert_eq!(tracker.unconfirmed(), 1);
        tracker.reopen(a, 1);
        tracker.confirm(a);
        assert_eq!(tracker.unconfirmed(), 1);
        tracker.confirm(a);
        assert_eq!(tracker.confirmed(), Some(at(20)));
        assert_eq!(tracker.unconfirmed(), 0);
    }

    #[test]
    fn a_round_that_is_still_filled_confirms_nothing() {
        let mut tracker = Tracker::default();
        let a = tracker.open();
        tracker.confirm(a);
        assert_eq!(tracker.confirmed(), None);
        tracker.end_round(at(5));
        assert_eq!(tracker.confirmed(), Some(at(5)));
    }

    #[test]
    fn what_is_held_keeps_the_position_and_nothing_else() {
        let mut tracker = Tracker::default();
        let a = tracker.open();
        let held = tracker.hold();
        tracker.end_round(at(10));
        let b = tracker.open();
        tracker.end_round(at(20));
        let mark = tracker.end();
        tracker.confirm(a);
        assert!(!tracker.is_past(mark));
        tracker.confirm(b);
        assert!(tracker.is_past(mark) && tracker.is_idle());
        assert_eq!(tracker.confirmed(), None);
        tracker.let_go(held);
        assert_eq!(tracker.confirmed(), Some(at(20)));
    }

    #[test]
    fn empty_rounds_move_the_position() {
        let mut tracker = Tracker::default();
        tracker.end_round(at(5));
        tracker.end_round(at(6));
        assert_eq!(tracker.confirmed(), Some(at(6)));
    }
}
