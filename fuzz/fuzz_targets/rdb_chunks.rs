//! Any bytes as a snapshot, read by a split and with sizes of values and chunks that the input chooses: the same items
//! and elements as at once.
#![no_main]

use fuzz::same;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((reading, file)) = data.split_first_chunk::<4>() {
        same::however_read(file, (*reading).into());
    }
});
