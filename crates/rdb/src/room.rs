//! Room that is kept from one item or value to the next.

#[cfg(feature = "resp")]
use bytes::BytesMut;

/// Forgets what is in it, and gives back what a giant took.
#[inline]
pub(crate) fn release<T>(room: &mut Vec<T>) {
    room.clear();
    if room.capacity() > KEPT / size_of::<T>().max(1) {
        *room = Vec::new();
    }
}

/// The same for bytes that commands are made of.
#[cfg(feature = "resp")]
pub(crate) fn release_bytes(room: &mut BytesMut) {
    room.clear();
    if room.capacity() > KEPT {
        *room = BytesMut::new();
    }
}

/// The bytes that are kept.
pub(crate) const KEPT: usize = 1 << 20;
