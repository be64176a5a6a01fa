//! Streams whose pending entries lie above their last ID, or were deleted on a server that did not count: what
//! `XINFO STREAM FULL` says of them on the target.

use rdb::{Losses, Options, RewriteOptions};
use testbed::{Server, Value, cmd};

use super::hazards::source;
use super::transfer::{load, save, start};

const TARGETS: [&str; 5] = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"];

/// What a server says of the stream `s`, these facts left out.
fn info(server: &Server, without: &[&str]) -> String {
    let command = cmd("XINFO").args(["STREAM", "s", "FULL", "COUNT", "0"]);
    let mut facts = String::new();
    describe(&server.conn().unwrap().call(command).unwrap(), without, &mut facts);
    facts
}

fn describe(value: &Value, without: &[&str], facts: &mut String) {
    match value {
        Value::Array(items) => {
            facts.push_str(" [");
            let mut items = items.iter();
            while let Some(item) = items.next() {
                if matches!(item, Value::Bulk(word) if without.iter().any(|name| name.as_bytes() == &**word)) {
                    items.next();
                } else {
                    describe(item, without, facts);
                }
            }
            facts.push_str(" ]");
        }
        Value::Bulk(word) => facts.push_str(&format!(" {}", word.escape_ascii())),
        other => facts.push_str(&format!(" {other:?}")),
    }
}

/// What a server's own encoding and clock make, and what only some servers have.
const OWN: [&str; 4] = ["radix-tree-keys", "radix-tree-nodes", "seen-time", "active-time"];

/// What servers count since Redis 7.0.
const COUNTED: [&str; 5] = ["max-deleted-entry-id", "entries-added", "recorded-first-entry-id", "entries-read", "lag"];

#[track_caller]
fn check(source_name: &str, source: &Server) {
    let file = save(source);
    let from_old = source_name == "redis-6.0";
    for name in TARGETS {
        for chunks in [Options::default(), Options::default().whole_value_limit(0).chunk_size(9)] {
            let target = start(name);
            let losses = load(&file, chunks, &target, name, RewriteOptions::default());
            let counters = name != "redis-6.0";
            if counters || from_old {
                assert_eq!(losses, Losses::default(), "{source_name} to {name}");
            }
            if counters && from_old {
                let facts = info(&target, &[]);
                assert!(facts.contains(" max-deleted-entry-id 0-0 "), "{name}: {facts}");
            }
            let without = if counters && !from_old { OWN.to_vec() } else { [&OWN[..], &COUNTED].concat() };
            assert_eq!(info(&target, &without), info(source, &without), "{source_name} to {name}");
        }
    }
}

const ABOVE: &str = "XADD s 3-0 a b
    XADD s 5-0 a b
    XGROUP CREATE s g 0
    XREADGROUP GROUP g c STREAMS s >";

#[test]
fn what_was_trimmed_may_lie_above_the_last_id() {
    for name in ["redis-7.0", "redis-8.0", "valkey-9.1"] {
        let server = source(name, &[ABOVE, "XTRIM s MAXLEN 0\nXSETID s 4-0\nXADD s 4-5 a b"]);
        check(name, &server);
    }
}

#[test]
fn what_an_old_server_deleted_may_lie_above_the_last_id() {
    let server = source("redis-6.0", &[ABOVE, "XDEL s 5-0\nXSETID s 4-0"]);
    check("redis-6.0", &server);
}

#[test]
fn a_stream_that_outlived_an_upgrade_has_deleted_nothing() {
    let old = source("redis-6.0", &[ABOVE, "XADD s 6-0 a b\nXDEL s 3-0\nXDEL s 6-0\nXADD s 7-0 a b"]);
    let Value::Bulk(payload) = old.conn().unwrap().call("DUMP s").unwrap() else { panic!("a payload") };
    let new = start("redis-7.0");
    new.conn().unwrap().call(cmd("RESTORE").args(["s", "0"]).arg(payload)).unwrap();
    assert!(info(&new, &[]).contains(" max-deleted-entry-id 0-0 "));
    check("redis-7.0", &new);
}
