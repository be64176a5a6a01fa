//! Commands with many elements.

use bytes::{BufMut, BytesMut};

use super::place::Place;
use crate::room::release_bytes;

/// The elements of one command on a key, collected until the command is full.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The words of the elements, encoded.
    pub(super) words: BytesMut,
    word_count: usize,
    elements: usize,
    /// What the elements say, without what the protocol adds.
    bytes: usize,
}

impl Batch {
    /// Whether an element of this many bytes makes a command too large that has others already.
    pub(super) fn is_full_for(&self, bytes: usize, place: &Place<'_>) -> bool {
        let too_many = self.elements >= place.options.max_elements;
        let too_large = self.bytes.saturating_add(bytes) > place.options.max_bytes;
        self.elements > 0 && (too_many || too_large)
    }

    /// Adds an element of these words, for which there is room. One that fills a command alone is sent at once, without
    /// being copied before.
    pub(super) fn add(&mut self, words: &[&[u8]], command: &str, place: &mut Place<'_>) {
        let bytes: usize = words.iter().map(|word| word.len()).sum();
        if bytes > place.options.max_bytes {
            place.command(command, words);
            return;
        }
        for word in words {
            resp::put_bulk(&mut self.words, word);
        }
        self.bytes += bytes;
        self.word_count += words.len();
        self.elements += 1;
    }

    /// Appends the command with all elements, and starts the next.
    pub(super) fn flush(&mut self, command: &str, place: &mut Place<'_>) {
        if self.elements == 0 {
            return;
        }
        place.head(command, self.word_count);
        place.out.put_slice(&self.words);
        self.clear();
    }

    /// Forgets the elements.
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.word_count = 0;
        self.elements = 0;
        self.bytes = 0;
    }

    /// Gives back what a giant took.
    pub(super) fn release(&mut self) {
        self.clear();
        release_bytes(&mut self.words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::{Losses, RewriteOptions};
    use crate::target::Target;

    #[test]
    fn an_element_that_fills_a_command_is_not_copied_first() {
        let (options, mut losses, mut out) = (RewriteOptions::default(), Losses::default(), BytesMut::new());
        let target = Target::redis(7, 0);
        let mut place = Place { key: b"k", target, options: &options, losses: &mut losses, out: &mut out, start: 0 };
        let mut batch = Batch::default();
        let giant = vec![b'x'; options.max_bytes + 1];
        batch.add(&[&giant], "RPUSH", &mut place);
        assert_eq!((batch.words.capacity(), batch.elements), (0, 0));
        assert!(place.out.len() > giant.len());
    }
}
