//! Values that are too large to be held whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use testbed::{Cluster, ClusterSpec, Conn, Random, Server, ServerSpec, cmd, key_for_slot, wait_equal};

use super::keyspace;
use super::tool::{PATIENCE, Tool, config, wait_until};

/// A source that sends its snapshot in one go, and keeps it as it is.
fn server(name: &str) -> Server {
    Server::start(ServerSpec::new(name).option("rdbcompression", "no")).unwrap()
}

/// One giant of each kind, of several MiB.
fn fill(conn: &mut Conn, prefix: &str) {
    let mut random = Random::new(3);
    let key = |kind: &str| format!("{prefix}{kind}");
    for batch in 0..40 {
        let (mut list, mut set, mut zset) =
            (cmd("RPUSH").arg(key("list")), cmd("SADD").arg(key("set")), cmd("ZADD").arg(key("zset")));
        let mut hash = cmd("HSET").arg(key("hash"));
        let mut entries = Vec::new();
        for index in 0..1_000 {
            let (number, text) = (batch * 1_000 + index, random.text(60));
            list = list.arg(&text);
            set = set.arg(&text);
            zset = zset.arg(format!("{number}.5")).arg(&text);
            hash = hash.arg(number).arg(&text);
            let entry =
                cmd("XADD").arg(key("stream")).arg(format!("{}-1", number + 1)).arg("name of a field").arg(&text);
            entries.push(entry);
        }
        for command in [list, set, zset, hash] {
            conn.call(command).unwrap();
        }
        conn.pipeline(&entries).unwrap();
    }
    conn.call(cmd("XGROUP CREATE").arg(key("stream")).arg("g").arg("0")).unwrap();
    conn.call(cmd("XREADGROUP GROUP g alice COUNT 5000 STREAMS").arg(key("stream")).arg(">")).unwrap();
    for piece in 0..5 {
        conn.call(cmd("SETRANGE").arg(key("string")).arg(piece * 1_000_000).arg(random.bytes(1_000_000))).unwrap();
    }
    conn.call(cmd("PEXPIREAT").arg(key("list")).arg("4102444800123")).unwrap();
}

/// Kills the tool's connections to a server again and again.
struct Cutter {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<usize>>,
}

impl Cutter {
    fn start(mut conn: Conn) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut cuts = 0;
            while !stopped.load(Ordering::Relaxed) {
                conn.call("CLIENT KILL TYPE normal SKIPME yes").unwrap();
                cuts += 1;
                thread::sleep(Duration::from_millis(15));
            }
            cuts
        });
        Self { stop, thread: Some(thread) }
    }

    fn stop(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

const SMALL: &str = "backlog_memory = \"4mb\"\nbacklog_disk = 0\n";

#[test]
fn giants_of_every_kind_arrive_whole_over_connections_that_are_lost() {
    let (source, target) = (server("redis-7.0"), server("redis-7.0"));
    fill(&mut source.conn().unwrap(), "giant:");
    target.conn().unwrap().call("SET giant:list old").unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), SMALL));
    // A start that loses its connections refuses to begin.
    tool.wait_for_log("full resync");
    let cutter = Cutter::start(target.conn().unwrap());
    tool.wait_for_log("following the stream");
    tool.wait_for_log("following,");
    assert!(cutter.stop() > 3);
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert!(tool.count_in_log("connection lost") > 0, "{}", tool.log());
    let left = keyspace::passing(&mut target.conn().unwrap());
    assert!(left.is_empty(), "{left:?}");
    tool.end();
}

/// Nobody sees a part of a value, nor a value without its expiry.
#[test]
fn readers_of_the_target_see_the_old_value_or_the_new_one() {
    let (source, target) = (server("redis-7.0"), server("redis-7.0"));
    fill(&mut source.conn().unwrap(), "");
    let (stop, mut reader) = (Arc::new(AtomicBool::new(false)), target.conn().unwrap());
    reader.call("RPUSH list old").unwrap();
    let stopped = Arc::clone(&stop);
    let reading = thread::spawn(move || {
        let mut seen = Vec::new();
        while !stopped.load(Ordering::Relaxed) {
            let commands =
                ["MULTI".into(), "LLEN list".into(), "PEXPIRETIME list".into(), "STRLEN string".into(), "EXEC".into()];
            let replies = reader.pipeline(&commands).unwrap();
            let state: Vec<_> = replies[4].items().iter().map(|reply| reply.integer().unwrap()).collect();
            if seen.last() != Some(&state) {
                seen.push(state);
            }
        }
        seen
    });
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), SMALL));
    tool.wait_for_log("following the stream");
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    stop.store(true, Ordering::Relaxed);
    for state in reading.join().unwrap() {
        assert!([[1, -1], [40_000, 4_102_444_800_123]].contains(&[state[0], state[1]]), "{state:?}");
        assert!([0, 5_000_000].contains(&state[2]), "{state:?}");
    }
    tool.end();
}

