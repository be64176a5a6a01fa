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
    let sentence = "shake-cli: standard input: no REDIS or VALKEY magic at offset 0 while reading the header, before the first key";
    assert_eq!(text.failed(1), sentence);
}
