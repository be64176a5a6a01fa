//! Where snapshots are read from.

use testbed::Scratch;

use super::file::{snapshot, text_key};
use super::tool::rdb;

#[test]
fn a_file_and_standard_input_are_the_same() {
    let folder = Scratch::new("rdb-input").unwrap();
    let path = folder.path().join("dump.rdb");
    let bytes = snapshot(&[&text_key("k", "v")]);
    std::fs::write(&path, &bytes).unwrap();
    let from_file = rdb(&["json", path.to_str().unwrap()], b"").well();
    for args in [&["json"][..], &["json", "-"]] {
        assert_eq!(rdb(args, &bytes).well().out, from_file.out);
    }
}

#[test]
fn what_cannot_be_opened_is_a_wrong_argument() {
    for command in ["check", "json", "commands", "stats"] {
        let missing = rdb(&[command, "/nowhere/dump.rdb"], b"");
        let sentence = "shake-cli: /nowhere/dump.rdb cannot be opened: No such file or directory (os error 2)";
        assert_eq!(missing.failed(2), sentence, "{command}");
        assert_eq!(rdb(&[command, "/"], b"").failed(2), "shake-cli: / is a folder, not a snapshot");
    }
}

#[test]
fn nothing_is_no_snapshot() {
    assert_eq!(rdb(&["check"], b"").failed(1), "shake-cli: standard input is empty");
    let text = rdb(&["check"], b"hello, world");
    let sentence = "shake-cli: standard input: no REDIS or VALKEY magic at offset 0 while reading the header";
    assert_eq!(text.failed(1), sentence);
    assert_eq!(text.text(), "bad: standard input is no snapshot\n");
}

#[test]
fn what_is_no_snapshot_comes_with_a_next_step() {
    let start = "shake-cli: standard input: no REDIS or VALKEY magic at offset 0 while reading the header: ";
    let manifest = b"file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
    for (input, step) in [
        (&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], "this is gzip; try zcat FILE | shake-cli rdb check -"),
        (b"\x28\xb5\x2f\xfd\x04\x58\x01\0\0\0", "this is zstd; try zstdcat FILE | shake-cli rdb check -"),
        (manifest, "this is the manifest of append-only files; the snapshot is appendonly.aof.1.base.rdb"),
    ] {
        for command in ["check", "json", "commands", "stats"] {
            assert_eq!(rdb(&[command], input).failed(1), format!("{start}{step}"), "{command}");
        }
    }
    let commands = rdb(&["check"], b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
    assert!(commands.failed(1).contains("commands of an append-only file"), "{}", commands.err);
}

#[test]
fn names_of_any_bytes_can_be_chosen() {
    let file = snapshot(&[&text_key(b"\xff\x00", "1"), &text_key(b"\xfe*", "2")]);
    for (pattern, keys) in [(r"\xff*", 1), (r"[\xf0-\xff]?", 2), (r"?\x2a", 1), (r"\x2a", 0)] {
        let json = rdb(&["json", "--key", pattern], &file).well().json();
        assert_eq!(json["keys"].as_array().unwrap().len(), keys, "{pattern}");
    }
}
