//! The sequence of operations, which depends on the seed alone.

use super::{key::Key, operation::Operation, step::Step};
use crate::Random;

/// Draws operations.
pub(super) struct Script {
    random: Random,
    items: u64,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), items: 0 }
    }

    /// Where among so many tags the next operations go.
    pub(super) fn start_among(&mut self, tags: usize) -> usize {
        usize::try_from(self.random.below(u64::try_from(tags).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// One time in five a transaction.
    pub(super) fn next_operation(&mut self) -> Operation {
        let is_transaction = self.random.below(5) == 0;
        let steps = if is_transaction { 1 + self.random.below(4) } else { 1 };
        Operation { steps: (0..steps).map(|_| self.next_step()).collect(), is_transaction }
    }

    fn next_step(&mut self) -> Step {
        self.items += 1;
        let item = self.items;
        let mixed = if item.is_multiple_of(2) { Key::Mixed } else { Key::OtherMixed };
        match self.random.below(20) {
            0 | 1 => Step::Incr(Key::Count),
            2 | 3 => Step::PushRight(Key::List, item),
            4 | 5 => Step::PushLeft(Key::List, item),
            6 => Step::PushRight(Key::OtherList, item),
            7 => Step::PopLeft(Key::List),
            8 => Step::PopLeft(Key::OtherList),
            9 | 10 => Step::Append(Key::Text, item),
            11 | 12 => Step::StreamAdd(Key::Stream, item),
            13 => Step::HashIncr(Key::Hash, item),
            14 => Step::ZsetIncr(Key::Zset, item),
            15 => self.between_lists(),
            16 => Step::Set(mixed, item),
            17 => Step::Incr(mixed),
            18 => Step::Del(mixed),
            _ => Step::HashSet(mixed, item),
        }
    }

    /// Seldom a whole list, which replaces the other one.
    fn between_lists(&mut self) -> Step {
        match self.random.below(8) {
            0 => Step::Rename(Key::OtherList, Key::List),
            1..=4 => Step::Move(Key::List, Key::OtherList),
            _ => Step::Move(Key::OtherList, Key::List),
        }
    }
}
