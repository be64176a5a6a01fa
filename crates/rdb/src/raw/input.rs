//! The bytes that were fed and not yet handed out, their place in the file, and the checksum over what is done.

use crc_fast::{CrcAlgorithm, Digest};

/// A window on the file: what was fed, less what was consumed.
#[derive(Debug)]
pub(crate) struct Input {
    buffer: Vec<u8>,
    /// Where the part not yet consumed starts in `buffer`.
    start: usize,
    /// The file offset of `buffer`'s first byte.
    base: u64,
    /// The checksum of the file up to `summed` in `buffer`; absent when nobody will ask for it.
    digest: Option<Digest>,
    summed: usize,
}

/// Room that is kept for the next input, whatever a large record took.
const KEPT: usize = 4 << 20;

/// The checksum is brought up to date in pieces of this size, while they are still in the cache.
const SUM_PIECE: usize = 128 * 1024;

impl Input {
    /// An empty window at the start of a file; `check` says whether the checksum will be asked for.
    pub(crate) fn new(check: bool) -> Self {
        let digest = check.then(|| Digest::new(CrcAlgorithm::Crc64Redis));
        Self { buffer: Vec::new(), start: 0, base: 0, digest, summed: 0 }
    }

    /// Appends bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.make_room();
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT.max(4 * bytes.len()) {
            self.buffer = Vec::new();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Drops what was consumed once it is at least half: so each byte is moved a bounded number of times.
    fn make_room(&mut self) {
        let left = self.buffer.len() - self.start;
        if self.start < left.max(1) {
            return;
        }
        self.sum();
        self.buffer.copy_within(self.start.., 0);
        self.buffer.truncate(left);
        self.base += self.start as u64;
        self.start = 0;
        self.summed = 0;
    }

    /// The bytes not yet consumed.
    #[inline]
    pub(crate) fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Bytes by their place in the buffer, as told by [`position`](Self::position).
    #[inline]
    pub(crate) fn at(&self, range: std::ops::Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Where the rest starts in the buffer; good until the next [`feed`](Self::feed).
    #[inline]
    pub(crate) const fn position(&self) -> usize {
        self.start
    }

    /// The file offset of the first byte not yet consumed.
    #[inline]
    pub(crate) const fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// The file offset behind all that was fed.
    pub(crate) const fn end_offset(&self) -> u64 {
        self.base + self.buffer.len() as u64
    }

    /// Moves on; the bytes stay in place until the next [`feed`](Self::feed).
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.buffer.len());
        if self.start - self.summed >= SUM_PIECE {
            self.sum();
        }
    }

    /// The CRC-64 of all bytes consumed so far, if it was wanted.
    pub(crate) fn checksum(&mut self) -> Option<u64> {
        self.sum();
        self.digest.as_ref().map(Digest::finalize)
    }

    fn sum(&mut self) {
        if let Some(digest) = &mut self.digest {
            digest.update(self.buffer.get(self.summed..self.start).unwrap_or_default());
        }
        self.summed = self.start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_covers_what_was_consumed_and_nothing_else() {
        let mut input = Input::new(true);
        for byte in b"123456789" {
            input.feed(&[*byte]);
            input.consume(1);
        }
        input.feed(b"not this");
        assert_eq!(input.checksum(), Some(0xe9c6_d914_c4b8_d9ca), "the check value of the polynomial");
        assert_eq!(input.offset(), 9);
        assert_eq!(input.end_offset(), 17);
        assert_eq!(input.rest(), b"not this");
    }
}
