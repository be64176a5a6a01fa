//! Hash slots: which of the 16384 a key lies in, ranges of them, and sets.

use std::fmt;
use std::sync::OnceLock;

/// Number of hash slots of every cluster (`CLUSTER_SLOTS`).
pub const SLOTS: u16 = 16_384;

/// A hash slot, always below [`SLOTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// The first slot.
    pub const MIN: Self = Self(0);
    /// The last slot.
    pub const MAX: Self = Self(SLOTS - 1);

    /// The slot of that number, or `None` when there is no such slot.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number < SLOTS { Some(Self(number)) } else { None }
    }

    /// The slot's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The slot's number as an index into a table of [`SLOTS`] entries.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// A hash tag of this slot: three letters or digits, the same in every process, so that keys of our own can be put
    /// beside those of a user whatever they are called.
    ///
    /// # Examples
    /// ```
    /// use cluster_router::slot_of;
    /// let slot = slot_of(b"}odd{names{");
    /// assert_eq!(slot_of(format!("mine:{{{}}}:7", slot.tag()).as_bytes()), slot);
    /// ```
    #[must_use]
    pub fn tag(self) -> &'static str {
        static TAGS: OnceLock<String> = OnceLock::new();
        let start = self.index() * TAG_LEN;
        TAGS.get_or_init(make_tags).get(start..start + TAG_LEN).unwrap_or_default()
    }

    /// All slots, in order.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..SLOTS).map(Self)
    }
}

/// The tags of all slots, one behind the other: for each the first that has it, by the order of the alphabet.
fn make_tags() -> String {
    let mut tags = vec![[b'?'; TAG_LEN]; usize::from(SLOTS)];
    for &a in TAG_ALPHABET.iter().rev() {
        for &b in TAG_ALPHABET.iter().rev() {
            for &c in TAG_ALPHABET.iter().rev() {
                if let Some(tag) = tags.get_mut(slot_of(&[a, b, c]).index()) {
                    *tag = [a, b, c];
                }
            }
        }
    }
    tags.concat().into_iter().map(char::from).collect()
}

const TAG_ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Three of them reach every slot, two do not.
const TAG_LEN: usize = 3;

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<i64> for Slot {
    type Error = SlotOutOfRange;

    fn try_from(number: i64) -> Result<Self, SlotOutOfRange> {
        u16::try_from(number).ok().and_then(Self::new).ok_or(SlotOutOfRange)
    }
}

/// A number that names no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a slot: slots are 0 to 16383")]
pub struct SlotOutOfRange;

/// The slot that a key lies in (`keyHashSlot`): CRC16/XMODEM of the key, or of its hash tag, modulo 16384.
///
/// # Examples
/// ```
/// use cluster_router::slot_of;
/// assert_eq!(slot_of(b"foo").number(), 12_182);
/// assert_eq!(slot_of(b"{user1000}.following"), slot_of(b"{user1000}.followers"));
/// ```
#[must_use]
pub fn slot_of(key: &[u8]) -> Slot {
    Slot(crc16::State::<crc16::XMODEM>::calculate(hash_tag(key)) % SLOTS)
}

/// The part of a key that is hashed: what stands between the first `{` and the first `}` behind it, when that is not
/// empty; otherwise the whole key.
#[must_use]
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = memchr::memchr(b'{', key) else { return key };
    let behind = key.get(open + 1..).unwrap_or_default();
    match memchr::memchr(b'}', behind) {
        None | Some(0) => key,
        Some(close) => behind.get(..close).unwrap_or(key),
    }
}

/// A run of slots, both ends included; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotRange {
    first: Slot,
    last: Slot,
}

impl SlotRange {
    /// Every slot.
    pub const ALL: Self = Self { first: Slot::MIN, last: Slot::MAX };

    /// The slots from `first` to `last`, or `None` when `last` lies before `first`.
    #[must_use]
    pub fn new(first: Slot, last: Slot) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// A single slot.
    #[must_use]
    pub const fn one(slot: Slot) -> Self {
        Self { first: slot, last: slot }
    }

