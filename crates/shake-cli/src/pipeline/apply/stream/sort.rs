use cluster_router::{Slot, hash_tag, slot_of};

use super::Commands;
use crate::pipeline::apply::said::Said;

impl Commands {
    /// Whether a node of the target cluster can do a `SORT` whose keys lie in `slot`: the patterns of `BY` and `GET` name
    /// further keys, which have to lie there as well, and which nodes of older versions refuse altogether.
    pub(super) fn can_sort(&self, said: Said<'_>, slot: Slot) -> bool {
        let mut index = 2;
        while index < said.args.len() {
            let pattern = said.args.arg(index + 1).filter(|_| said.is_any(index, &["BY", "GET"]));
            let reads = pattern.is_some_and(|pattern| pattern.contains(&b'*') || said.args.is_word(index, "GET"));
            if let Some(pattern) = pattern.filter(|_| reads)
                && !(self.settings.target.sorts_by_patterns() && stays_in(pattern, slot))
            {
                return false;
            }
            index += match () {
                () if said.args.is_word(index, "LIMIT") => 3,
                () if pattern.is_some() || said.args.is_word(index, "STORE") => 2,
                () => 1,
            };
        }
        true
    }
}

/// Whether all keys that a pattern stands for lie in a slot (`isKeyPatternSameSlot`): its tag decides, and has no star in
/// it. `#` stands for the element itself.
fn stays_in(pattern: &[u8], slot: Slot) -> bool {
    let tag = hash_tag(pattern);
    pattern == b"#" || (tag.len() < pattern.len() && !tag.contains(&b'*') && slot_of(tag) == slot)
}
