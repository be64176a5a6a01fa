//! Files of the corpus that no server describes: what no server at hand writes, and what others wrote down.

use std::collections::BTreeMap;

use rdb::{Checksum, Options, StreamId};

use crate::corpus;
use crate::logical::{Bytes, Contents, Group, Logical, Summary, decode, librdb};
use crate::manifest;

/// Decodes a file of the corpus; `None` without it.
fn contents(file: &str) -> Option<Contents> {
    let path = corpus::path().join("given").join(file);
    let Ok(bytes) = std::fs::read(&path) else {
        manifest::say_skipped(&path);
        return None;
    };
    let options = Options::default().accept_unknown_version(true);
    let whole = decode(&bytes, &options, []).unwrap_or_else(|error| panic!("{file}: {error}"));
    let options = options.whole_value_limit(0).chunk_size(1);
    assert!(decode(&bytes, &options, std::iter::repeat(1)).as_ref() == Ok(&whole), "{file} in the smallest chunks");
    Some(whole)
}

/// Compares the keys and values of a file, by their names.
#[track_caller]
fn check<const N: usize>(file: &str, expected: [(&str, Logical); N]) {
    let Some(contents) = contents(file) else { return };
    assert_eq!(contents.checksum, Some(Checksum::Verified), "{file}");
    let found: Vec<_> = contents.keys.into_iter().map(|found| (found.key, found.value)).collect();
    let expected = expected.map(|(key, value)| (bytes(key), value));
    assert_eq!(found, expected, "{file}");
}

fn bytes(text: &str) -> Bytes {
    text.as_bytes().to_vec()
}

fn string(text: &str) -> Logical {
    Logical::String(bytes(text))
}

fn hash<const N: usize>(fields: [(&str, &str, Option<i64>); N]) -> Logical {
    Logical::Hash(fields.map(|(name, value, time)| (bytes(name), bytes(value), time)).to_vec())
}

#[test]
fn strings_and_what_stands_around_them() {
    check("synthetic/len64_v9.rdb", [("key", string("value"))]);
    check("synthetic/module_aux_v9.rdb", [("k", string("v"))]);
    check("synthetic/key_meta_v13.rdb", [("k", string("v")), ("k2", string("v2"))]);
    check("synthetic/dup_key_v11.rdb", [("k", string("v1")), ("k", string("v2"))]);
    check("synthetic/trailing_after_crc_v11.rdb", [("k", string("v"))]);
    // A library in the format of the release candidates, and no keys.
    check("leonchen83-redis-replicator/function.rdb", []);
}

#[test]
fn scores_of_the_first_versions() {
    let members = [("a", f64::NEG_INFINITY), ("b", 1.25), ("c", f64::INFINITY)];
    let members = members.map(|(member, score)| (bytes(member), score.to_bits())).to_vec();
    check("synthetic/zset_v1_specials_v6.rdb", [("z", Logical::SortedSet(members))]);
}

#[test]
fn fields_that_expire() {
    let expected = || hash([("f1", "v1", Some(4_102_444_800_000)), ("f2", "v2", None)]);
    check("synthetic/hash_metadata_prega_v12.rdb", [("h", expected())]);
    check("synthetic/valkey_hash2_v80.rdb", [("h", expected())]);
    let (one, three) = (Some(2_755_482_478_325), Some(2_755_484_483_878));
    let expected = hash([("F1", "V1", one), ("F2", "V2", None), ("F3", "V3", three)]);
    check("HDT3213-rdb/hash_as_listpack_with_hfe.rdb", [("listpack-hfe", expected)]);
    let (one, two) = (Some(0x3fff_ffff_e4a7), Some(0x3fff_ffff_e24f));
    let expected = hash([("field1", "value1", one), ("field2", "value2", two), ("field3", "value3", None)]);
    check("redis-librdb/hash_with_expire_v12.rdb", [("myhash", expected)]);
}

#[test]
fn arrays() {
    let cells = [(0, "-42"), (5, "1.5"), (100, "x")].map(|(index, value)| (index, value.to_owned())).to_vec();
    check("synthetic/array_v14.rdb", [("arr", Logical::Array { insertion: Some(9), cells })]);
}

#[test]
fn streams_with_idempotent_producers() {
    let Some(contents) = contents("synthetic/stream4_idmp_v13.rdb") else { return };
    let [found] = contents.keys.as_slice() else { panic!("{} keys", contents.keys.len()) };
    let Logical::Stream(stream) = &found.value else { panic!("{:?}", found.value_type) };
    let id = |ms| StreamId { ms, seq: 0 };
    let names: Vec<_> = stream.groups.iter().map(|Group { name, .. }| name.clone()).collect();
    assert_eq!((stream.entries.len(), names), (2, vec![bytes("g")]));
    let expected = Summary {
        length: 2,
        last_id: id(1001),
        first_id: Some(id(1000)),
        max_deleted_id: Some(id(0)),
        entries_added: Some(2),
    };
    assert_eq!(stream.summary, expected);
    let expected = ["Idempotence { duration: 60, max_entries: 100 }", "producer producer", "message iid is 1000-0"];
    assert_eq!(stream.idempotence[..3], expected);
}

/// Servers keep this file for their own tests in many versions; another version of it was described.
#[test]
fn a_file_of_the_old_encodings_in_the_version_of_the_future() {
    let Some(contents) = contents("valkey-io-valkey/encodings-rdb987.rdb") else { return };
    let path = corpus::path().join("given/sripathikrishnan-redis-rdb-tools/redis_50_with_streams.rdb.librdb.json");
    let said = std::fs::read_to_string(path).expect("beside the file");
    let mut said: Vec<BTreeMap<String, serde_json::Value>> = serde_json::from_str(&said).expect("JSON");
    said[0].remove("mystream");
    assert_eq!(said[0].len(), 13);
    assert_eq!(librdb::compare(&contents, &serde_json::json!(said)), [""; 0]);
}
