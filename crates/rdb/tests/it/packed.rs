//! Every packed value that a server wrote can be walked to its end.

use std::path::Path;

use rdb::packed::{Intset, Listpack, Ziplist, Zipmap};
use rdb::{Decoder, Entry, Error, Item, Options, Part, ValueType};

use crate::fixtures;
use crate::manifest;

/// Walks all parts of a value and all entries of its blobs; returns how many entries there were.
fn walk(entry: &Entry<'_>) -> Result<usize, Error> {
    let mut entries = 0;
    let mut last_length = 0;
    for (index, part) in entry.value.parts().enumerate() {
        match part? {
            Part::Length(length) => last_length = length,
            Part::String(text) => entries += walk_blob(entry.key.value_type, index, last_length, &text.decode()?)?,
            _ => {}
        }
    }
    Ok(entries)
}

fn walk_blob(value_type: ValueType, index: usize, last_length: u64, blob: &[u8]) -> Result<usize, Error> {
    let entries = match value_type {
        ValueType::SetIntset => Intset::new(blob)?.count(),
        ValueType::HashZipmap => count(Zipmap::new(blob)?)? * 2,
        ValueType::ListZiplist | ValueType::ListQuicklist | ValueType::HashZiplist | ValueType::SortedSetZiplist => {
            count(Ziplist::new(blob)?)?
        }
        ValueType::SetListpack | ValueType::HashListpack | ValueType::SortedSetListpack | ValueType::HashListpackEx => {
            count(Listpack::new(blob)?)?
        }
        // A node of container 2 is a listpack, of container 1 a single element.
        ValueType::ListQuicklist2 if last_length == 2 => count(Listpack::new(blob)?)?,
        // Nodes come first: their count, then ID and listpack of each.
        ValueType::Stream | ValueType::Stream2 | ValueType::Stream3 if index == 2 => count(Listpack::new(blob)?)?,
        _ => 0,
    };
    Ok(entries)
}

fn count<T>(entries: impl Iterator<Item = Result<T, Error>>) -> Result<usize, Error> {
    entries.collect::<Result<Vec<T>, Error>>().map(|entries| entries.len())
}

/// How many entries belong together.
fn arity(value_type: ValueType) -> usize {
    match value_type {
        ValueType::HashZiplist
        | ValueType::HashListpack
        | ValueType::SortedSetZiplist
        | ValueType::SortedSetListpack => 2,
        ValueType::HashListpackEx => 3,
        _ => 1,
    }
}

fn walk_file(name: &str, file: &[u8]) -> usize {
    let mut decoder = Decoder::new(Options::default());
    let mut entries = 0;
    decoder.feed(file);
    while let Some(item) = decoder.next_item().expect(name) {
        if let Item::Entry(entry) = item {
            let found = walk(&entry).unwrap_or_else(|error| panic!("{name}: {error}: {:?}", entry.key));
            assert_eq!(found % arity(entry.key.value_type), 0, "{name}: {:?}", entry.key);
            entries += found;
        }
    }
    entries
}

#[test]
fn fixtures_can_be_walked() {
    for (name, file) in fixtures::all() {
        assert!(walk_file(name, &file) > 1000, "{name}");
    }
}

#[test]
fn the_corpus_can_be_walked() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let Some(rows) = manifest::read(&corpus) else {
        manifest::say_skipped(&corpus);
        return;
    };
    let healthy = rows
        .iter()
        .filter(|row| row.scan == "ok" && !row.librdb.contains("error code") && !row.file.ends_with("psync"));
    let entries: usize = healthy
        .map(|row| walk_file(&row.file, &std::fs::read(corpus.join(&row.file)).expect("a file of the manifest")))
        .sum();
    assert!(entries > 25_000, "{entries}");
}

/// Payloads that once crashed servers: they are refused or walked, and nothing else happens.
#[test]
fn payloads_that_crashed_servers_are_refused_or_walked() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/given/corrupt/corrupt_dump_payloads.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        manifest::say_skipped(&path);
        return;
    };
    let payloads: Vec<Vec<u8>> = text.split("\"payload_b64\": \"").skip(1).map(decode_base64).collect();
    assert!(payloads.len() > 20, "{} payloads", payloads.len());
    let refused = payloads.iter().filter(|payload| is_refused(payload)).count();
    assert!(refused * 2 > payloads.len(), "{refused} of {}", payloads.len());
}

fn is_refused(payload: &[u8]) -> bool {
    let (value, _footer) = payload.split_at(payload.len().saturating_sub(10));
    let Some((value_type, value)) = value.split_first() else { return true };
    let file = [b"REDIS0012", &[*value_type][..], b"\x01k", value, b"\xff\0\0\0\0\0\0\0\0"].concat();
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(&file);
    loop {
        match decoder.next_item() {
            Ok(Some(Item::Entry(entry))) if walk(&entry).is_err() => return true,
            Ok(Some(_)) => {}
            Ok(None) => return decoder.finish().is_err(),
            Err(_) => return true,
        }
    }
}

/// Decodes base64 up to the closing quote.
fn decode_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.bytes().take_while(|&byte| byte != b'"' && byte != b'=') {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}
