//! Single servers on either side, and the shape of configuration that RedisShake v3 takes.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use testbed::{Cluster, ClusterSpec, Dataset, Endpoint, Load, LoadSpec, Server, ServerSpec, cmd, wait_equal};

use super::keyspace;
use super::tool::{PATIENCE, Tool, config, wait_until};

fn server() -> Server {
    Server::start(ServerSpec::new("redis-7.0")).unwrap()
}

fn database(server: &Server, db: u32) -> Endpoint {
    Endpoint { db, ..Endpoint::from(server.addr()) }
}

#[test]
fn databases_transactions_and_flushes_between_servers() {
    let (source, target) = (server(), server());
    let mut conn = source.conn().unwrap();
    Dataset::new(5).keys(1_000).fill(&source).unwrap();
    conn.call("SELECT 3").unwrap();
    conn.call("SET in3 early").unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), ""));
    tool.wait_for_log("following the stream");
    conn.call("SET in3 late").unwrap();
    conn.pipeline(&["MULTI".into(), "INCR n".into(), "MSET a 1 b 2".into(), "EXEC".into()]).unwrap();
    conn.call("SELECT 7").unwrap();
    conn.call("SET gone 1").unwrap();
    conn.call("FLUSHDB").unwrap();
    conn.call("SET in7 1").unwrap();
    for db in [0, 3, 7] {
        wait_equal(database(&source, db), database(&target, db), PATIENCE)
            .unwrap_or_else(|error| panic!("database {db}: {error}\n{}", tool.log()));
    }
    tool.end();
}

/// What a replica passes on goes on in the database that its primary has selected last, and does not say which that is.
#[test]
fn a_replica_as_source_does_not_repeat_which_database_it_is_in() {
    let (primary, target) = (server(), server());
    let source = server();
    source.conn().unwrap().call(cmd("REPLICAOF").arg("127.0.0.1").arg(primary.addr().port())).unwrap();
    wait_until("the replica to follow", || source.info("master_link_status").unwrap() == "up");
    let mut conn = primary.conn().unwrap();
    conn.pipeline(&["SET in0 early".into(), "SELECT 3".into(), "SET in3 early".into()]).unwrap();
    wait_equal(database(&primary, 3), database(&source, 3), PATIENCE).unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), ""));
    tool.wait_for_log("following the stream");
    conn.call("SET in3 late").unwrap();
    for db in [3, 0] {
        wait_equal(database(&primary, db), database(&target, db), PATIENCE)
            .unwrap_or_else(|error| panic!("database {db}: {error}\n{}", tool.log()));
    }
    tool.end();
}

/// The file of RedisShake v3 with nothing but its addresses replaced.
fn v3(source: SocketAddr, target: SocketAddr) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/redisshake-v3/sync.toml");
    let text = fs::read_to_string(file).unwrap();
    let addresses = [("127.0.0.1:6379", source), ("127.0.0.1:6380", target)];
    addresses.iter().fold(text, |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{text}");
        text.replace(old, &new.to_string())
    })
}

#[test]
fn one_process_for_each_primary_as_with_redisshake() {
    let source = Cluster::start(ClusterSpec::new("redis-7.0").replicas(0)).unwrap();
    let target = Cluster::start(ClusterSpec::new("redis-7.0").primaries(2).replicas(0)).unwrap();
    Dataset::new(6).keys(3_000).fill(&source).unwrap();
    let load = Load::start(&source, LoadSpec::new(7).rate(500)).unwrap();
    let entry = target.addr(0).unwrap();
    let tools: Vec<Tool> = source.addrs().into_iter().map(|addr| Tool::start_in_its_folder(&v3(addr, entry))).collect();
    wait_until("all to follow", || tools.iter().all(|tool| tool.count_in_log("following the stream") == 1));
    let written = load.written();
    wait_until("more writes", || load.written() > written + 1_000);
    load.stop().unwrap();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tools[0].log()));
    for tool in &tools {
        let log = fs::read_to_string(tool.dir().join("redis-shake.log")).unwrap();
        assert!(log.contains("following the stream"), "{log}");
    }
    tools.into_iter().for_each(Tool::end);
}

#[test]
fn keys_that_the_target_has_are_replaced_kept_or_reported() {
    let source = server();
    let mut conn = source.conn().unwrap();
    conn.call("SET string new").unwrap();
    conn.call("RPUSH list new").unwrap();
    conn.call("SET only here").unwrap();
    let run = |behavior: &str| {
        let target = server();
        let mut conn = target.conn().unwrap();
        conn.call("SET string old").unwrap();
        conn.call("RPUSH list old older").unwrap();
        let advanced = format!("rdb_restore_command_behavior = \"{behavior}\"");
        (Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), &advanced)), target)
    };

    let (tool, target) = run("rewrite");
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();

    let (tool, target) = run("skip");
    let mut conn = target.conn().unwrap();
    wait_until("the key that is missing", || conn.call("GET only").unwrap().bytes().is_some());
    assert_eq!(conn.call("GET string").unwrap().bytes(), Some(&b"old"[..]));
    assert_eq!(conn.call("LLEN list").unwrap().integer(), Some(2));
    tool.end();

    let (mut tool, target) = run("panic");
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    let log = tool.log();
    assert!(log.contains("refused RESTORE ") && log.contains("BUSYKEY"), "{log}");
    let mut conn = target.conn().unwrap();
    assert_eq!(conn.call("LLEN list").unwrap().integer(), Some(2));
}

#[test]
fn a_database_that_the_target_lacks_ends_the_link_before_anything_lands_elsewhere() {
    let source = server();
    let target = Server::start(ServerSpec::new("redis-7.0").option("databases", "4")).unwrap();
    let mut conn = source.conn().unwrap();
    conn.call("SELECT 7").unwrap();
    let commands: Vec<_> = (0..1000).map(|i| testbed::cmd("SET").arg(format!("k{i}")).arg("x")).collect();
    conn.pipeline(&commands).unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), ""));
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    assert!(tool.log().contains("refused SELECT 7"), "{}", tool.log());
    assert_eq!(keyspace::size(&mut target.conn().unwrap()), 0);
}

/// What cannot be applied in parts may be larger than all the memory for what is not applied.
#[test]
fn values_commands_and_transactions_larger_than_the_backlog_pass() {
    let (source, target) = (server(), server());
    let mut conn = source.conn().unwrap();
    let mut random = testbed::Random::new(9);
    let mut value = |len: usize| random.bytes(len);
    for _ in 0..30 {
        conn.call(testbed::cmd("RPUSH").arg("list").arg(value(200_000))).unwrap();
    }
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "backlog_memory = \"1mb\"");
    let mut tool = Tool::start(&config);
    tool.wait_for_log("following the stream");
    conn.call(testbed::cmd("SET").arg("string").arg(value(5_000_000))).unwrap();
    let parts = (0..30).map(|i| testbed::cmd("SET").arg(format!("part{i}")).arg(value(200_000)));
    let transaction: Vec<_> = ["MULTI".into()].into_iter().chain(parts).chain(["EXEC".into()]).collect();
    conn.pipeline(&transaction).unwrap();
    wait_equal(source.addr(), target.addr(), PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}
