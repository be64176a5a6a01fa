//! What is hashed at once: a tag and its operands, each with its length or of fixed size.

use twox_hash::XxHash3_128;

use crate::elements::StreamId;
use crate::scalar::{Digits, Scalar};

/// What a record says. The numbers are part of the digest: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Key = 1,
    Value = 2,
    Item = 3,
    Member = 4,
    Scored = 5,
    Field = 6,
    Entry = 7,
    Summary = 8,
    Group = 9,
    Pending = 10,
    Consumer = 11,
    Owned = 12,
    Refused = 13,
    Idempotence = 14,
    Producer = 15,
    Produced = 16,
    Produce = 17,
    TextCell = 18,
    DoubleCell = 19,
    Insertion = 20,
    ModuleId = 21,
    ModuleSigned = 22,
    ModuleUnsigned = 23,
    ModuleFloat = 24,
    ModuleDouble = 25,
    ModuleString = 26,
}

/// A record being written; made once and used again. No two different records have the same bytes.
#[derive(Debug, Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
}

impl Record {
    /// Begins the next record.
    #[inline]
    pub(super) fn start(&mut self, tag: Tag) -> &mut Self {
        self.bytes.clear();
        self.bytes.push(tag as u8);
        self
    }

    /// Adds a string, its length before it.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Adds a string, a number being its digits.
    #[inline]
    pub(super) fn text(&mut self, text: &Scalar<'_>) -> &mut Self {
        self.bytes(text.as_bytes(&mut Digits::default()))
    }

    #[inline]
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self
    }

    /// Adds a number that may not be there, which is not the same as any number.
    #[inline]
    pub(super) fn optional(&mut self, number: Option<u64>) -> &mut Self {
        self.bytes.push(u8::from(number.is_some()));
        self.number(number.unwrap_or_default())
    }

    pub(super) fn id(&mut self, id: StreamId) -> &mut Self {
        self.number(id.ms).number(id.seq)
    }

    /// Adds a hash.
    pub(super) fn wide(&mut self, hash: u128) -> &mut Self {
        self.bytes.extend_from_slice(&hash.to_le_bytes());
        self
    }

    /// The hash of the record.
    #[inline]
    pub(super) fn hash(&self) -> u128 {
        XxHash3_128::oneshot(&self.bytes)
    }

    /// Gives back what a large string took.
    pub(super) fn shrink(&mut self) {
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
    }
}

/// Room that is kept for the next record.
const KEPT: usize = 1 << 20;
