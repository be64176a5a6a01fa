use std::fmt;
use std::str::FromStr;

use crate::slot::{SLOTS, Slot, SlotRange, join_ranges};

/// A set of slots: a bitmap of 16384 bits, 2 KiB.
#[derive(Clone, PartialEq, Eq)]
pub struct SlotSet {
    words: Box<[u64; WORDS]>,
}

impl SlotSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self { words: Box::new([0; WORDS]) }
    }

    /// The set of all slots.
    #[must_use]
    pub fn all() -> Self {
        Self { words: Box::new([u64::MAX; WORDS]) }
    }

    /// Whether `slot` is in the set.
    #[must_use]
    pub fn contains(&self, slot: Slot) -> bool {
        let (word, bit) = place(slot);
        self.words.get(word).is_some_and(|w| w & bit != 0)
    }

    /// Adds a slot; answers whether it was new.
    pub fn insert(&mut self, slot: Slot) -> bool {
        let (word, bit) = place(slot);
        self.words.get_mut(word).is_some_and(|w| {
            let new = *w & bit == 0;
            *w |= bit;
            new
        })
    }

    /// Takes a slot out; answers whether it was there.
    pub fn remove(&mut self, slot: Slot) -> bool {
        let (word, bit) = place(slot);
        self.words.get_mut(word).is_some_and(|w| {
            let there = *w & bit != 0;
            *w &= !bit;
            there
        })
    }

    /// Adds every slot of a range.
    pub fn insert_range(&mut self, range: SlotRange) {
        for slot in range.iter() {
            self.insert(slot);
        }
    }

    /// Takes all slots out.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Adds the slots of another set.
    pub fn union_with(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(other.words.iter()) {
            *word |= more;
        }
    }

    /// Keeps only the slots that another set has as well.
    pub fn intersect_with(&mut self, other: &Self) {
        for (word, both) in self.words.iter_mut().zip(other.words.iter()) {
            *word &= both;
        }
    }

    /// Takes the slots of another set out.
    pub fn subtract(&mut self, other: &Self) {
        for (word, less) in self.words.iter_mut().zip(other.words.iter()) {
            *word &= !less;
        }
    }

    /// Number of slots in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The slots in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        Slot::all().filter(|&slot| self.contains(slot))
    }

    /// The slots in ascending order, joined into the fewest ranges.
    #[must_use]
    pub fn ranges(&self) -> Vec<SlotRange> {
        join_ranges(self.iter())
    }
}

impl Default for SlotSet {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> Self {
        let mut set = Self::new();
        set.extend(slots);
        set
    }
}

impl FromIterator<SlotRange> for SlotSet {
    fn from_iter<I: IntoIterator<Item = SlotRange>>(ranges: I) -> Self {
        ranges.into_iter().flat_map(SlotRange::iter).collect()
    }
}

impl Extend<Slot> for SlotSet {
    fn extend<I: IntoIterator<Item = Slot>>(&mut self, slots: I) {
        for slot in slots {
            self.insert(slot);
        }
    }
}

/// The ranges, as `CLUSTER NODES` writes them.
impl fmt::Debug for SlotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.ranges().iter().map(ToString::to_string)).finish()
    }
}

/// The ranges with commas between them: `0-5460,7000`.
impl fmt::Display for SlotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges: Vec<String> = self.ranges().iter().map(ToString::to_string).collect();
        f.write_str(&ranges.join(","))
    }
}

impl FromStr for SlotSet {
    type Err = BadSlotSet;

    fn from_str(text: &str) -> Result<Self, BadSlotSet> {
        let bad = || BadSlotSet(text.into());
        let slot = |number: &str| number.parse().ok().and_then(Slot::new).ok_or_else(bad);
        let ranges = text.split(',').filter(|range| !range.is_empty()).map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            SlotRange::new(slot(first)?, slot(last)?).ok_or_else(bad)
        });
        ranges.collect()
    }
}

/// A text is no set of slots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no slots: {0:?}")]
pub struct BadSlotSet(Box<str>);

fn place(slot: Slot) -> (usize, u64) {
    (slot.index() / 64, 1 << (slot.index() % 64))
}

const WORDS: usize = SLOTS as usize / 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u16, last: u16) -> SlotRange {
        SlotRange::new(Slot::new(first).unwrap(), Slot::new(last).unwrap()).unwrap()
    }

    #[test]
    fn ranges_come_back_joined() {
        let set: SlotSet = [range(0, 5), range(6, 6), range(16_383, 16_383), range(100, 200)].into_iter().collect();
        assert_eq!(set.ranges(), [range(0, 6), range(100, 200), range(16_383, 16_383)]);
        assert_eq!(set.len(), 7 + 101 + 1);
        assert_eq!(format!("{set:?}"), r#"{"0-6", "100-200", "16383"}"#);
        assert_eq!(set.to_string(), "0-6,100-200,16383");
        assert_eq!(set.to_string().parse(), Ok(set));
        assert_eq!("".parse(), Ok(SlotSet::new()));
        for bad in ["a", "5-3", "16384", "1-2-3", "-1"] {
            assert_eq!(bad.parse::<SlotSet>(), Err(BadSlotSet(bad.into())));
        }
    }

    #[test]
    fn insert_and_remove_say_what_they_did() {
        let slot = Slot::new(64).unwrap();
        let mut set = SlotSet::new();
        assert!(set.is_empty() && !set.contains(slot) && !set.remove(slot));
        assert!(set.insert(slot) && !set.insert(slot) && set.contains(slot));
        assert!(set.remove(slot) && set.is_empty());
    }

    #[test]
    fn set_algebra() {
        let mut set = SlotSet::all();
        let low: SlotSet = [range(0, 99)].into_iter().collect();
        set.subtract(&low);
        assert_eq!(set.ranges(), [range(100, 16_383)]);
        set.union_with(&low);
        assert_eq!(set, SlotSet::all());
        set.intersect_with(&low);
        assert_eq!(set, low);
    }
}
