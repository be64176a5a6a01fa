use bytes::BytesMut;

use crate::{Position, Slot};

/// Where a target keeps how far a link is: a hash in each slot, with a field for each link.
///
/// The key of a slot is made of `before`, the slot's [tag](Slot::tag) in braces, and `after`. Links that share the keys
/// differ in `field`. The value of the field is a [record of a position](Position::to_record), the slot's fence: everything
/// in this slot is done up to there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionKeys {
    /// What stands before the tag.
    pub before: String,
    /// What stands behind it.
    pub after: String,
    /// The link's field.
    pub field: String,
}

impl PositionKeys {
    /// The key of a slot.
    #[must_use]
    pub fn key(&self, slot: Slot) -> String {
        [&self.before, "{", slot.tag(), "}", &self.after].concat()
    }

    /// Writes the command that sets a slot's fence.
    pub fn put_fence(&self, slot: Slot, position: &Position, out: &mut BytesMut) {
        resp::put_command(out, &["HSET", &self.key(slot), &self.field, &position.to_record()]);
    }
}