    /// The first slot.
    #[must_use]
    pub const fn first(self) -> Slot {
        self.first
    }

    /// The last slot.
    #[must_use]
    pub const fn last(self) -> Slot {
        self.last
    }

    /// Number of slots in the range.
    #[must_use]
    pub const fn count(self) -> u16 {
        self.last.0 - self.first.0 + 1
    }

    /// Whether the range has `slot`.
    #[must_use]
    pub fn contains(self, slot: Slot) -> bool {
        self.first <= slot && slot <= self.last
    }

    /// The slots of the range, in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Slot> {
        (self.first.0..=self.last.0).map(Slot)
    }
}

/// As `CLUSTER NODES` writes it: `5461-10922`, or `5` for a single slot.
impl fmt::Display for SlotRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { self.first.fmt(f) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// Joins slots that follow one another into ranges; the slots must come in ascending order.
pub(crate) fn join_ranges(slots: impl IntoIterator<Item = Slot>) -> Vec<SlotRange> {
    let mut ranges: Vec<SlotRange> = Vec::new();
    for slot in slots {
        match ranges.last_mut() {
            Some(range) if range.last.0.checked_add(1) == Some(slot.0) => range.last = slot,
            _ => ranges.push(SlotRange::one(slot)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// CRC16/XMODEM bit by bit, and the tag rule as the specification words it.
    fn naive(key: &[u8]) -> u16 {
        let mut hashed = key;
        if let Some(open) = key.iter().position(|&b| b == b'{')
            && let Some(len) = key[open + 1..].iter().position(|&b| b == b'}')
            && len > 0
        {
            hashed = &key[open + 1..open + 1 + len];
        }
        let mut crc = 0u16;
        for &byte in hashed {
            crc ^= u16::from(byte) << 8;
            for _ in 0..8 {
                crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            }
        }
        crc % SLOTS
    }

    #[test]
    fn hash_tags() {
        let cases: [(&[u8], &[u8]); 7] = [
            (b"{user1000}.following", b"user1000"),
            (b"foo{}{bar}", b"foo{}{bar}"),
            (b"foo{{bar}}zap", b"{bar"),
            (b"foo{bar}{zap}", b"bar"),
            (b"foo{bar", b"foo{bar"),
            (b"}foo{bar}", b"bar"),
            (b"", b""),
        ];
        for (key, tag) in cases {
            assert_eq!(hash_tag(key), tag);
        }
    }

    #[test]
    fn the_check_value_of_the_specification() {
        assert_eq!(crc16::State::<crc16::XMODEM>::calculate(b"123456789"), 0x31C3);
        assert_eq!(slot_of(b"123456789").number(), 0x31C3);
    }

    #[test]
    fn numbers_at_their_edges() {
        assert_eq!(Slot::new(16_383), Some(Slot::MAX));
        assert_eq!(Slot::new(16_384), None);
        assert_eq!(Slot::try_from(-1), Err(SlotOutOfRange));
        assert_eq!(Slot::try_from(65_536), Err(SlotOutOfRange));
        assert_eq!(SlotRange::new(Slot::MAX, Slot::MIN), None);
        assert_eq!(SlotRange::ALL.count(), SLOTS);
    }

    #[test]
    fn every_slot_has_a_tag_of_its_own() {
        for slot in Slot::all() {
            let tag = slot.tag();
            assert!(tag.len() == TAG_LEN && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{slot}: {tag}");
            assert_eq!(slot_of(tag.as_bytes()), slot);
            assert_eq!(slot_of(format!("shake:{{{tag}}}:x{{y}}").as_bytes()), slot);
        }
        // Keys under them are found again by later versions.
        assert_eq!((Slot::MIN.tag(), Slot::MAX.tag()), ("06S", "6ZJ"));
    }

    proptest! {
        #[test]
        fn slots_equal_the_naive_ones(key in prop::collection::vec(prop_oneof![Just(b'{'), Just(b'}'), any::<u8>()], 0..40)) {
            prop_assert_eq!(slot_of(&key).number(), naive(&key));
        }
    }
}
