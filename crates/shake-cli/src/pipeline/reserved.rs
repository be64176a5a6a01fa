/// Keys that begin like this are ours: nothing that is swept away takes them along.
pub(crate) const RESERVED_PREFIX: &[u8] = b"shake:";

/// Whether a key holds positions: those of a source that is, or was, a target are its own affair.
pub(crate) fn holds_positions(key: &[u8]) -> bool {
    key.starts_with(RESERVED_PREFIX) && key.ends_with(b":positions")
}

/// Whether a key is one of ours.
pub(crate) fn is_reserved(key: &[u8]) -> bool {
    key.starts_with(RESERVED_PREFIX)
}
