//! Items by their place in the buffer: what the decoder finds before it lends it out.

use std::ops::Range;

use crate::item::{Checksum, Eviction, ModuleId};
use crate::value_type::ValueType;

/// Bytes in the decoder: in its input, or decoded beside it.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Input(Range<usize>),
    Decoded(Range<usize>),
}

/// A key, without what the decoder knows anyway.
#[derive(Debug, Clone)]
pub(super) struct FoundKey {
    pub(super) name: Place,
    pub(super) value_type: ValueType,
    pub(super) expire_at_ms: Option<i64>,
    pub(super) eviction: Option<Eviction>,
    pub(super) offset: u64,
    pub(super) value_offset: u64,
}

/// An [`Item`](crate::Item) that borrows nothing yet.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Header,
    Aux { key: Place, value: Place },
    SelectDb,
    ResizeDb { keys: u64, expires: u64 },
    SlotInfo { slot: u64, keys: u64, expires: u64 },
    Function(Place),
    FunctionPreGa(Range<usize>),
    SlotImport(Range<usize>),
    ModuleAux { module: ModuleId, when: u64, body: Range<usize> },
    Entry { key: FoundKey, value: Range<usize> },
    ValueBegin(FoundKey),
    ValueChunk(Range<usize>),
    ValueEnd,
    End(Checksum),
}
