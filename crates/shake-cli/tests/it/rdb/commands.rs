//! `commands`: what is written, and what a real server makes of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use ::rdb::{Decoder, Digest, DigestScope, Digester, ElementReader, Item, Options};
use testbed::{Scratch, Server, ServerSpec, cmd, find_server};

use super::file::{
    aux, damaged_key, expire_at, fixtures, hash, key, length, scores, snapshot, string, strings, text_key,
};
use super::tool::rdb;

#[test]
fn commands_are_resp() {
    let file =
        snapshot(&[&aux("redis-ver", "7.2.4"), b"\xfe\x01", &text_key("k", "v"), &key(2, "s", &strings(&["a"]))]);
    let ran = rdb(&["commands"], &file).well();
    insta::assert_snapshot!(ran.text().replace("\r\n", " "), @"*2 $6 SELECT $1 1 *3 $3 SET $1 k $1 v *3 $4 SADD $1 s $1 a ");
    assert_eq!(ran.err, "shake-cli: 2 keys read, commands written for redis-7.2\n");
    let nameless = rdb(&["commands"], &snapshot(&[&text_key("k", "v")])).well();
    assert!(nameless.err.contains("the target is assumed"), "{}", nameless.err);
    let replaced = rdb(&["commands", "--replace", "--target", "redis-6.0", "--key", "s"], &file).well();
    insta::assert_snapshot!(replaced.text().replace("\r\n", " "), @"*2 $6 SELECT $1 1 *2 $6 UNLINK $1 s *3 $4 SADD $1 s $1 a ");
}

#[test]
fn what_is_lost_is_said() {
    // A hash whose field expires, for a server where fields cannot; a module's value; an empty list.
    let fields = [&string("f")[..], &string("v"), &9_999_999_999_999_i64.to_le_bytes()].concat();
    let module = [&[0x81], &1024_u64.to_be_bytes()[..], &[2, 5, 0]].concat();
    let records = [
        key(22, "h\n", &[length(1), fields].concat()),
        key(7, "m", &module),
        key(1, "l", &strings(&[])),
        damaged_key("d"),
        text_key("k", "v"),
    ];
    let file = [b"VALKEY080", &records.concat()[..], b"\xff\0\0\0\0\0\0\0\0"].concat();
    let ran = rdb(&["commands", "--target", "redis-7.0"], &file);
    insta::assert_snapshot!(ran.failed(1));
    assert!(ran.text().ends_with("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"), "{}", ran.text());
}

#[test]
fn a_wrong_target_is_a_wrong_argument() {
    insta::assert_snapshot!(rdb(&["commands", "--target", "oracle-9"], b"").failed(2), @"shake-cli: --target oracle-9: not a server like redis-7.0 or valkey-9.1");
}