#[test]
fn giants_that_the_target_has_are_kept_or_reported() {
    let source = server("redis-7.0");
    fill(&mut source.conn().unwrap(), "");
    let run = |behavior: &str| {
        let target = server("redis-7.0");
        target.conn().unwrap().call("RPUSH list old").unwrap();
        let advanced = format!("{SMALL}rdb_restore_command_behavior = \"{behavior}\"");
        (Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), &advanced)), target)
    };
    let (mut tool, target) = run("skip");
    tool.wait_for_log("following the stream");
    let mut conn = target.conn().unwrap();
    for (command, expected) in
        [("LLEN list", 1), ("SCARD set", 40_000), ("XLEN stream", 40_000), ("STRLEN string", 5_000_000)]
    {
        wait_until(command, || conn.call(command).unwrap().integer() == Some(expected));
    }
    wait_until("no key of ours", || keyspace::passing(&mut conn).is_empty());
    tool.end();

    let (mut tool, target) = run("panic");
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    assert!(tool.log().contains("refused EXISTS list") && tool.log().contains("BUSYKEY"), "{}", tool.log());
    assert_eq!(target.conn().unwrap().call("LLEN list").unwrap().integer(), Some(1));
}

/// Memory that runs out in the middle: a part is refused, and those behind it perhaps not.
#[test]
fn a_giant_waits_for_a_target_that_is_out_of_memory() {
    let (source, target) = (server("redis-7.0"), server("redis-7.0"));
    fill(&mut source.conn().unwrap(), "");
    let mut conn = target.conn().unwrap();
    let used: u64 = target.info("used_memory").unwrap().parse().unwrap();
    conn.call(cmd("CONFIG SET maxmemory").arg(used + 6_000_000)).unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), SMALL));
    for more in 2..10 {
        let refused = tool.count_in_log("OOM");
        wait_until("a refusal", || tool.count_in_log("OOM") > refused || tool.count_in_log("following the stream") > 0);
        conn.call(cmd("CONFIG SET maxmemory").arg(used + more * 6_000_000)).unwrap();
    }
    conn.call("CONFIG SET maxmemory 0").unwrap();
    tool.wait_for_log("following the stream");
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert!(tool.count_in_log("OOM") > 0);
    tool.end();
}

/// Keys with braces in odd places, and their slots on the move.
#[test]
fn giants_land_in_their_slots_while_these_move() {
    let source = Cluster::start(ClusterSpec::new("redis-7.0").primaries(1).replicas(0)).unwrap();
    let target = Cluster::start(ClusterSpec::new("redis-7.0").primaries(2).replicas(0)).unwrap();
    let prefixes = ["{a}", "x{}", "}{", &key_for_slot("k", 100)];
    for prefix in prefixes {
        // The kinds of a prefix without a tag lie in several slots, all of them at one node.
        fill(&mut source.conn(source.primaries().unwrap()[0]).unwrap(), prefix);
    }
    // MIGRATE tells the other node how long a key has left, and is late with it under load.
    source.conn_for_key("{a}list").unwrap().call("PERSIST {a}list").unwrap();
    let mut tool = Tool::between_clusters_with(&source, &target, SMALL);
    // The upper half of the slots is the second node's.
    let slot = testbed::slot_of(b"{a}list");
    let mut nodes: Vec<Conn> = target.primaries().unwrap().iter().map(|&node| target.conn(node).unwrap()).collect();
    wait_until("a giant under way", || {
        nodes.iter_mut().any(|node| !node.call("KEYS shake:*").unwrap().items().is_empty())
    });
    target.move_slot(slot, 1, 0).unwrap();
    tool.wait_for_log("following the stream");
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

/// Eviction takes what was built just before it gets its name: every command of a target that is full begins with it.
#[test]
fn a_giant_that_the_target_evicts_is_not_passed_over_in_silence() {
    let (source, target) = (server("redis-7.0"), server("redis-7.0"));
    let mut conn = source.conn().unwrap();
    let mut random = Random::new(5);
    for piece in 0..16 {
        conn.call(cmd("SETRANGE big").arg(piece << 20).arg(random.bytes(1 << 20))).unwrap();
    }
    conn.call("PEXPIREAT big 4102444800123").unwrap();
    let used: u64 = target.info("used_memory").unwrap().parse().unwrap();
    // Room for what is on its way, but not for the whole value.
    let mut other = target.conn().unwrap();
    other.call(cmd("CONFIG SET maxmemory").arg(used + (12 << 20))).unwrap();
    other.call("CONFIG SET maxmemory-policy allkeys-lru").unwrap();
    let advanced = format!("{SMALL}rdb_restore_command_behavior = \"skip\"");
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), &advanced));
    tool.wait_for_log("following the stream");
    tool.wait_for_log("NOT COPIED: what was built of this key was removed");
    tool.wait_for_log("1 conflicts");
    assert!(tool.log().contains("key=\"big\""), "{}", tool.log());
    conn.call("SET behind 1").unwrap();
    wait_until("the stream", || other.call("GET behind").unwrap().integer() == Some(1));
    tool.end();
}

