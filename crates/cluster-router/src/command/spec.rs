use super::class::{Class, Exception};

/// What is known of a command, or of a subcommand: one row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandSpec {
    /// Name in capitals; a subcommand carries its container's: `XGROUP CREATE`.
    pub name: &'static str,
    /// Number of arguments, the name (and the subcommand's) counted; negative: at least that many.
    pub arity: i16,
    /// What servers flag it with.
    pub flags: Flags,
    /// Where its keys are.
    pub keys: KeyRule,
    /// Arguments that go with each key when the command may be taken apart by key: 1 for `DEL`, 2 for `MSET`, 0 when
    /// it may not.
    pub args_per_key: u8,
    /// The subcommands of a container, sorted by name; empty for other commands.
    pub subcommands: &'static [CommandSpec],
    pub(super) class: Class,
    pub(super) exception: Option<Exception>,
}

impl CommandSpec {
    pub(super) const fn new(name: &'static str, arity: i16, flags: Flags, class: Class, keys: KeyRule) -> Self {
        Self { name, arity, flags, keys, args_per_key: 0, subcommands: &[], class, exception: None }
    }

    pub(super) const fn except(mut self, exception: Exception) -> Self {
        self.exception = Some(exception);
        self
    }

    pub(super) const fn splits(mut self, args_per_key: u8) -> Self {
        self.args_per_key = args_per_key;
        self
    }

    pub(super) const fn container(mut self, subcommands: &'static [CommandSpec]) -> Self {
        self.subcommands = subcommands;
        self
    }

    /// Whether the command is a container, which means nothing without a subcommand.
    #[must_use]
    pub const fn is_container(&self) -> bool {
        !self.subcommands.is_empty()
    }

    /// Whether servers flag the command as a write (`CMD_WRITE`).
    #[must_use]
    pub const fn is_write(&self) -> bool {
        self.flags.has(Flags::WRITE)
    }
}

/// Flags of a command, as `COMMAND` lists them; those that a router has a use for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// `write`: may change data.
    pub const WRITE: Self = Self(1);
    /// `readonly`: reads data and changes nothing.
    pub const READONLY: Self = Self(2);
    /// `denyoom`: refused with `-OOM` when memory has run out.
    pub const DENYOOM: Self = Self(4);
    /// `blocking`: may keep its connection waiting.
    pub const BLOCKING: Self = Self(8);

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Where the keys of a command are among its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRule {
    /// It has none.
    None,
    /// One key, at this index: nearly all commands.
    One(u8),
    /// As these specifications say, one after the other.
    Specs(&'static [KeySpec]),
    /// Arguments that pick the slot without being keys: shard channels, the cursor of a cluster-wide scan.
    Routing(&'static [KeySpec]),
    /// `SORT key ... [STORE destination]` (`sortGetKeys`).
    Sort,
    /// `GEORADIUS[BYMEMBER] key ... [STORE|STOREDIST destination]` (`georadiusGetKeys`).
    GeoRadius,
    /// `MIGRATE host port key|"" ... [KEYS key ...]` (`migrateGetKeys`).
    Migrate,
}

/// A key specification, as `COMMAND` reports it: where to begin, and how to go on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySpec {
    /// Where to begin.
    pub begin: Begin,
    /// How to go on.
    pub find: Find,
}

/// Where a key specification begins (`begin_search`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Begin {
    /// At this argument.
    Index(u16),
    /// Behind a keyword that is looked for from an argument on.
    Keyword {
        /// The word, in capitals.
        word: &'static str,
        /// First argument that may be the word.
        from: u16,
    },
}

/// How the keys go on from the beginning (`find_keys`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Find {
    /// Keys up to a last one.
    Range {
        /// The last key, counted from the beginning; negative: from the end of the arguments, -1 the last one.
        last: i16,
        /// Distance from key to key.
        step: u16,
        /// When above 1 and `last` is -1: only the first one-`limit`th of the arguments are keys.
        limit: u16,
    },
    /// Keys whose number is an argument.
    Count {
        /// The argument with the number, counted from the beginning.
        at: u16,
        /// The first key, counted from the beginning.
        first: u16,
        /// Distance from key to key.
        step: u16,
    },
}
