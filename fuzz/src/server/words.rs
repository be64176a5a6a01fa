//! The words of a command.

use std::str::FromStr;

use bytes::Bytes;
use rdb::StreamId;

/// Words still to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a>(pub(super) &'a [Bytes]);

impl<'a> Words<'a> {
    /// The next word.
    pub(super) fn next(&mut self) -> &'a [u8] {
        let (first, rest) = self.0.split_first().expect("one more word");
        self.0 = rest;
        first
    }

    /// The words behind the key, which there is only one of.
    pub(super) fn behind_key(mut self) -> Self {
        self.expect(b"k");
        self
    }

    /// Passes over this word.
    pub(super) fn expect(&mut self, word: &[u8]) {
        assert_eq!(self.next().escape_ascii().to_string(), word.escape_ascii().to_string());
    }

    /// Two by two; there must be some.
    pub(super) fn pairs(self) -> impl Iterator<Item = [&'a [u8]; 2]> {
        assert!(!self.0.is_empty() && self.0.len().is_multiple_of(2), "pairs");
        self.0.chunks_exact(2).map(|pair| [&*pair[0], &*pair[1]])
    }
}

/// The number that a word says.
pub(super) fn number<T: FromStr>(word: &[u8]) -> T {
    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("{} is no number", word.escape_ascii()))
}

/// The ID that a word says.
pub(super) fn id(word: &[u8]) -> StreamId {
    let dash = word.iter().position(|&byte| byte == b'-').expect("an ID has two halves");
    let mut id = StreamId::default();
    (id.ms, id.seq) = (number(&word[..dash]), number(&word[dash + 1..]));
    id
}
