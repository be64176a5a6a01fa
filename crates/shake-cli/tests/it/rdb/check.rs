//! `check`: the report, and the first fault.

use super::file::{aux, damaged_key, expire_at, fixtures, hash, key, scores, snapshot, strings, text_key};
use super::tool::rdb;

fn mixed() -> Vec<u8> {
    snapshot(&[
        &aux("redis-ver", "7.2.4"),
        &aux("ctime", "1795486157"),
        b"\xfe\x00",
        &text_key("greeting", "hello"),
        &expire_at(1_795_486_158_000),
        &key(4, "user:1", &hash(&[("name", "Ann"), ("age", "7")])),
        &key(2, "tags", &strings(&["a", "b", "c"])),
        b"\xfe\x03",
        &key(5, "board", &scores(&[("m", 1.5)])),
    ])
}

#[test]
fn a_good_file_is_counted() {
    insta::assert_snapshot!(rdb(&["check"], &mixed()).well().text(), @r"
    standard input: REDIS version 11, written by redis 7.2.4, 2026-11-24 02:09:17 UTC
    facts: redis-ver 7.2.4, ctime 1795486157

    type    keys  bytes  elements
    hash       1   33 B         2
    set        1   13 B         3
    string     1   16 B         -
    zset       1   18 B         1

    database  keys  expiring
    0            3         1
    3            1         0
    all          4         1

    good: 4 keys, checksum switched off by the server: changed content cannot be noticed
    ");
}

#[test]
fn real_files_are_good_and_one_changed_byte_is_found() {
    for (name, mut bytes) in fixtures() {
        let report = rdb(&["check"], &bytes).well();
        assert!(report.text().contains("\ngood: "), "{name}: {}", report.text());
        if !report.text().ends_with("checksum verified\n") {
            // Without a checksum, a changed byte may be a changed letter.
            continue;
        }
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        let damaged = rdb(&["check"], &bytes);
        assert!(damaged.failed(1).contains(" at offset "), "{name}: {}", damaged.err);
    }
}

#[test]
fn the_first_damaged_value_is_named_and_the_others_counted() {
    let file = snapshot(&[
        &text_key("a", "1"),
        &damaged_key("b\n"),
        &damaged_key("c"),
        &damaged_key("d"),
        &text_key("e", "2"),
    ]);
    let checked = rdb(&["check"], &file);
    insta::assert_snapshot!(checked.failed(1), @r#"shake-cli: standard input: bad packed header at offset 19 while reading a hash-ziplist value, in the value of key "b\n"; 2 more values are damaged"#);
    assert!(checked.text().contains("string     2"), "{}", checked.text());
    assert!(!checked.text().contains("good"));
    assert!(checked.text().ends_with("; 2 more values are damaged\n"), "{}", checked.text());
    assert_eq!(checked.text().matches("\nbad: bad packed header at offset 19").count(), 1, "{}", checked.text());
    // Their structure is good, which is all that --raw looks at.
    assert!(rdb(&["check", "--raw"], &file).well().text().contains("good: 5 keys"));
}

#[test]
fn what_ends_the_file_comes_behind_the_damaged_value() {
    let mut file = snapshot(&[&damaged_key("b")]);
    file.pop();
    let checked = rdb(&["check"], &file);
    let sentence = checked.failed(1);
    assert!(sentence.contains("in the value of key \"b\"; then unexpected end of input at offset"), "{sentence}");
}

#[test]
fn a_wrong_checksum_says_what_could_be_read() {
    let mut file = snapshot(&[&text_key("k", "v")]);
    *file.last_mut().unwrap() = 1;
    let checked = rdb(&["check"], &file);
    assert!(
        checked.failed(1).contains("checksum mismatch")
            && checked.err.contains("; every value before it could be read")
    );
    assert!(rdb(&["check", "--raw"], &file).failed(1).contains("; the structure before it is whole"));
}

#[test]
fn bytes_behind_the_end_are_a_fault() {
    let good = snapshot(&[&text_key("k", "v")]);
    let noise = [&good[..], b"noise"].concat();
    insta::assert_snapshot!(rdb(&["check"], &noise).failed(1), @"shake-cli: standard input: bytes behind the end at offset 23 while reading past the end of the file");
    let aof = [&good[..], b"*1\r\n$4\r\nPING\r\n"].concat();
    insta::assert_snapshot!(rdb(&["check"], &aof).failed(1), @"shake-cli: standard input: bytes behind the end at offset 23 while reading past the end of the file: commands of an append-only file, whose preamble the snapshot is; all of the snapshot was read, none of the commands");
}

#[test]
fn empty_collections_are_noted() {
    let file = snapshot(&[&key(4, "none", &hash(&[])), &key(1, "nil", &strings(&[])), &text_key("empty", "")]);
    let report = rdb(&["check"], &file).well();
    let note = "note: 2 empty collections, which servers refuse or leave out; the first is key \"none\"\n";
    assert!(report.text().contains(note), "{}", report.text());
}

#[test]
fn a_file_cut_anywhere_is_a_fault_and_no_crash() {
    let file = mixed();
    for end in 1..file.len() {
        let checked = rdb(&["check"], &file[..end]);
        assert!(checked.failed(1).contains("unexpected end of input at offset"), "{end}: {}", checked.err);
    }
}
