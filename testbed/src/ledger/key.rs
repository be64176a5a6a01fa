//! The keys of one hash tag.

/// One of the keys that every hash tag has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Count,
    Text,
    List,
    OtherList,
    Hash,
    Zset,
    Stream,
    Mixed,
    OtherMixed,
}

impl Key {
    pub(super) const ALL: [Self; 9] = [
        Self::Count,
        Self::Text,
        Self::List,
        Self::OtherList,
        Self::Hash,
        Self::Zset,
        Self::Stream,
        Self::Mixed,
        Self::OtherMixed,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Text => "text",
            Self::List => "list",
            Self::OtherList => "list:other",
            Self::Hash => "hash",
            Self::Zset => "zset",
            Self::Stream => "stream",
            Self::Mixed => "mixed",
            Self::OtherMixed => "mixed:other",
        }
    }

    /// Its name on the server; `home` is what all keys of the tag begin with.
    pub(super) fn at(self, home: &str) -> String {
        format!("{home}:{}", self.name())
    }
}
