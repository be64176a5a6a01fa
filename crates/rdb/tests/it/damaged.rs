//! Damaged files, bombs, and payloads that once broke servers, fail with what is wrong and where.

use rdb::{Error, ErrorKind, Options};
use serde_json::Value;

use crate::corpus;
use crate::file::build;
use crate::logical::{Contents, Logical, decode};
use crate::manifest;

/// Files of the corpus, and what is wrong with them.
const FILES: &[(&str, &str)] = &[
    ("redis-librdb/invalid_chksum_v8.rdb", "checksum mismatch at offset 201 while reading the checksum"),
    ("redis-redis/corrupt_ziplist.rdb", "bad packed header at offset 489 while reading a hash-ziplist value"),
    (
        "valkey-io-valkey/encodings-rdb75-unknown-types.rdb",
        "unknown type or opcode 150 at offset 91 while reading the code of a record",
    ),
    (
        "valkey-io-valkey/encodings-rdb987-unknown-types.rdb",
        "unknown type or opcode 150 at offset 91 while reading the code of a record",
    ),
    ("synthetic/crc_bad_v11.rdb", "checksum mismatch at offset 17 while reading the checksum"),
    // The count of 2^60 is believed only as far as there are fields: the third is the end-of-file opcode.
    (
        "synthetic/hash_count_bomb_v11.rdb",
        "illegal string encoding 63 at offset 27 while reading a hash-hashtable value",
    ),
    ("synthetic/lzf_bomb_v11.rdb", "1099511627776 bytes are over the limit at offset 14 while reading a string value"),
    ("synthetic/no_eof_opcode_v11.rdb", "unexpected end of input at offset 16 while reading the code of a record"),
    ("synthetic/trunc_in_crc_v11.rdb", "unexpected end of input at offset 22 while reading the checksum"),
];