/// The source's value is gone when the target has room for it: nothing takes the old one's place.
#[test]
fn the_old_value_goes_when_all_fields_of_a_giant_expire_meanwhile() {
    let spec = ServerSpec::new("redis-8.0").option("rdbcompression", "no").option("enable-debug-command", "local");
    let (source, target) = (Server::start(spec).unwrap(), server("redis-8.0"));
    let (mut conn, mut other) = (source.conn().unwrap(), target.conn().unwrap());
    // Nothing of it shall come through the stream.
    conn.call("DEBUG SET-ACTIVE-EXPIRE 0").unwrap();
    let (mut random, mut fields) = (Random::new(7), Vec::new());
    for batch in 0..20 {
        let mut command = cmd("HSET k");
        for index in 0..1_000 {
            fields.push(format!("{}", batch * 1_000 + index));
            command = command.arg(fields.last().unwrap()).arg(random.text(100));
        }
        conn.call(command).unwrap();
    }
    conn.call("SET last 1").unwrap();
    other.call("HSET k old 1").unwrap();
    other.call("CONFIG SET maxmemory 1").unwrap();
    let now: Vec<String> = conn.call("TIME").unwrap().items().iter().map(testbed::Value::text).collect();
    let at = now[0].parse::<u64>().unwrap() * 1_000 + 4_000;
    conn.call(cmd("HPEXPIREAT k").arg(at).arg("FIELDS").arg(fields.len()).args(&fields)).unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), SMALL));
    wait_until("a part that is refused", || tool.count_in_log("OOM") > 0);
    wait_until("the end of all fields", || {
        conn.call("TIME").unwrap().items()[0].text().parse::<u64>().unwrap() * 1_000 > at
    });
    other.call("CONFIG SET maxmemory 0").unwrap();
    tool.wait_for_log("following the stream");
    wait_until("the rest", || other.call("GET last").unwrap().integer() == Some(1));
    let log = tool.log();
    assert!(log.contains("all of its value has expired") && !log.contains("conflicts"), "{log}");
    assert_eq!(other.call("EXISTS k").unwrap().integer(), Some(0));
    tool.end();
}

/// A source, a target that stands still in the middle of a giant, and the tool between them.
fn half_a_giant() -> (Server, Server, Tool) {
    let (source, target) = (server("redis-7.0"), server("redis-7.0"));
    let (mut conn, mut other) = (source.conn().unwrap(), target.conn().unwrap());
    let mut random = Random::new(9);
    for piece in 0..64 {
        conn.call(cmd("SETRANGE big").arg(piece << 20).arg(random.bytes(1 << 20))).unwrap();
    }
    let tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), SMALL));
    wait_until("a part", || !keyspace::passing(&mut other).is_empty());
    target.pause().unwrap();
    assert_eq!(tool.count_in_log("following the stream"), 0, "it was too fast");
    (source, target, tool)
}

#[test]
fn a_stop_in_the_middle_of_a_giant_leaves_nothing_behind() {
    let (_source, target, mut tool) = half_a_giant();
    let stopping = thread::spawn(move || (tool.terminate(), tool.log()));
    target.cont().unwrap();
    let (code, log) = stopping.join().unwrap();
    assert_eq!(code, 0, "{log}");
    assert_eq!(log.matches("following the stream").count(), 0, "{log}");
    assert!(keyspace::keys(&mut target.conn().unwrap()).is_empty(), "{log}");
}

#[test]
fn nor_does_a_snapshot_that_breaks_off() {
    let (source, target, mut tool) = half_a_giant();
    let mut conn = source.conn().unwrap();
    conn.call("SET big small").unwrap();
    conn.call("CLIENT KILL TYPE replica").unwrap();
    target.cont().unwrap();
    tool.wait_for_log("FULL RESYNC");
    tool.wait_for_log("following the stream");
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert!(keyspace::passing(&mut target.conn().unwrap()).is_empty(), "{}", tool.log());
    tool.end();
}
