//! What `WAIT` at the source means with `ack = "applied"`.

use std::time::{Duration, Instant};

use testbed::{Cluster, ClusterSpec, Conn, Server, ServerSpec, cmd};

use super::clusters::uneven;
use super::tool::{Tool, config, wait_until};

/// A server without replicas into a cluster, or into a server.
fn following(server: &str, target: (&str, std::net::SocketAddr), ack: &str) -> (Server, Tool) {
    let source = Server::start(ServerSpec::new(server)).unwrap();
    source.conn().unwrap().call("SET before 1").unwrap();
    let config = config(("standalone", source.addr()), target, "");
    let mut tool = Tool::start(&config.replacen("[advanced]", &format!("[sync]\nack = \"{ack}\"\n[advanced]"), 1));
    tool.wait_for_log("following the stream");
    let mut conn = source.conn().unwrap();
    wait_until("an acknowledgement", || wait(&mut conn, 1000) == 1);
    (source, tool)
}

/// How many replicas have acknowledged what this connection wrote last.
fn wait(conn: &mut Conn, millis: u64) -> i64 {
    conn.call(cmd("WAIT").arg("1").arg(millis)).unwrap().integer().unwrap()
}

/// After every `WAIT` the key is in the other cluster.
fn waits_for_the_target(server: &str, times: u32) {
    let target = Cluster::start(uneven("redis-7.0")).unwrap();
    let (source, tool) = following(server, ("cluster", target.addr(0).unwrap()), "applied");
    let mut conn = source.conn().unwrap();
    let started = Instant::now();
    for n in 0..times {
        let key = format!("key:{n}");
        conn.call(cmd("SET").arg(&key).arg(n)).unwrap();
        assert_eq!(wait(&mut conn, 1000), 1, "{key}\n{}", tool.log());
        let there = target.conn_for_key(&key).unwrap().call(cmd("GET").arg(&key)).unwrap();
        assert_eq!(there.text(), n.to_string(), "{key}");
    }
    // An acknowledgement each second would take as many seconds.
    let most = Duration::from_millis(200) * times;
    assert!(started.elapsed() < most, "{times} times took {:?}", started.elapsed());
    println!("{times} times SET, WAIT and GET took {:.1?}", started.elapsed());
    tool.end();
}

#[test]
fn a_key_that_was_waited_for_is_in_the_other_cluster() {
    waits_for_the_target("redis-7.0", 300);
}

#[test]
fn with_a_valkey_source_too() {
    waits_for_the_target("valkey-9.1", 300);
}

#[test]
#[ignore = "long: make test-long"]
fn ten_thousand_keys_that_were_waited_for_are_in_the_other_cluster() {
    waits_for_the_target("redis-7.0", 10_000);
}

#[test]
fn a_target_that_stands_still_does_not_count() {
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let (source, tool) = following("redis-7.0", ("standalone", target.addr()), "applied");
    let mut conn = source.conn().unwrap();
    target.pause().unwrap();
    conn.call("SET key 1").unwrap();
    assert_eq!(wait(&mut conn, 1500), 0);
    target.cont().unwrap();
    wait_until("the target", || wait(&mut conn, 1000) == 1);
    assert!(target.conn().unwrap().call("GET key").unwrap().bytes().is_some());
    tool.end();
}

#[test]
fn what_is_received_counts_whatever_the_target_does() {
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let (source, tool) = following("redis-7.0", ("standalone", target.addr()), "received");
    let mut conn = source.conn().unwrap();
    target.pause().unwrap();
    conn.call("SET key 1").unwrap();
    assert_eq!(wait(&mut conn, 1500), 1);
    target.cont().unwrap();
    tool.end();
}

/// Lines of `INFO replication` that are about us.
fn acknowledged(source: &Server) -> u64 {
    let line = source.info("slave0").unwrap_or_default();
    line.split(',').find_map(|part| part.strip_prefix("offset=")?.parse().ok()).unwrap_or(0)
}

