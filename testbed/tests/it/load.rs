//! The load: every kind of write works everywhere, and replays to the same data.

use std::{thread, time::Duration};

use testbed::{Cluster, ClusterSpec, Comparison, Error, Load, LoadSpec, Server, ServerSpec, compare};

use crate::{ALL, OLD};

/// A server's own replica is what a tool has to be as good as.
#[test]
fn every_server_replicates_the_load_to_its_replica() -> Result<(), Error> {
    for name in ALL {
        let primary = Server::start(ServerSpec::new(*name))?;
        let port = primary.addr().port().to_string();
        let replica = Server::start(ServerSpec::new(*name).option("replicaof", format!("127.0.0.1 {port}")))?;
        let load = Load::start(&primary, LoadSpec::new(3).rate(0).tags(8))?;
        while load.written() < 5_000 {
            thread::yield_now();
        }
        let summary = load.stop()?;
        assert!(summary.errors.is_empty(), "{name}: {summary}");
        let least = if *name == "redis-6.0" { 80 } else { 95 };
        assert!(summary.kinds.len() >= least, "{name}: {} kinds", summary.kinds.len());
        assert!(summary.commands > summary.operations && summary.operations >= 5_000, "{name}: {summary}");
        let comparison = Comparison::default();
        let diff = comparison.wait_equal(&primary, &replica, Duration::from_secs(20))?;
        assert!(diff.keys > 100, "{name}: {diff}");
    }
    Ok(())
}

#[test]
fn the_same_seed_writes_the_same() -> Result<(), Error> {
    let run = |seed| -> Result<_, Error> {
        let server = Server::start(ServerSpec::new(OLD))?;
        let load = Load::start(&server, LoadSpec::new(seed).rate(0))?;
        while load.written() < 600 {
            thread::yield_now();
        }
        let mut kinds = load.stop()?.kinds;
        kinds.retain(|_, count| *count > 0);
        Ok((server, kinds))
    };
    let (a, b) = (run(1)?, run(1)?);
    assert_eq!(a.1.keys().collect::<Vec<_>>(), b.1.keys().collect::<Vec<_>>());
    assert!(compare(&a.0, &b.0)?.keys > 100);
    Ok(())
}

#[test]
fn a_load_holds_its_rate_and_follows_moved_slots() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD).primaries(2).replicas(1))?;
    let load = Load::start(&cluster, LoadSpec::new(5).rate(2_000).tags(1))?;
    let slot = testbed::slot_of(b"load:{0}");
    let from = cluster.owner(slot)?;
    let to = 1 - from;
    wait_written(&load, 500);
    cluster.move_slot(slot, from, to)?;
    let after_move = load.written();
    wait_written(&load, after_move + 500);
    assert_eq!(cluster.owner(slot)?, to);

    let replica = cluster.replicas_of(to)?[0];
    cluster.failover(replica)?;
    let after_failover = load.written();
    wait_written(&load, after_failover + 500);
    let summary = load.stop()?;
    assert!(u128::from(summary.operations) <= summary.elapsed.as_millis() * 2 + 200, "{summary}");
    Ok(())
}

fn wait_written(load: &Load, operations: u64) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while load.written() < operations {
        assert!(std::time::Instant::now() < deadline, "the load stands still at {}", load.written());
        thread::sleep(Duration::from_millis(5));
    }
}
