//! The hash of a string that comes in pieces.

use twox_hash::XxHash3_128;
use twox_hash::xxhash3_128::Hasher;

/// A string under way: gathered while it is short, hashed piece by piece from then on.
#[derive(Default)]
pub(super) struct TextHash {
    short: Vec<u8>,
    long: Option<Box<Hasher>>,
    len: u64,
}

impl TextHash {
    pub(super) fn clear(&mut self) {
        self.short.clear();
        self.long = None;
        self.len = 0;
    }

    #[inline]
    pub(super) fn piece(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        match &mut self.long {
            Some(hasher) => hasher.write(bytes),
            None if self.short.len() + bytes.len() <= GATHERED => self.short.extend_from_slice(bytes),
            None => {
                let mut hasher = Box::new(Hasher::new());
                hasher.write(&self.short);
                hasher.write(bytes);
                self.long = Some(hasher);
            }
        }
    }

    /// Length and hash, which do not depend on the pieces.
    #[inline]
    pub(super) fn finish(&self) -> (u64, u128) {
        let hash = match &self.long {
            Some(hasher) => hasher.finish_128(),
            None => XxHash3_128::oneshot(&self.short),
        };
        (self.len, hash)
    }
}

/// Up to this many bytes one hash of all is faster than the setting up of a hash of pieces.
const GATHERED: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_do_not_matter(len in 0_usize..40_000, sizes in prop::collection::vec(1_usize..9000, 1..10)) {
            let text: Vec<u8> = (0..len).map(|index| (index * 7 + index / 251).to_le_bytes()[0]).collect();
            let mut hash = TextHash::default();
            let (mut rest, mut sizes) = (text.as_slice(), sizes.iter().cycle());
            while !rest.is_empty() {
                let (piece, more) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
                hash.piece(piece);
                rest = more;
            }
            prop_assert_eq!(hash.finish(), (len as u64, XxHash3_128::oneshot(&text)));
        }
    }
}