/// A start that goes on acknowledges what the target has, and nothing before it knows that.
#[test]
fn after_a_restart_and_in_a_new_history_too() {
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let (source, mut tool) = following("redis-7.0", ("standalone", target.addr()), "applied");
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    let mut conn = source.conn().unwrap();
    conn.call("SET meanwhile 1").unwrap();
    let tool = tool.restart();
    wait_until("to go on", || tool.count_in_log("going on from there") == 1);
    wait_until("the key", || wait(&mut conn, 1000) == 1);
    assert!(target.conn().unwrap().call("GET meanwhile").unwrap().bytes().is_some());

    // The next history begins at an offset that is low: what was applied of this one must not count for it.
    conn.call(cmd("SET").arg("large").arg("x".repeat(1_000_000))).unwrap();
    wait_until("the large key", || wait(&mut conn, 1000) == 1);
    source.kill().unwrap();
    target.pause().unwrap();
    source.restart().unwrap();
    let mut conn = source.conn().unwrap();
    conn.call("SET new 1").unwrap();
    wait_until("the link to come back", || source.info("connected_slaves").unwrap() == "1");
    wait_until("the new snapshot", || tool.count_in_log("the snapshot is received") == 1);
    conn.call("SET newer 1").unwrap();
    assert_eq!(wait(&mut conn, 1500), 0, "{}", tool.log());
    assert_eq!(acknowledged(&source), 0);
    target.cont().unwrap();
    wait_until("the new keys", || wait(&mut conn, 1000) == 1);
    assert!(target.conn().unwrap().call("GET newer").unwrap().bytes().is_some());
    tool.end();
}

/// Whether a Valkey node may say that one of its slots moves, and how long that took.
fn slot_moves(source: &Cluster, state: &str) -> (Option<String>, Duration) {
    let mut conn = source.conn(0).unwrap();
    let command = cmd("CLUSTER").arg("SETSLOT").arg("1").arg(state);
    let command = if state == "MIGRATING" { command.arg(source.id(1).unwrap()) } else { command };
    let started = Instant::now();
    let answer = conn.exchange(command).unwrap();
    (answer.error().map(str::to_owned), started.elapsed())
}

/// Valkey lets a slot move when all replicas know: where there are any of its cluster's, ours is one of them.
#[test]
fn a_source_whose_slots_move_waits_for_the_target() {
    for (ack, fails) in [("applied", true), ("received", false)] {
        let source = Cluster::start(ClusterSpec::new("valkey-9.1").primaries(2).replicas(1)).unwrap();
        let target = Server::start(ServerSpec::new("valkey-9.1")).unwrap();
        let config = config(("cluster", source.addr(0).unwrap()), ("standalone", target.addr()), "");
        let tool = Tool::start(&config.replacen("[advanced]", &format!("[sync]\nack = \"{ack}\"\n[advanced]"), 1));
        wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
        let mut conn = source.conn(0).unwrap();
        let set = cmd("SET").arg(testbed::key_for_slot("k", 1)).arg("1");
        conn.call(set.clone()).unwrap();
        wait_until("the replica's and our acknowledgement", || conn.call("WAIT 2 1000").unwrap().integer() == Some(2));
        let (error, took) = slot_moves(&source, "MIGRATING");
        assert!(error.is_none() && took < Duration::from_millis(1500), "{ack}: {error:?} after {took:?}");
        // SETSLOT is nothing to the target, what was written before it is.
        target.pause().unwrap();
        conn.call(set).unwrap();
        let (error, took) = slot_moves(&source, "STABLE");
        let refused = error.as_ref().is_some_and(|error| error.starts_with("NOREPLICAS"));
        assert_eq!(refused, fails, "{ack}: {error:?} after {took:?}");
        target.cont().unwrap();
        tool.end();
    }
}

/// What counts there is when somebody has acknowledged last, not how much.
#[test]
fn a_source_that_wants_replicas_has_one_whatever_the_target_does() {
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let (source, tool) = following("redis-7.0", ("standalone", target.addr()), "applied");
    let mut conn = source.conn().unwrap();
    conn.call("CONFIG SET min-replicas-to-write 1 min-replicas-max-lag 3").unwrap();
    target.pause().unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(6) {
        conn.call("INCR n").unwrap();
        assert_eq!(wait(&mut conn, 500), 0);
    }
    target.cont().unwrap();
    tool.end();
}

/// A server that is told to end waits for its replicas, for a while.
#[test]
fn a_source_that_shuts_down_waits_for_the_target() {
    for (ack, waits) in [("applied", true), ("received", false)] {
        let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
        let (source, _tool) = following("redis-7.0", ("standalone", target.addr()), ack);
        let mut conn = source.conn().unwrap();
        conn.call("CONFIG SET shutdown-timeout 3").unwrap();
        target.pause().unwrap();
        conn.call("SET key 1").unwrap();
        let started = Instant::now();
        // It closes the connection in place of an answer.
        assert!(conn.exchange("SHUTDOWN NOSAVE").is_err());
        let took = started.elapsed();
        assert_eq!(took > Duration::from_millis(1900), waits, "{ack}: {took:?}");
        target.cont().unwrap();
    }
}
