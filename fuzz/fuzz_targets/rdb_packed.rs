//! Any bytes as a value of each packed encoding, with right headers or as they are: walks end, and the elements are the
//! same however the value is read.
#![no_main]

use fuzz::{packed, same, snapshot};
use libfuzzer_sys::fuzz_target;
use rdb::Dialect;

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, form, reading @ ..], body)) = data.split_first_chunk::<6>() else { return };
    let value_type = packed::TYPES[usize::from(choice) % packed::TYPES.len()];
    let blob = if form & 1 == 0 { packed::sealed(value_type, body, form >> 1) } else { body.to_vec() };
    packed::walk(&blob);
    let value = packed::value(value_type, &blob);
    same::however_read(&snapshot::of_value(Dialect::Redis, value_type, &value), reading.into());
});
