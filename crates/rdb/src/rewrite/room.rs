//! Room that is kept from one value to the next.

use bytes::BytesMut;

/// Gives back what a giant took, and forgets what is in it.
pub(super) fn release<T>(room: &mut Vec<T>) {
    room.clear();
    if room.capacity() > KEPT / size_of::<T>().max(1) {
        *room = Vec::new();
    }
}

/// The same for bytes that commands are made of.
pub(super) fn release_bytes(room: &mut BytesMut) {
    room.clear();
    if room.capacity() > KEPT {
        *room = BytesMut::new();
    }
}

/// The bytes that are kept.
pub(super) const KEPT: usize = 1 << 20;
