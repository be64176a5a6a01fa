//! Values have one digest, whichever server wrote them, in whatever encoding, whole or in chunks.

use std::collections::BTreeMap;

use rdb::{Decoder, Digest, DigestScope, Digester, ElementReader, Item, Key, Options, ValueKind};

use crate::fixtures;

/// A key with its database.
type Name = (u32, Vec<u8>);

/// Kind and digest of each value.
fn digests(file: &[u8], options: &Options, scope: DigestScope) -> BTreeMap<Name, (ValueKind, Digest)> {
    let (mut decoder, mut reader) = (Decoder::new(options.clone()), ElementReader::new(options));
    let (mut digester, mut found, mut current) = (Digester::new(scope), BTreeMap::new(), None);
    decoder.feed(file);
    while !decoder.is_done() {
        let Some(item) = decoder.next_item().expect("a good file") else { break };
        match &item {
            Item::Entry(entry) => current = Some(name_and_kind(&entry.key)),
            Item::ValueBegin(key) => current = Some(name_and_kind(key)),
            _ => {}
        }
        if let Some(digest) = digester.item(&mut reader, &item).expect("a good value") {
            let (name, kind) = current.take().expect("a key before its value");
            assert_eq!(found.insert(name, (kind, digest)), None);
        }
    }
    found
}

fn name_and_kind(key: &Key<'_>) -> (Name, ValueKind) {
    ((key.db.0, key.name.to_vec()), key.value_type.kind())
}

/// What all five servers can hold.
fn oldest() -> DigestScope {
    DigestScope::default().field_expiry(false).stream_counters(false)
}

#[test]
fn servers_agree_on_every_key_but_those_that_depend_on_time() {
    let options = Options::default();
    let files = fixtures::all();
    let (_, first) = &files[0];
    let expected = digests(first, &options, oldest());
    assert!(expected.len() > 100, "only {} keys", expected.len());
    for (server, file) in &files[1..] {
        let found = digests(file, &options, oldest());
        assert!(found.keys().eq(expected.keys()), "{server} has other keys");
        let differ: Vec<_> =
            found.iter().filter(|&(name, digest)| expected[name] != *digest).map(|(name, _)| name).collect();
        let names: Vec<_> = differ.iter().map(|name| String::from_utf8_lossy(&name.1)).collect();
        println!("{server}: {names:?}");
        // Pending entries are as old as the file, which was made later for each server.
        assert!(differ.iter().all(|name| expected[*name].0 == ValueKind::Stream), "{server}: {names:?}");
        assert!(differ.len() <= 8, "{server}: {names:?}");
    }
}

#[test]
fn keys_of_a_file_have_different_digests() {
    let (_, file) = fixtures::all().swap_remove(2);
    let found = digests(&file, &Options::default(), DigestScope::default());
    let different: std::collections::BTreeSet<_> = found.values().map(|(_, digest)| digest.to_bytes()).collect();
    assert!(different.len() * 10 > found.len() * 8, "{} of {}", different.len(), found.len());
}

#[test]
fn chunks_do_not_matter() {
    for (server, file) in fixtures::all() {
        let whole = digests(&file, &Options::default().whole_value_limit(usize::MAX), DigestScope::default());
        for (limit, chunk) in [(0, 1), (0, 100), (100, 17), (3000, 700), (20_000, 4096)] {
            let options = Options::default().whole_value_limit(limit).chunk_size(chunk);
            assert!(digests(&file, &options, DigestScope::default()) == whole, "{server}: {limit} and {chunk}");
        }
    }
}

#[test]
fn a_damaged_value_has_no_digest() {
    let file = b"REDIS0003\x03\x01z\x01\x01a\xfd\x00\x01s\x01v\xff";
    for limit in [0, 100] {
        let options = Options::default().whole_value_limit(limit).chunk_size(1);
        let (mut decoder, mut reader) = (Decoder::new(options.clone()), ElementReader::new(&options));
        let (mut digester, mut results) = (Digester::default(), Vec::new());
        decoder.feed(file);
        while !decoder.is_done() {
            let item = decoder.next_item().expect("a good structure").expect("all is here");
            results.push(digester.item(&mut reader, &item));
        }
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
        assert_eq!(results.iter().filter(|result| matches!(result, Ok(Some(_)))).count(), 1, "{results:?}");
    }
}