/// Payloads that once crashed a server, and what is wrong with them; the value starts at offset 12.
#[rustfmt::skip]
const PAYLOADS: &[(&str, &str)] = &[
    ("null", "bad packed entry at offset 36 while reading a quicklist value"),
    ("hash with valid zip list header, invalid entry len", "bad packed entry at offset 31 while reading a hash-ziplist value"),
    ("zipmap value length integer overflow", "bad packed entry at offset 14 while reading a hash-zipmap value"),
    ("quicklist ziplist wrong count", "wrong number of packed entries at offset 32 while reading a quicklist value"),
    ("quicklist listpack entry start with EOF", "bad packed entry at offset 24 while reading a quicklist-v2 value"),
    ("#3080 - ziplist", "bad packed header at offset 17 while reading a list-ziplist value"),
    ("listpack very long entry len", "bad packed entry at offset 72 while reading a stream value"),
    ("listpack too long entry prev len", "bad packed entry at offset 40 while reading a stream value"),
    ("listpack NPD on invalid stream", "bad packed entry at offset 79 while reading a stream value"),
    ("NPD in quicklistIndex", "wrong number of packed entries at offset 32 while reading a quicklist value"),
    ("encoded entry header reach outside the allocation", "bad packed entry at offset 33 while reading a hash-ziplist value"),
    ("uneven entry count in hash", "bad packed entry at offset 59 while reading a hash-ziplist value"),
    ("invalid read in lzf_decompress", "illegal string encoding 63 at offset 18 while reading a set-hashtable value"),
    ("valgrind - bad rdbLoadDoubleValue", "unknown type or opcode 74 at offset 32 while reading the code of a record"),
    ("stream integrity check issue", "bad stream node at offset 30 while reading a stream value"),
    ("infinite loop", "bad packed entry at offset 83 while reading a stream value"),
    ("hash ziplist too long entry len", "bad packed entry at offset 29 while reading a hash-ziplist value"),
    ("negative reply length", "bad packed entry at offset 79 while reading a stream value"),
    ("valgrind negative malloc", "15480560769133314048 bytes are over the limit at offset 13 while reading a quicklist value"),
    ("stream with no records", "bad packed entry at offset 95 while reading a stream value"),
    ("quicklist ziplist tail followed by extra data which start with 0xff", "bad packed entry at offset 26 while reading a quicklist value"),
    ("dict init to huge size", "unexpected end of input at offset 29 while reading a set-hashtable value"),
    ("stream listpack valgrind issue", "bad packed entry at offset 95 while reading a stream value"),
    ("stream with bad lpFirst", "bad packed entry at offset 38 while reading a stream value"),
    ("stream listpack lpPrev valgrind issue", "bad stream node at offset 32 while reading a stream value"),
    ("empty zset", "illegal string encoding 0 at offset 12 while reading a zset-v2 value"),
    ("hash with len of 0", "illegal string encoding 0 at offset 12 while reading a hash-hashtable value"),
    ("hash listpack first element too long entry len", "bad packed entry at offset 19 while reading a hash-listpack value"),
    ("lpFind invalid access", "bad packed entry at offset 67 while reading a hash-listpack value"),
    ("invalid access in ziplist tail prevlen decoding", "bad packed entry at offset 64 while reading a quicklist value"),
    ("zset zslInsert with a NAN score", "bad score at offset 100 while reading a zset-v2 value"),
    ("zset ziplist with NAN score", "bad score at offset 13 while reading a zset-ziplist value"),
    ("stream listpack with negative field count", "bad stream node at offset 31 while reading a stream-v3 value"),
    ("stream listpack with negative deleted count", "bad stream node at offset 31 while reading a stream-v3 value"),
    ("valgrind fishy value warning", "illegal string encoding 16 at offset 99 while reading a stream-v2 value"),
    ("quicklist big ziplist prev len", "bad packed entry at offset 28 while reading a quicklist value"),
    ("quicklist small ziplist prev len", "bad packed entry at offset 28 while reading a quicklist value"),
    ("valgrind ziplist prevlen reaches outside the ziplist", "bad packed entry at offset 60 while reading a quicklist value"),
    ("valgrind ziplist prev too big", "bad packed entry at offset 30 while reading a quicklist value"),
    ("empty set listpack", "wrong number of packed entries at offset 19 while reading a set-listpack value"),
];

/// Payloads that servers refuse, but that can be read.
const READABLE: &[&str] = &[
    // Twice the same: handed out twice.
    "stream with duplicate consumers",
    "hash listpack with duplicate records - convert",
    "hash ziplist uneven record count",
    "hash duplicate records",
    "leak in rdbloading due to dup entry in set",
    "set with duplicate elements causes sdiff to hang",
    // Where the last entry is, for who walks backwards.
    "zset ziplist invalid tail offset",
    // An element of its own that is empty.
    "quicklist encoded_len is 0",
];

/// Decodes whole and in the smallest chunks: what is wrong is the same.
fn decode_both_ways(bytes: &[u8]) -> Result<Contents, Error> {
    let options = Options::default().accept_unknown_version(true);
    let whole = decode(bytes, &options, []);
    let chunks = decode(bytes, &options.whole_value_limit(0).chunk_size(1), std::iter::repeat(1));
    match (&whole, &chunks) {
        (Err(whole), Err(chunks)) => assert_eq!((whole.kind(), whole.offset()), (chunks.kind(), chunks.offset())),
        _ => assert_eq!(whole, chunks),
    }
    whole
}

fn sentence(bytes: &[u8]) -> String {
    decode_both_ways(bytes).map_or_else(|error| error.to_string(), |_| "it decodes".to_owned())
}

