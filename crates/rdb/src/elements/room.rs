//! Room for strings that have to be made before they can be lent.

/// Two of them, for an element of two strings.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) first: Vec<u8>,
    pub(super) second: Vec<u8>,
}

impl Room {
    /// Gives back what a large string took.
    pub(super) fn shrink(&mut self) {
        for room in [&mut self.first, &mut self.second] {
            if room.capacity() > KEPT {
                *room = Vec::new();
            }
        }
    }
}

/// Room that is kept for the next string.
const KEPT: usize = 1 << 20;
