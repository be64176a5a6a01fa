//! Hash slots of Redis Cluster.

use crc16::{State, XMODEM};

/// The number of hash slots.
pub const SLOTS: u16 = 16_384;

/// The hash slot of a key (cluster specification, "Key distribution model" and "Hash tags").
#[must_use]
pub fn slot_of(key: &[u8]) -> u16 {
    State::<XMODEM>::calculate(tag_of(key).unwrap_or(key)) % SLOTS
}

/// A key with the given prefix whose hash slot is `slot`.
#[must_use]
pub fn key_for_slot(prefix: &str, slot: u16) -> String {
    let slot = slot % SLOTS;
    (0_u64..).map(|n| format!("{prefix}{n}")).find(|key| slot_of(key.as_bytes()) == slot).unwrap_or_default()
}

/// What stands between the first `{` and the next `}`, unless that is nothing.
fn tag_of(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|&byte| byte == b'{')?;
    let rest = key.get(open + 1..)?;
    let close = rest.iter().position(|&byte| byte == b'}')?;
    rest.get(..close).filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_the_specification() {
        assert_eq!(slot_of(b"123456789"), 0x31c3 % SLOTS);
        assert_eq!(slot_of(b"{user1000}.following"), slot_of(b"user1000"));
        assert_eq!(slot_of(b"foo{{bar}}zap"), slot_of(b"{bar"));
        assert_eq!(slot_of(b"foo{}{bar}"), State::<XMODEM>::calculate(b"foo{}{bar}") % SLOTS);
    }

    #[test]
    fn a_key_for_every_wanted_slot() {
        for slot in [0, 1, 8_191, SLOTS - 1] {
            assert_eq!(slot_of(key_for_slot("k:", slot).as_bytes()), slot);
        }
    }
}
