//! Any bytes as a snapshot, through every level: no panic, payloads as long as stated, and no more memory than the
//! limits and the input allow.
#![no_main]

use fuzz::{packed, peak};
use libfuzzer_sys::fuzz_target;
use rdb::{Decoder, Digester, DumpPayload, ElementReader, Entry, Item, Options, Part};

/// Small enough for an input of a few kilobytes to exceed it.
const MAX_STRING: usize = 1 << 15;

fuzz_target!(|data: &[u8]| {
    let peak = peak::during(|| decode(data));
    assert!(peak <= bound(data.len()), "{peak} bytes for {}", data.len());
});

/// What is fed lies in the decoder, is carried by readers, and becomes a payload; vectors grow by doubling. A few
/// strings are expanded at the same time: a key and its value, the two of an element.
const fn bound(input: usize) -> usize {
    8 * input + 6 * MAX_STRING + (1 << 16)
}

fn decode(data: &[u8]) {
    let options = Options::default().whole_value_limit(1 << 10).chunk_size(300).max_string(MAX_STRING as u64);
    let options = options.check_crc(false);
    let (mut decoder, mut elements) = (Decoder::new(options.clone()), ElementReader::new(&options));
    let mut digester = Digester::default();
    let mut behind = 0;
    decoder.feed(data);
    while let Ok(Some(item)) = decoder.next_item() {
        match &item {
            Item::Entry(entry) => look_inside(entry),
            Item::ValueChunk(chunk) => assert!(chunk.len() <= 300),
            _ => {}
        }
        let _ = digester.item(&mut elements, &item);
        assert!(decoder.offset() >= behind, "offsets never go back");
        behind = decoder.offset();
    }
    assert!(behind <= data.len() as u64);
    let _ = decoder.finish();
}

fn look_inside(entry: &Entry<'_>) {
    assert!(entry.value.bytes().len() <= 1 << 10);
    let mut payload = Vec::new();
    entry.dump_into(&mut payload);
    assert_eq!(payload.len(), entry.dump_len());
    let parsed = DumpPayload::parse(&payload).expect("our own payload");
    assert_eq!(parsed.value().bytes(), entry.value.bytes());
    assert_eq!((parsed.value_type(), parsed.metadata()), (entry.value.value_type(), entry.key.metadata));
    if let Ok(Some(text)) = entry.value.as_string() {
        assert!(text.len() <= MAX_STRING);
    }
    for part in entry.value.parts() {
        if let Ok(Part::String(text)) = part
            && let Ok(text) = text.decode()
        {
            packed::walk(&text);
        }
    }
}