/// Runs a command whose standard output nobody reads.
fn unread(command: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shake-cli"))
        .args(["rdb", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads any more before anything can be written.
    drop(child.stdout.take());
    let file = snapshot(&[&text_key("k", "v")]);
    child.stdin.take().unwrap().write_all(&file).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_reader_that_goes_away_has_what_it_wanted() {
    for command in ["check", "json", "stats"] {
        assert_eq!(unread(command), (Some(0), String::new()), "{command}");
    }
    // But a server that does not take all commands has not.
    let sentence = "shake-cli: standard output cannot be written: Broken pipe (os error 32)\n";
    assert_eq!(unread("commands"), (Some(1), sentence.to_owned()));
}

/// A function library, as a record.
fn library(name: &str) -> Vec<u8> {
    let source = format!("#!lua name={name}\nredis.register_function('{name}', function() return 7 end)");
    [&[0xf5], &string(source)[..]].concat()
}

#[test]
fn functions_belong_to_the_whole_file() {
    let file = snapshot(&[&library("one"), &library("two"), b"\xfe\x00", &text_key("k", "v")]);
    let whole = rdb(&["commands", "--target", "redis-7.0"], &file).well();
    assert_eq!(whole.err, "shake-cli: 1 key and 2 function libraries read, commands written for redis-7.0\n");
    assert!(
        whole.text().contains("FUNCTION\r\n$4\r\nLOAD\r\n") && !whole.text().contains("REPLACE"),
        "{}",
        whole.text()
    );
    let replaced = rdb(&["commands", "--target", "redis-7.0", "--replace"], &file).well();
    assert_eq!(replaced.text().matches("LOAD\r\n$7\r\nREPLACE").count(), 2, "{}", replaced.text());
    for filter in [["--key", "k"], ["--type", "string"], ["--db", "0"]] {
        let some = rdb(&["commands", "--target", "redis-7.0", filter[0], filter[1]], &file).well();
        assert!(!some.text().contains("FUNCTION"), "{}", some.text());
        assert!(some.err.starts_with("shake-cli: 2 function libraries left out"), "{}", some.err);
    }
    let none = rdb(&["commands", "--target", "redis-6.0"], &file);
    assert!(none.failed(1).contains("the target has no functions") && !none.text().contains("FUNCTION"));
}

#[test]
fn only_databases_with_keys_are_selected() {
    let file = snapshot(&[b"\xfe\x01", &text_key("a", "1"), b"\xfe\x02", &text_key("b", "2")]);
    let ran = rdb(&["commands", "--key", "b"], &file).well();
    insta::assert_snapshot!(ran.text().replace("\r\n", " "), @"*2 $6 SELECT $1 2 *3 $3 SET $1 b $1 2 ");
}

/// A sorted set in the old form, with a score that is none at its end.
fn damaged_at_its_end(members: usize) -> Vec<u8> {
    let mut value = length(members + 1);
    for number in 0..members {
        value.extend_from_slice(&string(format!("member number {number}")));
        value.extend_from_slice(b"\x011");
    }
    value.extend_from_slice(b"\x01m\x01x");
    value
}

#[test]
fn no_half_value_stays() {
    let damaged = snapshot(&[&key(3, "board", &damaged_at_its_end(40_000)), &text_key("k", "v")]);
    let cut = &damaged[..damaged.len() / 2];
    for (target, deletion) in
        [("redis-7.0", "*2\r\n$6\r\nUNLINK\r\n$5\r\nboard\r\n"), ("redis-3.2", "*2\r\n$3\r\nDEL\r\n$5\r\nboard\r\n")]
    {
        for file in [&damaged[..], cut] {
            let ran = rdb(&["commands", "--target", target], file);
            let said = ran.failed(1);
            assert!(said.contains("key \"board\" is deleted again, so that no half value stays"), "{said}");
            let at = ran.text().rfind(deletion).expect("it is deleted");
            assert!(at > ran.text().rfind("ZADD").unwrap(), "behind its last part");
        }
    }
    // Of a value that comes whole nothing was written.
    let small = snapshot(&[&key(3, "board", &damaged_at_its_end(4)), &text_key("k", "v")]);
    let ran = rdb(&["commands", "--replace"], &small);
    assert!(!ran.failed(1).contains("deleted") && !ran.text().contains("board"), "{}", ran.text());
}

/// Pipes commands into a server with `redis-cli --pipe`; what that says.
fn pipe(server: &Server, commands: &[u8]) -> String {
    let folder = Scratch::new("rdb-pipe").unwrap();
    let path = folder.path().join("commands");
    std::fs::write(&path, commands).unwrap();
    let client = find_server("redis-7.0").unwrap().with_file_name("redis-cli-7.0");
    let output = Command::new(client)
        .args(["-p", &server.addr().port().to_string(), "--pipe"])
        .stdin(File::open(path).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_server_takes_what_was_written() {
    let large: Vec<String> = (0..40_000).map(|number| format!("item number {number}")).collect();
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    let file = snapshot(&[
        b"\xfe\x00",
        &expire_at(4_102_444_800_000),
        &text_key("greeting", "h\u{e9}llo"),
        &key(4, "user", &hash(&[("name", "Ann"), ("age", "7")])),
        &key(5, "board", &scores(&[("m", 0.5), ("n", f64::INFINITY)])),
        &key(1, "large", &strings(&large)),
    ]);
    let server = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let ran = rdb(&["commands", "--target", "redis-7.0"], &file).well();
    let said = pipe(&server, &ran.out);
    assert!(said.contains("errors: 0"), "{said}");
    let mut conn = server.conn().unwrap();
    let mut ask = |words: &[&str]| conn.call(cmd(words[0]).args(words[1..].iter().copied())).unwrap().text();
    assert_eq!(ask(&["DBSIZE"]), "4");
    assert_eq!(ask(&["PEXPIRETIME", "greeting"]), "4102444800000");
    assert_eq!(ask(&["GET", "greeting"]), "h\u{e9}llo");
    assert_eq!(ask(&["HGET", "user", "name"]), "Ann");
    assert_eq!([ask(&["LLEN", "large"]), ask(&["LINDEX", "large", "-1"])], ["40000", "item number 39999"]);
    assert_eq!([ask(&["ZSCORE", "board", "m"]), ask(&["ZSCORE", "board", "n"])], ["0.5", "inf"]);
}

/// The digest of each key, by database and name.
fn digests(file: &[u8], scope: DigestScope) -> BTreeMap<(u32, Vec<u8>), Digest> {
    let options = Options::default();
    let (mut decoder, mut reader) = (Decoder::new(options.clone()), ElementReader::new(&options));
    let (mut digester, mut found, mut current) = (Digester::new(scope), BTreeMap::new(), None);
    decoder.feed(file);
    while !decoder.is_done() {
        let item = decoder.next_item().unwrap().unwrap();
        let key = match &item {
            Item::Entry(entry) => Some(&entry.key),
            Item::ValueBegin(key) => Some(key),
            _ => None,
        };
        if let Some(key) = key {
            current = Some((key.db, key.name.to_vec(), key.expire_at_ms));
        }
        if let Some(value) = digester.item(&mut reader, &item).unwrap() {
            let (db, name, expire_at_ms) = current.take().unwrap();
            let digest = Digest::of_key(&name, Some(db), expire_at_ms, value);
            assert_eq!(found.insert((db.0, name), digest), None);
        }
    }
    found
}

#[test]
fn servers_hold_what_their_files_held() {
    let mut sources = 0;
    for (path, file) in fixtures() {
        let stem = Path::new(&path).file_stem().unwrap().to_str().unwrap();
        let name = stem.trim_end_matches("-plain").trim_end_matches("-cluster");
        let server = Server::start(ServerSpec::new(name).option("save", "")).unwrap();
        let ran = rdb(&["commands", "--target", name], &file).well();
        let said = pipe(&server, &ran.out);
        assert!(said.contains("errors: 0"), "{stem}: {said}");
        server.conn().unwrap().call("SAVE").unwrap();
        let saved = std::fs::read(server.folder().join("dump.rdb")).unwrap();
        // Entries count as handed out when the commands say so, as far as the clock allows.
        let scope = DigestScope::default().delivery_times(false);
        let (before, after) = (digests(&file, scope), digests(&saved, scope));
        assert!(!before.is_empty(), "{stem}");
        assert!(before.keys().eq(after.keys()), "{stem}: other keys");
        for (key, digest) in &before {
            assert_eq!(after.get(key), Some(digest), "{stem}: {} in {}", key.1.escape_ascii(), key.0);
        }
        sources += 1;
    }
    assert!(sources >= 10, "{sources}");
}
