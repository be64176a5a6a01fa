//! The states that the keys of a hash tag may be in: one, unless an answer was lost.

use super::{operation::Operation, state::State};
use crate::Value;

/// All states that what the source has answered allows.
#[derive(Clone, Debug)]
pub(super) struct Possible(Vec<State>);

impl Default for Possible {
    fn default() -> Self {
        Self::only(State::default())
    }
}

impl Possible {
    pub(super) fn only(state: State) -> Self {
        Self(vec![state])
    }

    pub(super) fn states(&self) -> &[State] {
        &self.0
    }

    /// The operation has been answered: states that lead to another answer were not the case. When none is left the
    /// source has forgotten what it had acknowledged; the answer is `false`, and the states are as they were.
    pub(super) fn answered(&mut self, operation: &Operation, replies: &[Value]) -> bool {
        let mut states = self.0.clone();
        states.retain_mut(|state| operation.apply_answered(state, replies));
        states.dedup();
        let fits = !states.is_empty();
        if fits {
            self.0 = states;
        }
        fits
    }

    /// The answer was lost: it may have happened or not.
    pub(super) fn unanswered(&mut self, operation: &Operation) {
        for index in 0..self.0.len() {
            let Some(mut state) = self.0.get(index).cloned() else { continue };
            operation.apply(&mut state);
            if !self.0.contains(&state) {
                self.0.push(state);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{key::Key, step::Step};

    fn incr() -> Operation {
        Operation { steps: vec![Step::Incr(Key::Count)], is_transaction: false }
    }

    #[test]
    fn a_later_answer_tells_what_happened_to_a_lost_one() {
        for (answer, left) in [(2, 1), (3, 1), (4, 0)] {
            let mut possible = Possible::default();
            assert!(possible.answered(&incr(), &[Value::Integer(1)]));
            possible.unanswered(&incr());
            assert_eq!(possible.states().len(), 2);
            assert_eq!(possible.answered(&incr(), &[Value::Integer(answer)]), left == 1, "{answer}");
        }
    }

    #[test]
    fn a_transaction_happens_as_a_whole() {
        let both = Operation { steps: vec![Step::Incr(Key::Count), Step::PopLeft(Key::List)], is_transaction: true };
        let ok = || Value::Simple("OK".to_owned());
        let mut possible = Possible::default();
        let exec = Value::Array(vec![Value::Integer(1), Value::Null]);
        assert!(possible.answered(&both, &[ok(), ok(), ok(), exec.clone()]));
        assert!(!possible.answered(&both, &[ok(), ok(), ok(), exec]));
    }
}
