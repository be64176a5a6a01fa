//! How much memory the largest values take here, while the target is slower than the source.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testbed::{Conn, Random, Server, ServerSpec, cmd};

use super::keyspace;
use super::tool::{Tool, config, wait_until};

/// The most that the process may take, whatever it carries.
const MOST: u64 = 64 << 20;

/// A server for itself, with more patience for slow replicas than the defaults have.
fn server() -> Server {
    let spec = ServerSpec::new("redis-7.0")
        .option("client-output-buffer-limit", "replica 0 0 0")
        .option("repl-timeout", "600")
        .option("enable-debug-command", "local");
    Server::start(spec).unwrap()
}

/// Copies what `fill` makes, with the target standing still most of the time, and answers the peak.
fn peak(advanced: &str, fill: impl Fn(&mut Conn), check: impl Fn(&mut Conn, &mut Conn)) {
    let (source, target) = (server(), Arc::new(server()));
    let mut conn = source.conn().unwrap();
    conn.set_timeout(Duration::from_secs(300)).unwrap();
    fill(&mut conn);
    let settings = format!("backlog_memory = \"16mb\"\n{advanced}");
    let tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), &settings));
    let stop = Arc::new(AtomicBool::new(false));
    let slow = thread::spawn({
        let (target, stop) = (Arc::clone(&target), Arc::clone(&stop));
        move || {
            while !stop.load(Ordering::Relaxed) {
                target.pause().unwrap();
                thread::sleep(Duration::from_millis(60));
                target.cont().unwrap();
                thread::sleep(Duration::from_millis(40));
            }
        }
    });
    let started = Instant::now();
    while tool.count_in_log("following the stream") == 0 {
        assert!(started.elapsed() < Duration::from_secs(600), "{}", tool.log());
        thread::sleep(Duration::from_millis(50));
    }
    stop.store(true, Ordering::Relaxed);
    slow.join().unwrap();
    let mut other = target.conn().unwrap();
    other.set_timeout(Duration::from_secs(300)).unwrap();
    wait_until("all of it", || keyspace::size(&mut other) == keyspace::size(&mut conn));
    check(&mut conn, &mut other);
    let peak = tool.usage().peak_rss;
    println!("peak {} MiB, {:?}", peak >> 20, started.elapsed());
    assert!(peak < MOST, "{} MiB\n{}", peak >> 20, tool.log());
    assert!(keyspace::passing(&mut other).is_empty());
    tool.end();
}

/// Compares with what the servers themselves say of a key.
fn same_digest(source: &mut Conn, target: &mut Conn) {
    let digest = |conn: &mut Conn| conn.call("DEBUG DIGEST-VALUE k").unwrap().items()[0].text();
    assert_eq!(digest(source), digest(target));
}

const IN_MEMORY: &str = "backlog_disk = 0";

fn hash(conn: &mut Conn) {
    for batch in 0..300 {
        let mut command = cmd("HSET k");
        for index in 0..10_000 {
            let field = batch * 10_000 + index;
            command = command.arg(format!("field:{field}")).arg(format!("value number {field}"));
        }
        conn.call(command).unwrap();
    }
}

fn list(conn: &mut Conn) {
    for batch in 0..100 {
        conn.call(cmd("RPUSH k").args((0..10_000).map(|index| format!("{batch}:{index}:{}", "x".repeat(index % 200)))))
            .unwrap();
    }
}

/// What cannot be compressed, to the last byte that a server takes.
fn string(conn: &mut Conn) {
    let mut random = Random::new(1);
    for piece in 0..128 {
        conn.call(cmd("SETRANGE k").arg(piece << 22).arg(random.bytes(4 << 20))).unwrap();
    }
}

/// What is next to nothing in the snapshot.
fn zeros(conn: &mut Conn) {
    conn.call(cmd("SETRANGE k").arg((512 << 20) - 1).arg("x")).unwrap();
    conn.call(cmd("SETRANGE shorter").arg((80 << 20) - 1).arg("x")).unwrap();
}

fn stream(conn: &mut Conn) {
    for batch in 0..200 {
        let entries: Vec<_> = (0..5_000)
            .map(|index| {
                cmd("XADD k").arg(format!("{}-1", batch * 5_000 + index + 1)).arg("a field's long name").arg(index)
            })
            .collect();
        conn.pipeline(&entries).unwrap();
    }
    conn.call("XGROUP CREATE k g 0").unwrap();
    conn.call("XREADGROUP GROUP g alice COUNT 20000 STREAMS k >").unwrap();
}

#[test]
#[ignore = "long: make test-long"]
fn a_hash_of_three_million_fields() {
    peak(IN_MEMORY, hash, same_digest);
}

#[test]
#[ignore = "long: make test-long"]
fn a_list_of_a_million_elements() {
    peak(IN_MEMORY, list, same_digest);
}

#[test]
#[ignore = "long: make test-long"]
fn a_string_of_512_mib() {
    peak(IN_MEMORY, string, same_digest);
}

#[test]
#[ignore = "long: make test-long"]
fn a_string_of_512_mib_with_the_backlog_on_disk() {
    peak("", string, same_digest);
}

#[test]
#[ignore = "long: make test-long"]
fn strings_of_zeros() {
    peak(IN_MEMORY, zeros, same_digest);
}

#[test]
#[ignore = "long: make test-long"]
fn a_stream_of_a_million_entries() {
    peak(IN_MEMORY, stream, |source, target| {
        for command in ["XLEN k", "XPENDING k g"] {
            assert_eq!(source.call(command).unwrap(), target.call(command).unwrap());
        }
    });
}
