use crate::slot::{SLOTS, Slot, slot_of};

/// A hash tag for each slot: `{tag}` in a key puts it there.
///
/// For keys of one's own in a certain slot, and for asking a node about a slot by a key.
///
/// # Examples
/// ```
/// use cluster_router::{Slot, SlotTags, slot_of};
/// let slot = Slot::new(12_182).unwrap();
/// let tags = SlotTags::new();
/// assert_eq!(slot_of(format!("mine:{{{}}}", tags.tag(slot)).as_bytes()), slot);
/// ```
#[derive(Clone)]
pub struct SlotTags(Box<[[u8; LEN]]>);

impl SlotTags {
    /// Finds the tags: the first text of letters and digits for each slot. It takes some milliseconds.
    #[must_use]
    pub fn new() -> Self {
        let mut tags = vec![[0; LEN]; usize::from(SLOTS)].into_boxed_slice();
        let mut missing = usize::from(SLOTS);
        let mut number = 0;
        while missing > 0 {
            let text = digits(number);
            number += 1;
            if let Some(tag) = tags.get_mut(slot_of(&text).index()).filter(|tag| **tag == [0; LEN]) {
                *tag = text;
                missing -= 1;
            }
        }
        Self(tags)
    }

    /// The tag of a slot.
    #[must_use]
    pub fn tag(&self, slot: Slot) -> &str {
        self.0.get(slot.index()).and_then(|tag| std::str::from_utf8(tag).ok()).unwrap_or_default()
    }
}

impl Default for SlotTags {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for SlotTags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlotTags").finish_non_exhaustive()
    }
}

/// A number in the letters of [`ALPHABET`], the last digit first.
fn digits(number: usize) -> [u8; LEN] {
    let mut rest = number;
    std::array::from_fn(|_| {
        let digit = ALPHABET.get(rest % ALPHABET.len()).copied().unwrap_or_default();
        rest /= ALPHABET.len();
        digit
    })
}

/// Enough for every slot many times over.
const LEN: usize = 4;
const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_its_tag() {
        let tags = SlotTags::new();
        for slot in Slot::all() {
            assert_eq!(slot_of(format!("a{{{}}}b", tags.tag(slot)).as_bytes()), slot);
        }
    }
}
