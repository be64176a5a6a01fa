//! Streams of every version, whole and with one byte changed: the same elements however they are read.
#![no_main]

use fuzz::byte_source::ByteSource;
use fuzz::{same, snapshot, stream};
use libfuzzer_sys::fuzz_target;
use rdb::Dialect;

fuzz_target!(|data: &[u8]| {
    let mut source = ByteSource(data);
    let (version, reading) = (usize::from(source.below(5)), source.array());
    let (place, change) = (usize::from(u16::from_le_bytes(source.array())), source.byte());
    let mut value = stream::build(version, &mut source);
    let place = place % value.len();
    value[place] ^= change;
    same::however_read(&snapshot::of_value(Dialect::Redis, stream::TYPES[version], &value), reading.into());
});
