//! Room for strings that have to be made before they can be lent.

use crate::room::release;

/// Two of them, for an element of two strings.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) first: Vec<u8>,
    pub(super) second: Vec<u8>,
}

impl Room {
    /// Gives back what a large string took.
    pub(super) fn shrink(&mut self) {
        release(&mut self.first);
        release(&mut self.second);
    }
}
