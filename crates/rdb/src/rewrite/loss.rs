//! What commands for a target do not carry over.

/// A part of a value that the target cannot be told, though it takes the rest.
///
/// Not counted, because no command of any server sets them: when consumers were last seen and active, a key's LRU
/// clock and LFU counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossKind {
    /// A collection without elements, which servers do not keep: there is no key then. Counts keys.
    ///
    /// A hash all of whose fields have expired ([`RewriteOptions::now_ms`](crate::RewriteOptions::now_ms)) is none.
    EmptyCollection,
    /// Metadata that modules attached to a key. Counts keys.
    KeyMetadata,
    /// Fields that would expire, on a target where they cannot, or not so late. The fields stay for good.
    FieldExpiry,
    /// How many entries a stream added and what it deleted last, before Redis 7.0. Counts streams.
    StreamCounters,
    /// How many entries a group read, before Redis 7.0. Counts groups.
    EntriesRead,
    /// Pending entries that are no longer in their stream, which came in chunks and was too large to be gathered
    /// ([`RewriteOptions::max_gathered`](crate::RewriteOptions::max_gathered)). 0-0 is none that can be carried over.
    DanglingPending,
    /// Pending entries of a stream in chunks, so old that it is not known whether they are still in it; they are
    /// carried over if they are.
    UncertainPending,
    /// Entries that a group's consumers refused (Redis 8.8).
    Refused,
    /// What a stream remembers of idempotent producers (Redis 8.6). Counts their messages.
    Idempotence,
}

impl LossKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::EmptyCollection,
        Self::KeyMetadata,
        Self::FieldExpiry,
        Self::StreamCounters,
        Self::EntriesRead,
        Self::DanglingPending,
        Self::UncertainPending,
        Self::Refused,
        Self::Idempotence,
    ];

    /// What is lost, in a few words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmptyCollection => "empty collections",
            Self::KeyMetadata => "module metadata of keys",
            Self::FieldExpiry => "expiry of hash fields",
            Self::StreamCounters => "counters of streams",
            Self::EntriesRead => "entries read by groups",
            Self::DanglingPending => "pending entries without an entry",
            Self::UncertainPending => "pending entries perhaps without an entry",
            Self::Refused => "refused entries of streams",
            Self::Idempotence => "messages of idempotent producers",
        }
    }
}

/// What was not carried over: how much of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    counts: [u64; LossKind::ALL.len()],
}

impl Losses {
    /// How much of this kind.
    #[must_use]
    pub fn count(&self, kind: LossKind) -> u64 {
        self.counts.get(kind as usize).copied().unwrap_or_default()
    }

    /// Whether nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// The kinds of which something was lost, and how much.
    pub fn iter(&self) -> impl Iterator<Item = (LossKind, u64)> + '_ {
        LossKind::ALL.into_iter().map(|kind| (kind, self.count(kind))).filter(|&(_, count)| count > 0)
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        for (kind, count) in other.iter() {
            self.add(kind, count);
        }
    }

    pub(super) fn add(&mut self, kind: LossKind, count: u64) {
        if let Some(sum) = self.counts.get_mut(kind as usize) {
            *sum += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_counted_by_itself() {
        let mut losses = Losses::default();
        assert!(losses.is_empty());
        for (kind, count) in LossKind::ALL.into_iter().zip(1..) {
            losses.add(kind, count);
        }
        assert!(losses.iter().eq(LossKind::ALL.into_iter().zip(1..)));
        let mut twice = losses;
        twice.add_all(&losses);
        assert_eq!(twice.count(LossKind::Idempotence), 18);
    }
}
