//! Clusters that change while they are written to: a ledger stays right about them.

use std::{
    thread,
    time::{Duration, Instant},
};

use testbed::{Cluster, ClusterSpec, Error, Ledger, LedgerSpec, Records, cmd};

use crate::OLD;

/// Writes before, during and after; the account of it, which is right about the cluster.
fn under_writes(cluster: &Cluster, meanwhile: impl FnOnce(&Ledger) -> Result<(), Error>) -> Result<Records, Error> {
    let ledger = Ledger::start(cluster, LedgerSpec::new(1).rate(3_000).tags(300))?;
    wait_acknowledged(&ledger, 2_000);
    meanwhile(&ledger)?;
    wait_acknowledged(&ledger, 2_000);
    let mut records = ledger.stop()?;
    if records.forgotten() > 0 {
        records.settle(cluster)?;
    }
    let verdict = records.verify(cluster)?;
    assert!(verdict.is_exact(), "{verdict}");
    Ok(records)
}

/// Waits until so many more operations are acknowledged.
fn wait_acknowledged(ledger: &Ledger, more: u64) {
    let wanted = ledger.acknowledged() + more;
    let deadline = Instant::now() + Duration::from_secs(60);
    while ledger.acknowledged() < wanted {
        assert!(Instant::now() < deadline, "the ledger stands still at {}", ledger.acknowledged());
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn slots_move_there_and_back() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD).primaries(2).replicas(0))?;
    let records = under_writes(&cluster, |_| {
        cluster.move_slots(0..4_000, 0, 1)?;
        assert_eq!((cluster.owner(3_999)?, cluster.owner(4_000)?), (1, 0));
        cluster.move_slots(0..4_000, 1, 0)
    })?;
    assert_eq!(cluster.owner(100)?, 0);
    assert_eq!(records.forgotten(), 0);
    Ok(())
}

#[test]
fn valkey_moves_slots_by_itself() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new("valkey-9.1").primaries(2).replicas(0))?;
    let records = under_writes(&cluster, |_| {
        cluster.migrate_slots(0..=3_999, 0, 1)?;
        assert_eq!((cluster.owner(3_999)?, cluster.owner(4_000)?), (1, 0));
        cluster.migrate_slots(0..=3_999, 1, 0)
    })?;
    assert_eq!(cluster.owner(100)?, 0);
    assert_eq!(records.forgotten(), 0);
    Ok(())
}

#[test]
fn a_primary_is_added_and_another_one_removed() -> Result<(), Error> {
    let layout = vec![vec![0..=800], vec![801..=8_000], vec![8_001..=16_383]];
    let cluster = Cluster::start(ClusterSpec::new(OLD).slots(layout).replicas(1).spares(1))?;
    let records = under_writes(&cluster, |_| {
        let added = cluster.add_primary()?;
        assert_eq!(added, 6);
        cluster.move_slots(1_000..1_500, 1, added)?;
        assert_eq!((cluster.owner(1_000)?, cluster.slots_of(added)?.len()), (added, 500));
        cluster.remove_primary(0)
    })?;
    let mut primaries = cluster.primaries()?;
    primaries.sort_unstable();
    assert_eq!((primaries, cluster.pid(0)?), (vec![1, 2, 6], None));
    assert_eq!(records.forgotten(), 0);
    Ok(())
}

#[test]
fn a_planned_failover_loses_nothing() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD))?;
    let records = under_writes(&cluster, |_| cluster.failover(3))?;
    assert!(cluster.primaries()?.contains(&3));
    assert_eq!(records.forgotten(), 0);
    Ok(())
}

/// What only the killed primary had is gone, and the ledger follows the source.
#[test]
fn a_killed_primary_takes_what_its_replica_lacks_with_it() -> Result<(), Error> {
    for server in [OLD, "redis-8.0", "valkey-9.1"] {
        let cluster = Cluster::start(ClusterSpec::new(server))?;
        let records = under_writes(&cluster, |ledger| {
            let promoted = cluster.kill_with_lagging_replicas(0, || {
                wait_acknowledged(ledger, 1_000);
                Ok(())
            })?;
            assert_eq!(promoted, 3);
            cluster.start_node(0)?;
            cluster.wait_ready()
        })?;
        assert!(records.forgotten() > 0, "{server}");
    }
    Ok(())
}

#[test]
fn full_resyncs_of_strangers_are_told_from_those_of_replicas() -> Result<(), Error> {
    for server in [OLD, "redis-8.0", "valkey-9.1"] {
        let cluster = Cluster::start(ClusterSpec::new(server))?;
        assert_eq!(cluster.full_resyncs_of_others()?, [0, 0, 0, 0, 0, 0], "{server}");
        let ask = |node: usize| -> Result<(), Error> {
            let mut stranger = cluster.conn(node)?;
            stranger.send(&[cmd("PSYNC").arg("?").arg("-1")])?;
            let answer = stranger.receive()?.text();
            assert!(answer.starts_with("FULLRESYNC"), "{answer}");
            Ok(())
        };
        ask(0)?;
        ask(1)?;
        ask(1)?;
        assert_eq!(cluster.full_resyncs_of_others()?, [1, 2, 0, 0, 0, 0], "{server}");
        cluster.kill(1)?;
        cluster.wait_promoted(4)?;
        cluster.start_node(1)?;
        cluster.wait_ready()?;
        ask(4)?;
        assert_eq!(cluster.full_resyncs_of_others()?, [1, 2, 0, 0, 1, 0], "{server}");
    }
    Ok(())
}
