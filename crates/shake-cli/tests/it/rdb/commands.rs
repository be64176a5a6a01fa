//! `commands`: what is written, and what a real server makes of it.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

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

#[test]
fn a_closed_pipe_ends_with_a_sentence() {
    for command in ["json", "commands"] {
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
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{sentence}");
        assert_eq!(sentence, "shake-cli: standard output cannot be written: Broken pipe (os error 32)\n");
    }
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

#[test]
fn files_of_real_servers_are_taken_without_an_error() {
    let server = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    for (name, bytes) in
        fixtures().into_iter().filter(|(name, _)| name.contains("redis-6.0") || name.contains("redis-7.0"))
    {
        let ran = rdb(&["commands", "--target", "redis-7.0", "--replace"], &bytes).well();
        let said = pipe(&server, &ran.out);
        assert!(said.contains("errors: 0"), "{name}: {said}");
    }
}
