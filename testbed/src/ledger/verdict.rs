//! What a cluster has made of the writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    key::Key,
    state::{Held, State},
};

/// What became of the writes on a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Keys looked at.
    pub keys: usize,
    /// What is not as it must be, by key.
    pub findings: Vec<Finding>,
}

/// A key that does not hold what it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The key.
    pub key: String,
    /// What is wrong with it.
    pub trouble: Trouble,
}

/// What can be wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Items or counts that are not there. Of a list also those that were removed twice, each time the leftmost one.
    Lost(u64),
    /// Items or counts that are there once too often. Of a list also those that were removed, and are still there.
    Duplicated(u64),
    /// Items that stand behind one that they must stand before.
    OutOfOrder(u64),
    /// Another value or type, where nothing can be counted.
    Different(String),
}

impl Verdict {
    /// Whether everything is there exactly once, and in order.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.findings.is_empty()
    }

    /// Items and counts lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.sum(|trouble| if let Trouble::Lost(count) = trouble { *count } else { 0 })
    }

    /// Items and counts that are there too often.
    #[must_use]
    pub fn duplicated(&self) -> u64 {
        self.sum(|trouble| if let Trouble::Duplicated(count) = trouble { *count } else { 0 })
    }

    /// Items that are out of order.
    #[must_use]
    pub fn out_of_order(&self) -> u64 {
        self.sum(|trouble| if let Trouble::OutOfOrder(count) = trouble { *count } else { 0 })
    }

    fn sum(&self, count: impl Fn(&Trouble) -> u64) -> u64 {
        self.findings.iter().map(|finding| count(&finding.trouble)).sum()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lost, duplicated, out_of_order) = (self.lost(), self.duplicated(), self.out_of_order());
        write!(f, "on {} keys {lost} are lost, {duplicated} duplicated, {out_of_order} out of order", self.keys)?;
        for Finding { key, trouble } in self.findings.iter().take(SHOWN) {
            write!(f, "\n  {key}: {trouble}")?;
        }
        let left = self.findings.len().saturating_sub(SHOWN);
        if left > 0 { write!(f, "\n  and {left} more") } else { Ok(()) }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(count) => write!(f, "{count} lost"),
            Self::Duplicated(count) => write!(f, "{count} duplicated"),
            Self::OutOfOrder(count) => write!(f, "{count} out of order"),
            Self::Different(what) => f.write_str(what),
        }
    }
}

/// What is not as one of the possible states has it; of several, as the one that comes closest.
pub(super) fn findings(home: &str, possible: &[State], found: &State) -> Vec<Finding> {
    let all = possible.iter().map(|state| findings_in(home, state, found));
    all.min_by_key(Vec::len).unwrap_or_default()
}

fn findings_in(home: &str, state: &State, found: &State) -> Vec<Finding> {
    let of_key = |key: Key| troubles(key, state.0.get(&key), found.0.get(&key)).into_iter().map(move |t| (key, t));
    let troubles = Key::ALL.into_iter().flat_map(of_key);
    troubles.map(|(key, trouble)| Finding { key: key.at(home), trouble }).collect()
}

fn troubles(key: Key, expected: Option<&Held>, found: Option<&Held>) -> Vec<Trouble> {
    if expected == found {
        return Vec::new();
    }
    let counted = match key {
        Key::Count => of_numbers(&count(expected), &count(found)),
        Key::Hash | Key::Zset => of_numbers(&numbers(expected), &numbers(found)),
        Key::Text | Key::List | Key::OtherList | Key::Stream => match (items(expected), items(found)) {
            (Some(expected), Some(found)) => of_items(&expected, &found),
            _ => Vec::new(),
        },
        Key::Mixed | Key::OtherMixed => Vec::new(),
    };
    if counted.is_empty() { vec![Trouble::Different(format!("{found:?} in place of {expected:?}"))] } else { counted }
}

fn items(held: Option<&Held>) -> Option<Vec<u64>> {
    held.map_or_else(|| Some(Vec::new()), Held::items)
}

