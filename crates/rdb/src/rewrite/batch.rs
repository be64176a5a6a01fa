//! Commands with many elements.

use bytes::{BufMut, BytesMut};

use super::place::Place;

/// The elements of one command on a key, collected until the command is full.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The words of the elements, encoded.
    words: BytesMut,
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

    /// Adds an element of these words.
    pub(super) fn add(&mut self, words: &[&[u8]]) {
        for word in words {
            resp::put_bulk(&mut self.words, word);
            self.bytes += word.len();
        }
        self.word_count += words.len();
        self.elements += 1;
    }

    /// Whether there is nothing to send.
    pub(super) const fn is_empty(&self) -> bool {
        self.elements == 0
    }

    /// Appends the command with all elements behind `before`, and starts the next.
    pub(super) fn flush(&mut self, place: &mut Place<'_>, name: &str, before: &[&[u8]]) {
        if self.is_empty() {
            return;
        }
        place.head(name, before.len() + self.word_count);
        for word in before {
            resp::put_bulk(place.out, word);
        }
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
}
