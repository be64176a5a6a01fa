//! Values have one digest, whichever server wrote them, in whatever encoding, whole or in chunks.

use std::collections::BTreeMap;

use rdb::{Decoder, Digest, DigestScope, Digester, ElementReader, Item, Key, Options, Target, ValueKind};

use testbed::{Server, ServerSpec};

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

/// What a file of this server can hold. When entries were handed out depends on when the file was made.
fn scope_of(server: &str) -> DigestScope {
    let target: Target = server.parse().expect("a server");
    DigestScope::default()
        .field_expiry(target.has_field_expiry())
        .stream_counters(target.has_stream_counters())
        .delivery_times(false)
}

/// Keys that do not hold what they hold on redis 8.0, and why.
const DIFFERENT: [(&str, &str, &str); 4] = [
    ("redis-6.0", "stream:counters", "the group `told` is made with ENTRIESREAD, which it does not know"),
    ("redis-6.0", "stream:groups", "no XGROUP CREATECONSUMER, and readers to whom nothing was handed are forgotten"),
    ("redis-7.0", "stream:groups", "readers to whom nothing was handed are forgotten"),
    ("redis-7.0", "stream:trimmed", "entries-read goes on counting from a group's start though entries were trimmed"),
];

#[test]
fn servers_agree_on_every_key_that_holds_the_same() {
    let newest = file_of("redis-8.0");
    for (server, file) in fixtures::all() {
        let scope = scope_of(server);
        let different = different_keys(&file, &newest, scope);
        let expected: Vec<_> = DIFFERENT.iter().filter(|(name, ..)| *name == server).map(|(_, key, _)| *key).collect();
        assert_eq!(different, expected, "{server}");
        let busy = different_keys(&file, &newest, scope.idle_consumers(false));
        assert!(!busy.contains(&"stream:groups".to_owned()), "{server}: more than idle consumers differs");
    }
}

fn file_of(server: &str) -> Vec<u8> {
    fixtures::all().into_iter().find(|(name, _)| *name == server).expect("a fixture").1
}

/// The keys whose values have another digest in the other file; both have the same keys.
fn different_keys(one: &[u8], other: &[u8], scope: DigestScope) -> Vec<String> {
    let [one, other] = [one, other].map(|file| digests(file, &Options::default(), scope));
    assert!(one.keys().eq(other.keys()), "other keys");
    assert!(one.len() > 100, "only {} keys", one.len());
    let different = one.iter().filter(|&(name, digest)| other[name] != *digest);
    different.map(|((_, key), _)| String::from_utf8_lossy(key).into_owned()).collect()
}

#[test]
fn what_another_server_loads_and_saves_has_the_same_digests() {
    let pairs = [
        ("redis-6.0", "redis-7.0"),
        ("redis-6.0", "redis-8.0"),
        ("redis-6.0", "valkey-8.1"),
        ("redis-6.0", "valkey-9.1"),
        ("redis-7.0", "redis-8.0"),
        ("redis-7.0", "valkey-9.1"),
        ("valkey-8.1", "redis-8.0"),
        ("valkey-8.1", "valkey-9.1"),
    ];
    for (writer, server) in pairs {
        let file = file_of(writer);
        let saved = load_and_save(server, &file);
        let different = different_keys(&file, &saved, DigestScope::default());
        assert!(different.is_empty(), "{writer} to {server}: {different:?}");
    }
}

#[test]
fn counters_that_a_file_lacks_are_those_that_servers_make_up() {
    let old = start("redis-6.0");
    let mut conn = old.conn().expect("a connection");
    for number in 1..=150 {
        conn.call(format!("XADD full {number}-5 n {number}").as_str()).expect("an entry");
        conn.call(format!("XADD holes {number}-5 n {number}").as_str()).expect("an entry");
    }
    // The first, one in the middle, and the last are gone: the file does not say so.
    conn.call("XDEL holes 1-5 2-5 70-5 150-5").expect("entries to delete");
    conn.call("XADD emptied 3-5 f v").expect("an entry");
    conn.call("XDEL emptied 3-5").expect("an entry to delete");
    conn.call("XGROUP CREATE made never 0-0 MKSTREAM").expect("a stream");
    for stream in ["full", "holes", "emptied", "made"] {
        for id in [
            "0-1", "1-4", "1-5", "1-6", "2-5", "3-4", "3-5", "3-6", "70-5", "149-5", "150-4", "150-5", "150-6", "999-0",
        ] {
            conn.call(format!("XGROUP CREATE {stream} at-{id} {id}").as_str()).expect("a group");
        }
    }
    let file = save(&old);
    for server in ["redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"] {
        let saved = load_and_save(server, &file);
        let [before, after] = [&file, &saved].map(|file| digests(file, &Options::default(), DigestScope::default()));
        assert_eq!((before.len(), &before), (4, &after), "{server}");
    }
}

fn start(server: &str) -> Server {
    Server::start(ServerSpec::new(server).option("save", "")).expect("a server")
}

fn save(server: &Server) -> Vec<u8> {
    server.conn().expect("a connection").call("SAVE").expect("a snapshot");
    std::fs::read(server.folder().join("dump.rdb")).expect("the snapshot")
}

/// What a server saves that was started on a file.
fn load_and_save(server: &str, file: &[u8]) -> Vec<u8> {
    let server = start(server);
    server.kill().expect("its end");
    let path = server.folder().join("dump.rdb");
    std::fs::write(&path, file).expect("room for the file");
    server.restart().expect("a server that takes the file");
    std::fs::remove_file(&path).expect("the file");
    save(&server)
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
