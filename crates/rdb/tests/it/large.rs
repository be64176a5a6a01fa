//! Values that are larger than what a decoder may hold.

use rdb::{Decoder, DumpWriter, Item, Options};

use crate::file::build;

/// A hash of `fields` fields with a value of 100 bytes each, as type 4.
fn large_hash(fields: u32) -> Vec<u8> {
    let mut value = [b"\x80".as_slice(), &fields.to_be_bytes()].concat();
    for field in 0..fields {
        value.push(4);
        value.extend_from_slice(&field.to_le_bytes());
        value.extend_from_slice(b"\x40\x64");
        value.extend_from_slice(&[b'v'; 100]);
    }
    value
}

#[test]
fn chunks_make_up_the_value_and_its_payload() {
    let value = large_hash(5000);
    let file = build("REDIS0011", &[b"\x04\x01k", &value, b"\x00\x01l\x01w"]);
    let mut decoder = Decoder::new(Options::default().whole_value_limit(10_000).chunk_size(4096));
    let (mut payload, mut writer, mut keys) = (Vec::new(), None, Vec::new());
    for piece in file.chunks(1000) {
        decoder.feed(piece);
        while let Some(item) = decoder.next_item().unwrap() {
            match item {
                Item::ValueBegin(key) => {
                    keys.push(key.name.to_vec());
                    writer = Some(DumpWriter::begin(&key, &mut payload));
                }
                Item::ValueChunk(bytes) => {
                    assert!(bytes.len() <= 4096);
                    writer.as_mut().unwrap().chunk(bytes);
                    payload.extend_from_slice(bytes);
                }
                Item::ValueEnd => payload.extend_from_slice(&writer.take().unwrap().finish()),
                Item::Entry(entry) => keys.push(entry.key.name.to_vec()),
                _ => {}
            }
        }
    }
    decoder.finish().unwrap();
    assert_eq!(keys, [b"k", b"l"]);
    assert_eq!(payload, whole_payload(&file));
    assert_eq!(payload[1..=value.len()], value);
}

fn whole_payload(file: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(Options::default());
    let mut payload = Vec::new();
    decoder.feed(file);
    loop {
        if let Item::Entry(entry) = decoder.next_item().unwrap().expect("a key") {
            entry.dump_into(&mut payload);
            return payload;
        }
    }
}

#[test]
fn the_limit_is_exact() {
    let kinds = |limit| {
        let file = build("REDIS0011", &[b"\x00\x01k\x0aabcdefghij"]);
        let mut decoder = Decoder::new(Options::default().whole_value_limit(limit).chunk_size(4));
        decoder.feed(&file);
        let mut kinds = String::new();
        while let Some(item) = decoder.next_item().unwrap() {
            match item {
                Item::Entry(_) => kinds.push('E'),
                Item::ValueBegin(_) => kinds.push('B'),
                Item::ValueChunk(bytes) => kinds.push_str(&bytes.len().to_string()),
                Item::ValueEnd => kinds.push('.'),
                _ => {}
            }
        }
        kinds
    };
    assert_eq!(kinds(11), "E");
    assert_eq!(kinds(10), "B443.");
    assert_eq!(kinds(0), "B443.");
}

#[test]
fn one_huge_string_is_never_held_whole() {
    const LEN: u32 = 64 << 20;
    let mut decoder = Decoder::new(Options::default().check_crc(false));
    decoder.feed(b"REDIS0011\x00\x01k\x80");
    decoder.feed(&LEN.to_be_bytes());
    let piece = vec![b'x'; 64 << 10];
    // The value starts with the five bytes of its length.
    let (mut fed, mut held, mut received) = (5_u64, 0_u64, 0_u64);
    while fed < u64::from(LEN) {
        decoder.feed(&piece);
        fed += piece.len() as u64;
        while let Some(item) = decoder.next_item().unwrap() {
            if let Item::ValueChunk(bytes) = item {
                received += bytes.len() as u64;
            }
        }
        held = held.max(fed - received);
    }
    assert!(held <= (1 << 20) + (256 << 10) + (64 << 10), "{held} bytes were held back");
    decoder.feed(b"\xff\0\0\0\0\0\0\0\0");
    while decoder.next_item().unwrap().is_some() {}
    decoder.finish().unwrap();
}
