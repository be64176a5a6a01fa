//! The ledger: it has to find every loss, repetition and wrong order, and nothing else.

use std::{
    thread,
    time::{Duration, Instant},
};

use testbed::{Cluster, ClusterSpec, Error, Ledger, LedgerSpec, Server, ServerSpec, Trouble};

use crate::{ALL, OLD};

/// A server's own replica gets everything exactly once, in order.
#[test]
fn every_server_and_its_replica_are_exact() -> Result<(), Error> {
    for name in ALL.iter().filter(|name| **name != "redis-6.0") {
        let primary = Server::start(ServerSpec::new(*name))?;
        let port = primary.addr().port().to_string();
        let replica = Server::start(ServerSpec::new(*name).option("replicaof", format!("127.0.0.1 {port}")))?;
        let ledger = Ledger::start(&primary, LedgerSpec::new(1).rate(10_000).tags(20))?;
        wait_acknowledged(&ledger, 3_000);
        let records = ledger.stop()?;
        assert_eq!((records.unanswered(), records.forgotten()), (0, 0), "{name}");
        let verdict = records.verify(&primary)?;
        assert!(verdict.is_exact() && verdict.keys > 100, "{name}: {verdict}");
        records.wait_exact(&replica, SOON)?;
    }
    Ok(())
}

/// Whether a trouble is the one that a fault makes.
type IsMeant = fn(&Trouble) -> bool;

/// What a faulty copy would do to the keys of one hash tag, and what it is called.
#[test]
fn every_planted_fault_is_found() -> Result<(), Error> {
    let server = Server::start(ServerSpec::new(OLD))?;
    let ledger = Ledger::start(&server, LedgerSpec::new(2).rate(10_000).tags(2))?;
    wait_acknowledged(&ledger, 2_000);
    let records = ledger.stop()?;
    let mut conn = server.conn()?;
    let cases: [(&str, IsMeant); 13] = [
        ("INCR ledger:{0}:count", |found| *found == Trouble::Duplicated(1)),
        ("DECR ledger:{0}:count", |found| *found == Trouble::Lost(1)),
        ("LPOP ledger:{0}:list", |found| *found == Trouble::Lost(1)),
        ("RPOPLPUSH ledger:{0}:list ledger:{0}:list", |found| matches!(found, Trouble::OutOfOrder(_))),
        ("EVAL redis.call('RPUSH',KEYS[1],redis.call('LINDEX',KEYS[1],0)) 1 ledger:{0}:list", |found| {
            *found == Trouble::Duplicated(1)
        }),
        ("SETRANGE ledger:{0}:text 0 x", |found| matches!(found, Trouble::Different(_))),
        ("APPEND ledger:{0}:text 1999999;", |found| *found == Trouble::Duplicated(1)),
        ("XADD ledger:{0}:stream * item 1999999", |found| *found == Trouble::Duplicated(1)),
        ("XTRIM ledger:{0}:stream MAXLEN 1", |found| matches!(found, Trouble::Lost(_))),
        ("HINCRBY ledger:{0}:hash f1 2", |found| *found == Trouble::Duplicated(2)),
        ("ZINCRBY ledger:{0}:zset -1 f1", |found| *found == Trouble::Lost(1)),
        ("DEL ledger:{0}:hash", |found| matches!(found, Trouble::Lost(_))),
        ("SADD ledger:{0}:mixed x", |found| matches!(found, Trouble::Different(_))),
    ];
    for (fault, is_meant) in cases {
        let key = fault.split(' ').find(|word| word.starts_with("ledger:")).unwrap();
        let before = conn.call(["DUMP", key])?;
        if fault.starts_with("SADD") {
            conn.call(["DEL", key])?;
        }
        conn.call(fault)?;
        let verdict = records.verify(&server)?;
        let [finding] = &verdict.findings[..] else { panic!("{fault}: {verdict}") };
        assert!(finding.key == key && is_meant(&finding.trouble), "{fault}: {verdict}");
        conn.call(["DEL", key])?;
        if let Some(dump) = before.bytes() {
            conn.call(testbed::cmd("RESTORE").arg(key).arg(0).arg(dump))?;
        }
        assert!(records.verify(&server)?.is_exact(), "{fault} was not undone");
    }
    Ok(())
}

#[test]
fn lost_answers_moved_slots_and_failovers_are_accounted_for() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD).primaries(2).replicas(1))?;
    let ledger = Ledger::start(&cluster, LedgerSpec::new(3).rate(4_000))?;
    for round in 1..=20 {
        for node in cluster.primaries()? {
            cluster.conn(node)?.call("CLIENT KILL TYPE normal SKIPME yes")?;
        }
        wait_acknowledged(&ledger, round * 200);
    }
    let slot = testbed::slot_of(b"ledger:{0}");
    let from = cluster.owner(slot)?;
    cluster.move_slot(slot, from, 1 - from)?;
    // Roles are swapped without losing anything.
    let replica = cluster.replicas_of(0)?[0];
    cluster.failover(replica)?;
    let acknowledged = ledger.acknowledged();
    wait_acknowledged(&ledger, acknowledged + 1_000);
    let records = ledger.stop()?;
    assert_eq!(records.forgotten(), 0);
    assert!(records.unanswered() > 0);
    let verdict = records.verify(&cluster)?;
    assert!(verdict.is_exact(), "{verdict}");
    Ok(())
}

/// A replica that takes over by force lacks what it had not been sent.
#[test]
fn what_a_source_forgets_does_not_count() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD).primaries(2).replicas(1))?;
    let ledger = Ledger::start(&cluster, LedgerSpec::new(4).rate(2_000))?;
    let replica = cluster.replicas_of(0)?[0];
    cluster.pause(replica)?;
    // What a link that stands still has been sent is not lost: it has to be cut.
    cluster.conn(0)?.call("CLIENT KILL TYPE replica")?;
    let acknowledged = ledger.acknowledged();
    wait_acknowledged(&ledger, acknowledged + 1_000);
    cluster.kill(0)?;
    cluster.cont(replica)?;
    cluster.takeover(replica)?;
    let acknowledged = ledger.acknowledged();
    wait_acknowledged(&ledger, acknowledged + 2_000);
    let mut records = ledger.stop()?;
    assert!(records.forgotten() > 0);
    records.settle(&cluster)?;
    let verdict = records.verify(&cluster)?;
    assert!(verdict.is_exact(), "{verdict}");
    Ok(())
}

fn wait_acknowledged(ledger: &Ledger, operations: u64) {
    let deadline = Instant::now() + SOON;
    while ledger.acknowledged() < operations {
        assert!(Instant::now() < deadline, "the ledger stands still at {}", ledger.acknowledged());
        thread::sleep(Duration::from_millis(5));
    }
}

const SOON: Duration = Duration::from_secs(30);