fn count(held: Option<&Held>) -> BTreeMap<Vec<u8>, i64> {
    held.and_then(Held::as_number).map(|number| (Vec::new(), number)).into_iter().collect()
}

fn numbers(held: Option<&Held>) -> BTreeMap<Vec<u8>, i64> {
    match held {
        Some(Held::Numbers(numbers)) => numbers.clone(),
        _ => BTreeMap::new(),
    }
}

fn of_numbers(expected: &BTreeMap<Vec<u8>, i64>, found: &BTreeMap<Vec<u8>, i64>) -> Vec<Trouble> {
    let names: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let (mut lost, mut duplicated) = (0, 0);
    for name in names {
        let number = |numbers: &BTreeMap<Vec<u8>, i64>| numbers.get(name).copied().unwrap_or(0);
        let (expected, found) = (number(expected), number(found));
        let by = expected.abs_diff(found);
        if found < expected { lost += by } else { duplicated += by }
    }
    some([Trouble::Lost(lost), Trouble::Duplicated(duplicated), Trouble::OutOfOrder(0)])
}

fn of_items(expected: &[u64], found: &[u64]) -> Vec<Trouble> {
    let places: BTreeMap<u64, usize> = expected.iter().enumerate().map(|(place, item)| (*item, place)).collect();
    let mut seen = BTreeSet::new();
    // The first of each item that belongs there, by its place: ascending, if nothing is out of order.
    let first: Vec<usize> =
        found.iter().filter_map(|item| places.get(item)).filter(|at| seen.insert(*at)).copied().collect();
    let lost = expected.len() - first.len();
    let duplicated = found.len() - first.len();
    let mut furthest = 0;
    let mut out_of_order = 0;
    for at in first {
        out_of_order += u64::from(at < furthest);
        furthest = furthest.max(at);
    }
    some([Trouble::Lost(number(lost)), Trouble::Duplicated(number(duplicated)), Trouble::OutOfOrder(out_of_order)])
}

fn some(troubles: [Trouble; 3]) -> Vec<Trouble> {
    let is_some =
        |trouble: &Trouble| !matches!(trouble, Trouble::Lost(0) | Trouble::Duplicated(0) | Trouble::OutOfOrder(0));
    troubles.into_iter().filter(is_some).collect()
}

fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

const SHOWN: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted() {
        let cases: [(&[u64], [u64; 3]); 6] = [
            (&[1, 2, 3, 4], [0, 0, 0]),
            (&[1, 3, 4], [1, 0, 0]),
            (&[1, 2, 2, 3, 4, 4], [0, 2, 0]),
            (&[1, 2, 9, 3, 4], [0, 1, 0]),
            (&[1, 4, 2, 3], [0, 0, 2]),
            (&[4, 4, 1], [2, 1, 1]),
        ];
        for (found, [lost, duplicated, out_of_order]) in cases {
            let wanted =
                some([Trouble::Lost(lost), Trouble::Duplicated(duplicated), Trouble::OutOfOrder(out_of_order)]);
            assert_eq!(of_items(&[1, 2, 3, 4], found), wanted, "{found:?}");
        }
    }

    #[test]
    fn numbers_are_counted() {
        let numbers = |pairs: &[(&str, i64)]| pairs.iter().map(|(name, n)| (name.as_bytes().to_vec(), *n)).collect();
        let found = of_numbers(&numbers(&[("a", 3), ("b", 2)]), &numbers(&[("a", 1), ("b", 3), ("c", 1)]));
        assert_eq!(found, [Trouble::Lost(2), Trouble::Duplicated(2)]);
    }

    #[test]
    fn another_type_is_a_difference() {
        let (text, numbers) = (Held::number(1), Held::Numbers(BTreeMap::new()));
        assert!(matches!(troubles(Key::Mixed, Some(&text), Some(&numbers))[..], [Trouble::Different(_)]));
        assert!(matches!(
            troubles(Key::Hash, None, Some(&Held::Foreign("list".to_owned())))[..],
            [Trouble::Different(_)]
        ));
    }
}
