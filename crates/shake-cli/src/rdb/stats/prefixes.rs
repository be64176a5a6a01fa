//! Sums by the prefix of names, in bounded memory.

use std::collections::HashMap;

use super::tally::Tally;

/// Sums by prefix: the parts of a name up to and with a number of delimiters.
#[derive(Debug)]
pub(super) struct Prefixes {
    delimiter: Vec<u8>,
    depth: u8,
    /// How many are followed at most.
    most: usize,
    by_prefix: HashMap<Vec<u8>, Tally>,
    without: Tally,
    /// Those that were given up because there were too many.
    given_up: Tally,
}

/// What is to be shown of the prefixes.
#[derive(Debug)]
pub(super) struct TopPrefixes {
    /// The ones with the most bytes.
    pub(super) rows: Vec<(Vec<u8>, Tally)>,
    /// Keys whose names have no delimiter.
    pub(super) without: Tally,
    /// All other keys.
    pub(super) others: Tally,
    /// Whether there were too many to follow: the sums of rows may be too low then, by what is among the others.
    pub(super) approximate: bool,
}

impl Prefixes {
    /// None yet.
    pub(super) fn new(delimiter: &str, depth: u8) -> Self {
        Self::following(delimiter, depth, MOST)
    }

    fn following(delimiter: &str, depth: u8, most: usize) -> Self {
        Self {
            delimiter: delimiter.as_bytes().to_vec(),
            depth,
            most,
            by_prefix: HashMap::new(),
            without: Tally::default(),
            given_up: Tally::default(),
        }
    }

    /// Takes a key into account.
    #[inline]
    pub(super) fn add(&mut self, name: &[u8], tally: &Tally) {
        let Some(prefix) = self.prefix(name) else { return self.without.add(tally) };
        if let Some(sum) = self.by_prefix.get_mut(prefix) {
            return sum.add(tally);
        }
        if self.by_prefix.len() >= self.most {
            self.give_up_half();
        }
        self.by_prefix.insert(prefix.to_vec(), *tally);
    }

    /// The part of the name up to the delimiters that are asked for, or to the last there is; cut to a bounded length.
    fn prefix<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        let mut end = 0;
        for _ in 0..self.depth {
            let rest = name.get(end..).unwrap_or_default();
            let Some(at) = rest.windows(self.delimiter.len()).position(|window| window == self.delimiter) else {
                break;
            };
            end += at + self.delimiter.len();
        }
        let prefix = name.get(..end).filter(|prefix| !prefix.is_empty())?;
        Some(prefix.get(..LONGEST).unwrap_or(prefix))
    }

    /// Keeps those that are larger than half of all.
    fn give_up_half(&mut self) {
        let mut sizes: Vec<u64> = self.by_prefix.values().map(|tally| tally.bytes).collect();
        let middle = sizes.len() / 2;
        let median = *sizes.select_nth_unstable(middle).1;
        let given_up = &mut self.given_up;
        self.by_prefix.retain(|_, tally| {
            let stays = tally.bytes > median;
            if !stays {
                given_up.add(tally);
            }
            stays
        });
    }

    /// The `count` prefixes with the most bytes, and the rest.
    pub(super) fn into_top(self, count: usize) -> TopPrefixes {
        let mut rows: Vec<_> = self.by_prefix.into_iter().collect();
        rows.sort_by(|(one, a), (other, b)| b.bytes.cmp(&a.bytes).then_with(|| one.cmp(other)));
        let mut others = self.given_up;
        rows.drain(count.min(rows.len())..).for_each(|(_, tally)| others.add(&tally));
        TopPrefixes { rows, without: self.without, others, approximate: self.given_up.keys > 0 }
    }
}

/// Prefixes followed at once.
const MOST: usize = 20_000;

/// How much of a prefix is looked at.
pub(super) const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bytes: u64) -> Tally {
        Tally { keys: 1, bytes, ..Tally::default() }
    }

    #[test]
    fn a_prefix_ends_with_a_delimiter() {
        let prefix = |depth, name: &'static str| {
            let prefixes = Prefixes::new("::", depth);
            prefixes.prefix(name.as_bytes()).map(|prefix| String::from_utf8(prefix.to_vec()).unwrap())
        };
        assert_eq!(prefix(1, "user::1::name").as_deref(), Some("user::"));
        assert_eq!(prefix(2, "user::1::name").as_deref(), Some("user::1::"));
        assert_eq!(prefix(9, "user::1::name").as_deref(), Some("user::1::"));
        assert_eq!([prefix(1, "user:1"), prefix(1, "")], [None, None]);
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let mut prefixes = Prefixes::following(":", 1, 10);
        for round in 0..1_000_u64 {
            prefixes.add(format!("once{round}:x").as_bytes(), &bytes(1));
            prefixes.add(b"large:x", &bytes(100));
        }
        assert!(prefixes.by_prefix.len() <= 10);
        let top = prefixes.into_top(1);
        assert_eq!(top.rows, [(b"large:".to_vec(), Tally { keys: 1_000, bytes: 100_000, ..Tally::default() })]);
        assert_eq!((top.others.keys, top.approximate), (1_000, true));
    }
}
