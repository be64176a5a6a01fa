//! Values that are packed into one string, from a fuzzer's bytes.

use rdb::ValueType;
use rdb::packed::{Intset, Listpack, Ziplist, Zipmap};

use crate::{sealed, snapshot};

/// The types of such values, and of lists of such nodes.
pub const TYPES: [ValueType; 12] = [
    ValueType::HashZipmap,
    ValueType::ListZiplist,
    ValueType::SetIntset,
    ValueType::SortedSetZiplist,
    ValueType::HashZiplist,
    ValueType::ListQuicklist,
    ValueType::HashListpack,
    ValueType::SortedSetListpack,
    ValueType::ListQuicklist2,
    ValueType::SetListpack,
    ValueType::HashListpackExPreGa,
    ValueType::HashListpackEx,
];

/// A blob for this type with a right header, of these entries; `count` chooses what the header says of their number.
pub fn sealed(value_type: ValueType, body: &[u8], count: u8) -> Vec<u8> {
    match value_type {
        ValueType::HashZipmap => sealed::zipmap(body, if count & 1 == 0 { 254 } else { count }),
        ValueType::SetIntset => sealed::intset(body, count),
        ValueType::ListZiplist | ValueType::SortedSetZiplist | ValueType::HashZiplist | ValueType::ListQuicklist => {
            sealed::ziplist(body, if count & 1 == 0 { u16::MAX } else { u16::from(count) })
        }
        _ => sealed::listpack(body, count & 1 == 0),
    }
}

/// What [`sealed`] makes such a good blob of.
pub fn unsealed(value_type: ValueType, blob: &[u8]) -> Vec<u8> {
    let within = |head: usize, tail: usize| blob[head..blob.len() - tail].to_vec();
    match value_type {
        ValueType::HashZipmap => within(1, 1),
        ValueType::SetIntset => within(8, 0),
        ValueType::ListZiplist | ValueType::SortedSetZiplist | ValueType::HashZiplist | ValueType::ListQuicklist => {
            within(10, 1)
        }
        _ => sealed::listpack_body(blob),
    }
}

/// The value around the blob.
pub fn value(value_type: ValueType, blob: &[u8]) -> Vec<u8> {
    let blob = snapshot::string(blob);
    match value_type {
        ValueType::ListQuicklist => [&[2][..], &blob, &blob].concat(),
        ValueType::ListQuicklist2 => [&[2, 2][..], &blob, &[1], &blob].concat(),
        ValueType::HashListpackEx => [&[0; 8][..], &blob].concat(),
        _ => blob,
    }
}

/// Walks a blob as each of the encodings.
///
/// # Panics
/// When one has more entries than bytes.
pub fn walk(blob: &[u8]) {
    let entries = [
        Listpack::new(blob).map_or(0, Iterator::count),
        Ziplist::new(blob).map_or(0, Iterator::count),
        Zipmap::new(blob).map_or(0, Iterator::count),
        Intset::new(blob).map_or(0, Iterator::count),
    ];
    assert!(entries.iter().all(|&count| count <= blob.len()), "{entries:?}");
}
