//! Expiries that count from now: from when the source said it, however long the target takes.

use std::thread;
use std::time::{Duration, Instant};

use testbed::{Command, Conn, Server, ServerSpec, cmd};

use super::tool::{Tool, config, wait_until};

/// What a TTL may differ by: reading two servers one after the other, and what is read at once has one time of receipt.
const TOLERANCE: i64 = 400;

/// All ways in which a source before 7.0 says how long a key is to live; the keys have the names of the commands.
fn expiring(seconds: u64) -> Vec<Command> {
    let millis = seconds * 1000;
    let lines = [
        "SET expire v".to_owned(),
        format!("EXPIRE expire {seconds}"),
        "RPUSH pexpire a b".to_owned(),
        format!("pexpire pexpire {millis}"),
        format!("SETEX setex {seconds} v"),
        format!("PSETEX psetex {millis} v"),
        format!("SET set v EX {seconds} NX"),
        format!("SET setpx v PX {millis}"),
        "MULTI".to_owned(),
        format!("SET {{multi}}1 v EX {seconds}"),
        "INCR {multi}2".to_owned(),
        format!("EXPIRE {{multi}}2 {seconds}"),
        "EXEC".to_owned(),
        "SET number 1".to_owned(),
        format!("EXPIRE number {seconds}"),
        // In the stream this is SET number 2.5 KEEPTTL.
        "INCRBYFLOAT number 1.5".to_owned(),
    ];
    lines.iter().map(|line| line.as_str().into()).collect()
}

fn restores(source: &mut Conn, millis: u64) -> Vec<Command> {
    source.call("SET dumped v").unwrap();
    let payload = source.call("DUMP dumped").unwrap().bytes().unwrap().to_vec();
    let restore = |name: &str, key: &str| cmd(name).arg(key).arg(millis).arg(payload.clone());
    vec![
        restore("RESTORE", "restore"),
        restore("RESTORE-ASKING", "asking"),
        restore("RESTORE", "restore").arg("REPLACE"),
    ]
}

const KEYS: [&str; 11] =
    ["expire", "pexpire", "setex", "psetex", "set", "setpx", "{multi}1", "{multi}2", "number", "restore", "asking"];

fn ttl(conn: &mut Conn, key: &str) -> i64 {
    conn.call(["PTTL", key]).unwrap().integer().unwrap()
}

fn offset(conn: &mut Conn) -> u64 {
    conn.info("master_repl_offset").unwrap().parse().unwrap()
}

fn is_received(source: &mut Conn) -> bool {
    let offset = offset(source);
    source.info("slave0").unwrap().split(',').any(|part| part == format!("offset={offset}"))
}

fn count_from_their_receipt(target: &str, advanced: &str) {
    let source = Server::start(ServerSpec::new("redis-6.0")).unwrap();
    let target = Server::start(ServerSpec::new(target)).unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), advanced));
    tool.wait_for_log("following the stream");
    let mut conn = source.conn().unwrap();
    target.pause().unwrap();
    let paused = Instant::now();
    let commands: Vec<Command> = expiring(600).into_iter().chain(restores(&mut conn, 600_000)).collect();
    for reply in conn.pipeline(&commands).unwrap() {
        assert!(reply.error().is_none(), "{reply:?}");
    }
    conn.call("SETEX gone 1 v").unwrap();
    wait_until("the source to be rid of it", || is_received(&mut conn));
    // The pause is what is tested: it has to be longer than the tolerance.
    thread::sleep(Duration::from_millis(3000).saturating_sub(paused.elapsed()));
    target.cont().unwrap();
    conn.call("SET last 1").unwrap();
    let mut other = target.conn().unwrap();
    wait_until("the last key", || other.call("GET last").unwrap().bytes().is_some());
    for key in KEYS {
        let (expected, found) = (ttl(&mut conn, key), ttl(&mut other, key));
        assert!((expected - found).abs() < TOLERANCE, "{key}: {found} in place of {expected}\n{}", tool.log());
    }
    assert_eq!(other.call("GET number").unwrap().bytes(), Some(&b"2.5"[..]));
    assert_eq!(ttl(&mut other, "gone"), -2);
    tool.end();
}

#[test]
fn a_pause_of_the_target_does_not_shift_them() {
    count_from_their_receipt("redis-7.0", "");
}

#[test]
fn nor_at_a_target_without_absolute_expiries() {
    count_from_their_receipt("redis-6.0", "");
}
