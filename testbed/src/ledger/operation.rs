//! What is sent at once: one command, or several in a transaction.

use super::{state::State, step::Step};
use crate::{Command, Unit, Value, cmd, slot_of};

/// One command, or several in a transaction.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) steps: Vec<Step>,
    pub(super) is_transaction: bool,
}

impl Operation {
    pub(super) fn unit(&self, home: &str) -> Unit {
        let steps = self.steps.iter().map(|step| step.command(home));
        let commands: Vec<Command> = match self.is_transaction {
            true => std::iter::once(cmd("MULTI")).chain(steps).chain([cmd("EXEC")]).collect(),
            false => steps.collect(),
        };
        Unit { slot: slot_of(home.as_bytes()), commands }
    }

    /// Does to a state what the server does.
    pub(super) fn apply(&self, state: &mut State) {
        for step in &self.steps {
            step.apply(state);
        }
    }

    /// The same, if the server's replies are those that this state leads to.
    pub(super) fn apply_answered(&self, state: &mut State, replies: &[Value]) -> bool {
        let results = self.results(replies);
        let fits = |(step, result): (&Step, &Value)| step.fits(&step.apply(state), result);
        results.len() == self.steps.len() && self.steps.iter().zip(results).all(fits)
    }

    /// One reply for each step: those of a transaction are in the reply to EXEC.
    fn results<'a>(&self, replies: &'a [Value]) -> &'a [Value] {
        match replies.last() {
            Some(last) if self.is_transaction => last.items(),
            _ => replies,
        }
    }
}
