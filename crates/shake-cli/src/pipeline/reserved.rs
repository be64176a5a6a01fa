/// Keys that begin like this are ours: nothing that is swept away takes them along.
pub(crate) const RESERVED_PREFIX: &[u8] = b"shake:";

/// Whether a key is one of ours.
pub(crate) fn is_reserved(key: &[u8]) -> bool {
    key.starts_with(RESERVED_PREFIX)
}
