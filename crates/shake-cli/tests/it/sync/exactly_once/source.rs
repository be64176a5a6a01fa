//! Sources that are set back, and those with several databases.

use std::time::Duration;

use cluster_router::Slot;
use testbed::{Endpoint, Ledger, LedgerSpec, Random, Server, ServerSpec, wait_equal};

use super::super::tool::{PATIENCE, Tool, config, wait_until};
use super::account::random_seed;

/// A source that comes back as it was some time ago, behind where the target is, while nobody looks.
fn set_back(on_history_lost: &str) -> (Server, Server, Tool) {
    let source = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let sync = format!("[sync]\non_history_lost = \"{on_history_lost}\"\n[advanced]");
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let mut tool = Tool::start(&config.replacen("[advanced]", &sync, 1));
    tool.wait_for_log("following the stream");
    let mut conn = source.conn().unwrap();
    conn.call("SET count 1").unwrap();
    // The child that wrote the copy may not have been waited for.
    wait_until("a dump of what there is", || conn.call("SAVE").is_ok());
    (0..1_000).for_each(|n| drop(conn.call(["INCRBY", "count", &n.to_string()]).unwrap()));
    conn.call("SET later 1").unwrap();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.kill();
    source.kill().unwrap();
    source.restart().unwrap();
    assert_eq!(source.conn().unwrap().call("GET count").unwrap().text(), "1");
    tool.run_again();
    (source, target, tool)
}

/// Offsets of the new history are lower than those that the target knows of the old one: they say nothing about it.
#[test]
fn a_source_that_was_set_back_is_copied_again_and_followed() {
    let (source, target, mut tool) = set_back("full-resync");
    tool.wait_for_log("FULL RESYNC: ");
    wait_until("the second copy", || tool.count_in_log("following the stream") == 2);
    let mut conn = source.conn().unwrap();
    (0..100).for_each(|_| drop(conn.call("INCR count").unwrap()));
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert_eq!(tool.count_in_log("FULL RESYNC: "), 1, "{}", tool.log());
    assert_eq!(source.info("sync_full").unwrap(), "1");
    tool.end();
}

#[test]
fn a_source_that_was_set_back_ends_who_may_not_copy_again() {
    let (_source, target, mut tool) = set_back("stop");
    assert_eq!(tool.wait(), 6, "{}", tool.log());
    assert!(tool.log().contains("a full resync is needed"), "{}", tool.log());
    assert_eq!(target.conn().unwrap().call("GET later").unwrap().text(), "1");
}

/// A source does not say again which database is selected where it continues.
#[test]
fn databases_of_standalone_servers_are_told_apart_behind_every_kill() {
    let source = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let of = |server: &Server, db| Endpoint { db, ..Endpoint::from(server) };
    let begin = |db: u32| Ledger::start(of(&source, db), LedgerSpec::new(u64::from(db)).rate(300).tags(20)).unwrap();
    let ledgers = [0, 3, 7].map(|db| (db, begin(db)));
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let mut tool = Tool::start(&config);
    let seed = random_seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    let mark = Slot::new(0).unwrap().tag();
    let mut conn = target.conn().unwrap();
    wait_until("a mark of the stream", || {
        let fields = conn.call(["HVALS", &format!("shake:{{{mark}}}:positions")]).unwrap();
        fields.items().iter().any(|value| value.text().contains("\"at\":\"1:stream:"))
    });
    for round in 0..4 {
        let written = ledgers[0].1.acknowledged();
        wait_until("more writes", || ledgers[0].1.acknowledged() > written + 100);
        tool.kill_within(Duration::from_millis(1_500), &mut random);
        if round % 2 == 0 { tool.run_again() } else { tool.run_again_elsewhere() }
    }
    for (db, ledger) in ledgers {
        let records = ledger.stop().unwrap();
        let exact = records.wait_exact(of(&target, db), PATIENCE);
        exact.unwrap_or_else(|error| panic!("database {db}: {error}\n{}", tool.log()));
    }
    assert_eq!(source.info("sync_full").unwrap(), "1", "{}", tool.log());
    tool.end();
}
