//! The sequence of operations, which depends on the seed alone.

use super::operations::{OPERATIONS, Operation};
use crate::{Command, Random, Unit, cmd, slot_of};

/// Draws operations and names the keys they work on.
pub(super) struct Script {
    pub(super) random: Random,
    operations: Vec<&'static Operation>,
    prefix: String,
    tags: u64,
    tag: u64,
    count: u64,
}

impl Script {
    /// `version` is the server's, as major * 100 + minor.
    pub(super) fn new(seed: u64, prefix: &str, tags: u64, version: u32) -> Self {
        let operations = OPERATIONS.iter().filter(|operation| operation.since <= version).collect();
        Self { random: Random::new(seed), operations, prefix: prefix.to_owned(), tags, tag: 0, count: 0 }
    }

    /// The next operation: first each once, in order, then at random.
    pub(super) fn next_operation(&mut self) -> (&'static str, Unit) {
        let turn = usize::try_from(self.count).ok().and_then(|count| self.operations.get(count));
        let operation = turn.or_else(|| self.random.pick(&self.operations)).copied();
        self.count += 1;
        self.tag = self.random.below(self.tags);
        let slot = slot_of(self.key("").as_bytes());
        match operation {
            Some(operation) => (operation.name, Unit { slot, commands: (operation.make)(self) }),
            None => ("PING", Unit { slot, commands: vec![cmd("PING")] }),
        }
    }

    /// A key of this operation's slot. The first letters of `name` tell its type.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{{{}}}{name}", self.prefix, self.tag)
    }

    /// One of a few keys of a type, in this operation's slot.
    pub(super) fn any(&mut self, kind: &str) -> String {
        let number = self.random.below(KEYS_OF_A_KIND);
        self.key(&format!(":{kind}:{number}"))
    }

    /// A key that no operation has used.
    pub(super) fn fresh(&self, kind: &str) -> String {
        self.key(&format!(":{kind}:once:{}", self.count))
    }

    /// How many operations there have been, this one included.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// A short text that is seldom the same.
    pub(super) fn text(&mut self) -> String {
        let length = 1 + usize::try_from(self.random.below(40)).unwrap_or(0);
        self.random.text(length)
    }

    /// One of the members that sets and the like are made of: few enough to meet again.
    pub(super) fn member(&mut self) -> String {
        format!("m{}", self.random.below(MEMBERS))
    }

    pub(super) fn number(&mut self, below: u64) -> u64 {
        self.random.below(below)
    }

    /// A score with more digits than a careless copy keeps.
    pub(super) fn score(&mut self) -> String {
        format!("{}.{:013}", self.random.below(1_000), self.random.below(10_000_000_000_000))
    }

    /// Milliseconds of an expiry that no test outlives.
    pub(super) fn long_ms(&mut self) -> u64 {
        HOUR_MS + self.random.below(24 * HOUR_MS)
    }

    /// Wraps commands into a transaction.
    pub(super) fn transaction(commands: impl IntoIterator<Item = Command>) -> Vec<Command> {
        std::iter::once(cmd("MULTI")).chain(commands).chain(std::iter::once(cmd("EXEC"))).collect()
    }
}

const HOUR_MS: u64 = 3_600_000;
const KEYS_OF_A_KIND: u64 = 3;
const MEMBERS: u64 = 60;
