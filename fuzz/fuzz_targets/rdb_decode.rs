//! Any bytes as a snapshot: no panic, no runaway memory, payloads as long as stated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rdb::packed::{Intset, Listpack, Ziplist, Zipmap};
use rdb::{Decoder, Entry, Item, Options, Part};

fuzz_target!(|data: &[u8]| {
    let options = Options::default().whole_value_limit(1 << 16).max_string(1 << 20).check_crc(false);
    let mut decoder = Decoder::new(options);
    let mut behind = 0;
    decoder.feed(data);
    while let Ok(Some(item)) = decoder.next_item() {
        if let Item::Entry(entry) = item {
            look_inside(&entry);
        }
        assert!(decoder.offset() >= behind, "offsets never go back");
        behind = decoder.offset();
    }
    assert!(behind <= data.len() as u64);
    let _ = decoder.finish();
});

fn look_inside(entry: &Entry<'_>) {
    let mut payload = Vec::new();
    entry.dump_into(&mut payload);
    assert_eq!(payload.len(), entry.dump_len());
    if let Ok(Some(text)) = entry.value.as_string() {
        assert!(text.len() <= 1 << 20);
    }
    for part in entry.value.parts() {
        if let Ok(Part::String(text)) = part {
            walk(&text);
        }
    }
}

/// A blob as each of the packed encodings: every walk ends.
fn walk(blob: &[u8]) {
    let entries = [
        Listpack::new(blob).map_or(0, |entries| entries.filter(Result::is_ok).count()),
        Ziplist::new(blob).map_or(0, |entries| entries.filter(Result::is_ok).count()),
        Zipmap::new(blob).map_or(0, |entries| entries.filter(Result::is_ok).count()),
        Intset::new(blob).map_or(0, Iterator::count),
    ];
    assert!(entries.iter().all(|&count| count <= blob.len()));
}