#[test]
fn damaged_files_fail_where_they_are_damaged_and_no_others_do() {
    let corpus = corpus::path();
    let Some(rows) = manifest::read(&corpus) else {
        manifest::say_skipped(&corpus);
        return;
    };
    let mut found = Vec::new();
    for row in &rows {
        let bytes = std::fs::read(corpus.join(&row.file)).expect("a file of the manifest");
        let snapshot = if row.file.ends_with(".psync") { corpus::strip_framing(&bytes) } else { &bytes };
        if let Err(error) = decode(snapshot, &Options::default().accept_unknown_version(true), []) {
            assert_eq!(sentence(snapshot), error.to_string());
            found.push((row.file.trim_start_matches("given/"), error.to_string()));
        }
    }
    let expected: Vec<_> = FILES.iter().map(|(file, sentence)| (*file, (*sentence).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn empty_collections_that_servers_refuse_are_handed_out() {
    let Ok(bytes) = std::fs::read(corpus::path().join("given/redis-redis/corrupt_empty_keys.rdb")) else {
        manifest::say_skipped(&corpus::path());
        return;
    };
    let contents = decode_both_ways(&bytes).expect("readable");
    assert_eq!(contents.keys.len(), 9);
    for found in contents.keys {
        let empty = match &found.value {
            Logical::List(items) | Logical::Set(items) => items.is_empty(),
            Logical::SortedSet(members) => members.is_empty(),
            Logical::Hash(fields) => fields.is_empty(),
            _ => false,
        };
        assert!(empty, "{found:?}");
    }
}

#[test]
fn payloads_that_broke_servers_fail_where_they_are_damaged() {
    let path = corpus::path().join("given/corrupt/corrupt_dump_payloads.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        manifest::say_skipped(&path);
        return;
    };
    let payloads: Value = serde_json::from_str(&text).expect("JSON");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for payload in payloads["payloads"].as_array().expect("payloads") {
        let name = payload["test"].as_str().unwrap_or("null").trim_start_matches("corrupt payload: ");
        let name = name.trim_start_matches("fuzzer findings - ");
        let found = sentence(&snapshot_of(payload));
        let listed = PAYLOADS.iter().find(|(listed, _)| *listed == name).map(|(_, sentence)| *sentence);
        let expected = listed.or(READABLE.contains(&name).then_some("it decodes"));
        if expected != Some(&found) {
            wrong.push(format!("{name}: {found}, not {expected:?}"));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, PAYLOADS.len() + READABLE.len());
}

/// A file with the payload as its only value.
fn snapshot_of(payload: &Value) -> Vec<u8> {
    let bytes = base64(payload["payload_b64"].as_str().expect("a payload"));
    let (value, _) = bytes.split_at(bytes.len() - rdb::DUMP_FOOTER_LEN);
    let record = [&value[..1], b"\x01k", &value[1..]].concat();
    build(&format!("REDIS{:04}", payload["rdbver"].as_u64().expect("a version")), &[&record])
}

/// The bytes that a text in base64 stands for.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = text.trim_end_matches('=');
    let digit = |digit| DIGITS.find(digit).and_then(|value| u8::try_from(value).ok()).expect("a digit of base64");
    let bits: Vec<bool> =
        text.chars().map(digit).flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1 == 1)).collect();
    bits.chunks_exact(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
}

#[test]
fn compressed_bombs_within_the_limit_fail_too() {
    // 500 MiB that three bytes are said to expand to, in every place where a string may stand.
    let bomb = b"\xc3\x03\x80\x1f\x40\0\0\x01ab";
    for (code, count) in [
        (0_u8, &b""[..]),
        (1, b"\x01"),
        (2, b"\x01"),
        (4, b"\x01"),
        (10, b""),
        (11, b""),
        (12, b""),
        (13, b""),
        (14, b"\x01"),
        (16, b""),
        (17, b""),
        (18, b"\x01\x01"),
        (18, b"\x01\x02"),
        (20, b""),
    ] {
        let record = [&[code], &b"\x01k"[..], count, bomb, b"\x01v\x01v"].concat();
        let error = decode_both_ways(&build("REDIS0011", &[&record])).expect_err("a bomb");
        assert_eq!(error.kind(), ErrorKind::BadLzf, "type {code}: {error}");
    }
}
