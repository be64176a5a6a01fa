//! Any bytes as a compressed string: it expands to what the plainest expander says, or fails; the same however it is
//! read.
#![no_main]

use fuzz::{lzf, same, snapshot};
use libfuzzer_sys::fuzz_target;
use rdb::{Decoder, Dialect, Item, Options, ValueType};

fuzz_target!(|data: &[u8]| {
    let Some((&[lie, settings @ ..], data)) = data.split_first_chunk::<5>() else { return };
    let data = if lie & 1 == 0 { &lzf::mended(data) } else { data };
    let (expected, good) = lzf::expand(data);
    assert!(good || lie & 1 != 0, "what is mended is good");
    // Mostly the right length, or one that is a little off.
    let len = if lie < 0xe0 { expected.len() } else { (expected.len() + usize::from(lie)).saturating_sub(0xf0) };
    let value = [&[0xc3][..], &snapshot::length(data.len()), &snapshot::length(len), data].concat();
    let file = snapshot::of_value(Dialect::Redis, ValueType::String, &value);
    let good = good && len == expected.len() && !data.is_empty();
    assert_eq!(expanded(&file), good.then_some(expected));
    same::however_read(&file, settings.into());
});

fn expanded(file: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(file);
    while let Ok(Some(item)) = decoder.next_item() {
        if let Item::Entry(entry) = item {
            return entry.value.as_string().ok().flatten().map(|text| text.to_vec());
        }
    }
    None
}
