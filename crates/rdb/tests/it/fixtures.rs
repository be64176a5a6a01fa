//! Snapshots that real servers wrote (`tests/fixtures`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rdb::{Checksum, Decoder, Error, ErrorKind, Eviction, Item, Options, Part, ValueKind, ValueType};

use crate::file::summarize;

pub(crate) const NAMES: [&str; 5] = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"];

/// The files by the name of their server.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    NAMES.map(|name| (name, std::fs::read(directory.join(format!("{name}.rdb"))).expect("a fixture"))).to_vec()
}

/// A file that a real server wrote.
pub(crate) struct Fixture {
    /// That of the file, without its extension.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// All files, also the small ones.
pub(crate) fn every() -> Vec<Fixture> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let files = std::fs::read_dir(directory).expect("the fixtures").map(|file| file.expect("a file").path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rdb")).map(Fixture::read).collect()
}

impl Fixture {
    fn read(path: PathBuf) -> Self {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        Self { name, bytes: std::fs::read(&path).expect("a fixture"), path }
    }
}

/// Version and types of each file, in the order of [`NAMES`].
const EXPECTED: [(u16, &[u8]); 5] = [
    (9, &[0, 2, 4, 5, 11, 12, 13, 14, 15]),
    (10, &[0, 2, 4, 5, 11, 16, 17, 18, 19]),
    (12, &[0, 2, 4, 5, 11, 16, 17, 18, 20, 21, 24, 25]),
    (11, &[0, 2, 4, 5, 11, 16, 17, 18, 20, 21]),
    (80, &[0, 2, 4, 5, 11, 16, 17, 18, 20, 21, 22]),
];

/// What the script that made the fixtures put in.
const KEYS: usize = 109;

#[test]
fn each_server_has_all_keys_in_the_types_of_its_version() {
    for ((name, file), (version, types)) in all().into_iter().zip(EXPECTED) {
        let summary = summarize(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(summary.version, version, "{name}");
        assert_eq!(summary.checksum, Some(Checksum::Verified), "{name}");
        assert_eq!(summary.types, types.iter().copied().collect::<BTreeSet<u8>>(), "{name}");
        assert_eq!(summary.keys, KEYS, "{name}");
        assert_eq!(summary.trailing, 0, "{name}");
    }
}

#[test]
fn keys_strings_and_attributes_are_those_that_were_set() {
    for (name, file) in all() {
        let mut decoder = Decoder::new(Options::default());
        let mut found = Vec::new();
        decoder.feed(&file);
        while let Some(item) = decoder.next_item().expect(name) {
            let Item::Entry(entry) = item else { continue };
            assert!(matches!(entry.key.eviction, Some(Eviction::Freq(_))), "{name}: {entry:?}");
            let string = entry.value.as_string().expect(name).map(|value| value.to_vec());
            assert_eq!(string.is_some(), entry.key.value_type.kind() == ValueKind::String);
            found.push((entry.key.name.to_vec(), entry.key.db.0, entry.key.expire_at_ms, string));
        }
        for expected in expected() {
            assert!(found.contains(&expected), "{name}: {:?}", String::from_utf8_lossy(&expected.0));
        }
        let expiring = found.iter().filter(|(_, _, expire, _)| expire.is_some()).count();
        assert_eq!(expiring, 4, "{name}: attributes belong to one key only");
    }
}

type Found = (Vec<u8>, u32, Option<i64>, Option<Vec<u8>>);

fn expected() -> Vec<Found> {
    let string = |key: &[u8], value: &[u8]| (key.to_vec(), 0, None, Some(value.to_vec()));
    vec![
        string(b"string:plain", b"hello"),
        string(b"string:empty", b""),
        string(b"string:int8", b"-5"),
        string(b"string:int16", b"1000"),
        string(b"string:int32", b"-100000"),
        string(b"string:int64", b"1099511627776"),
        string(b"string:14bit", "ab%d".repeat(40).as_bytes()),
        string(b"string:lzf", "abc".repeat(500).as_bytes()),
        string(b"string:run", &[b'a'; 100_000]),
        string(b"\x00\xff\r\n", b"binary key"),
        string(b"12345", b"integer key"),
        string("long key ".repeat(20).as_bytes(), b"compressed key"),
        string(b"", b"empty key"),
        (b"string:expiring".to_vec(), 0, Some(4_102_444_800_001), Some(b"later".to_vec())),
        (b"hash:small".to_vec(), 0, Some(4_102_444_800_000), None),
        (b"in-db-3".to_vec(), 3, None, Some(b"yes".to_vec())),
    ]
}

#[test]
fn strings_and_nodes_are_written_in_every_way() {
    for (name, file) in all() {
        let mut ways = BTreeSet::new();
        let mut decoder = Decoder::new(Options::default());
        decoder.feed(&file);
        while let Some(item) = decoder.next_item().expect(name) {
            let Item::Entry(entry) = item else { continue };
            match entry.value.value_type() {
                ValueType::String => drop(ways.insert(way(entry.value.bytes()[0]))),
                // The first length is the count, the others tell what the nodes are.
                ValueType::ListQuicklist2 => ways.extend(entry.value.parts().skip(1).filter_map(node)),
                _ => {}
            }
        }
        let nodes: &[&str] = if name == "redis-6.0" { &[] } else { &["plain node", "packed node"] };
        let strings =
            ["6-bit length", "14-bit length", "8-bit integer", "16-bit integer", "32-bit integer", "compressed"];
        assert_eq!(ways, strings.iter().chain(nodes).copied().collect::<BTreeSet<_>>(), "{name}");
    }
}

fn way(first: u8) -> &'static str {
    match first {
        0..=0x3f => "6-bit length",
        0x40..=0x7f => "14-bit length",
        0x80 => "32-bit length",
        0xc0 => "8-bit integer",
        0xc1 => "16-bit integer",
        0xc2 => "32-bit integer",
        0xc3 => "compressed",
        _ => "unknown",
    }
}

fn node(part: Result<Part<'_>, Error>) -> Option<&'static str> {
    match part.expect("a part") {
        Part::Length(1) => Some("plain node"),
        Part::Length(2) => Some("packed node"),
        _ => None,
    }
}

#[test]
fn functions_are_handed_out_as_source() {
    for (name, file) in all() {
        let mut decoder = Decoder::new(Options::default());
        let mut libraries = 0;
        decoder.feed(&file);
        while let Some(item) = decoder.next_item().expect(name) {
            if let Item::Function(source) = item {
                assert!(source.starts_with(b"#!lua name="), "{name}");
                libraries += 1;
            }
        }
        assert_eq!(libraries, if name == "redis-6.0" { 0 } else { 2 }, "{name}");
    }
}

#[test]
fn a_truncated_file_is_an_error_of_finish() {
    let (_, file) = all().swap_remove(4);
    for len in (0..file.len()).step_by(97) {
        let error = summarize(&file[..len]).expect_err("the file is not whole");
        assert_eq!((error.kind(), error.offset()), (ErrorKind::UnexpectedEnd, len as u64));
    }
}
