//! Which keys are looked at.

use clap::ValueEnum;
use rdb::{Key, ValueKind};

use super::args::FilterArgs;
use super::glob;

/// The types of values as they are named on the command line and in what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KindArg {
    String,
    List,
    Set,
    Zset,
    Hash,
    Stream,
    Module,
    Array,
}

impl KindArg {
    const fn kind(self) -> ValueKind {
        match self {
            Self::String => ValueKind::String,
            Self::List => ValueKind::List,
            Self::Set => ValueKind::Set,
            Self::Zset => ValueKind::SortedSet,
            Self::Hash => ValueKind::Hash,
            Self::Stream => ValueKind::Stream,
            Self::Module => ValueKind::Module,
            Self::Array => ValueKind::Array,
        }
    }
}

/// The word for a type that `TYPE` answers.
pub(super) const fn kind_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::String => "string",
        ValueKind::List => "list",
        ValueKind::Set => "set",
        ValueKind::SortedSet => "zset",
        ValueKind::Hash => "hash",
        ValueKind::Stream => "stream",
        ValueKind::Module => "module",
        ValueKind::Array => "array",
        _ => "other",
    }
}

/// Decides whether a key is looked at.
#[derive(Debug, Default)]
pub(super) struct Filter {
    dbs: Vec<u32>,
    key: Option<Vec<u8>>,
    kinds: Vec<ValueKind>,
}

impl Filter {
    /// The filter that the arguments describe.
    pub(super) fn new(args: &FilterArgs) -> Self {
        Self {
            dbs: args.dbs.clone(),
            key: args.key.as_deref().map(glob::with_bytes),
            kinds: args.kinds.iter().map(|kind| kind.kind()).collect(),
        }
    }

    /// Whether every key passes.
    pub(super) fn is_open(&self) -> bool {
        self.dbs.is_empty() && self.key.is_none() && self.kinds.is_empty()
    }

    /// Whether this key passes.
    #[inline]
    pub(super) fn passes(&self, key: &Key<'_>) -> bool {
        (self.dbs.is_empty() || self.dbs.contains(&key.db.0))
            && (self.kinds.is_empty() || self.kinds.contains(&key.value_type.kind()))
            && self.key.as_ref().is_none_or(|pattern| glob::matches(pattern, key.name))
    }
}
