//! Starting clusters and doing things to them.

use std::thread;

use testbed::{Cluster, ClusterSpec, Error, Router, cmd, key_for_slot};

use crate::{ALL, OLD};

#[test]
fn two_clusters_at_once_do_not_meet() -> Result<(), Error> {
    let start = |primaries| move || Cluster::start(ClusterSpec::new(OLD).primaries(primaries).replicas(0));
    let (left, right) = (thread::spawn(start(2)), thread::spawn(start(3)));
    let (left, right) = (left.join().unwrap()?, right.join().unwrap()?);
    assert!(left.addrs().iter().all(|addr| !right.addrs().contains(addr)));
    Router::connect(&left)?.call("key", "SET key left")?;
    Router::connect(&right)?.call("key", "SET key right")?;
    assert_eq!(left.conn_for_key("key")?.call("GET key")?.text(), "left");
    assert_eq!(right.conn_for_key("key")?.call("GET key")?.text(), "right");
    Ok(())
}

#[test]
fn slots_lie_where_the_spec_puts_them() -> Result<(), Error> {
    let layout = vec![vec![0..=99, 16_000..=16_383], vec![100..=15_999]];
    let cluster = Cluster::start(ClusterSpec::new(OLD).slots(layout).replicas(0))?;
    let owners: Result<Vec<_>, _> =
        [0, 99, 100, 15_999, 16_000, 16_383].map(|slot| cluster.owner(slot)).into_iter().collect();
    assert_eq!(owners?, [0, 0, 1, 1, 0, 0]);
    Ok(())
}

#[test]
fn a_password_is_used_by_all() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD).primaries(1).replicas(1).password("secret"))?;
    let refused = testbed::Conn::connect(cluster.addr(0)?)?.call("GET key").expect_err("no password given");
    assert_eq!(refused.code(), "NOAUTH");
    assert_eq!(Router::connect(&cluster)?.call("key", "SET key value")?.text(), "OK");
    Ok(())
}

#[test]
fn roles_change_and_nodes_come_back() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD))?;
    assert_eq!((cluster.primaries()?, cluster.replicas()?), (vec![0, 1, 2], vec![3, 4, 5]));
    assert_eq!(cluster.replicas_of(1)?, [4]);

    cluster.failover(4)?;
    let mut primaries = cluster.primaries()?;
    primaries.sort_unstable();
    assert_eq!(primaries, [0, 2, 4]);

    let pid = cluster.pid(1)?;
    cluster.kill(1)?;
    assert_eq!(cluster.pid(1)?, None);
    cluster.start_node(1)?;
    cluster.wait_ready()?;
    assert_ne!(cluster.pid(1)?, pid);
    assert_eq!(cluster.info(1, "role")?, "slave");

    cluster.pause(4)?;
    cluster.wait_promoted(1)?;
    cluster.cont(4)?;
    cluster.wait_ready()
}

#[test]
fn a_slot_moves_with_its_keys() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD).primaries(2).replicas(0))?;
    let mut router = Router::connect(&cluster)?;
    let tag = key_for_slot("", 100);
    let keys: Vec<_> = (0..250).map(|n| format!("{{{tag}}}{n}")).collect();
    for key in &keys {
        router.call(key, cmd("SET").arg(key).arg("before"))?;
    }
    cluster.begin_move(100, 0, 1)?;
    assert_eq!(cluster.migrate_keys(100, 0, 1, 50)?, 50);
    // The router follows ASK for keys that have left and for new ones, and finds the others.
    for key in &keys {
        router.call(key, cmd("APPEND").arg(key).arg(", during"))?;
    }
    while cluster.migrate_keys(100, 0, 1, 100)? > 0 {}
    cluster.finish_move(100, 0, 1)?;
    assert_eq!(cluster.owner(100)?, 1);
    for key in &keys {
        assert_eq!(router.call(key, cmd("GET").arg(key))?.text(), "before, during");
    }
    Ok(())
}

#[test]
fn every_server_forms_clusters_moves_slots_and_fails_over() {
    let exercise = |name: &str| -> Result<(), Error> {
        let cluster = Cluster::start(ClusterSpec::new(name).primaries(2).replicas(1))?;
        let mut router = Router::connect(&cluster)?;
        let key = key_for_slot("key", 100);
        router.call(&key, cmd("SET").arg(&key).arg("value"))?;
        cluster.move_slot(100, 0, 1)?;
        assert_eq!(cluster.owner(100)?, 1);
        cluster.failover(3)?;
        assert_eq!(cluster.owner(100)?, 3);
        assert_eq!(router.call(&key, cmd("GET").arg(&key))?.text(), "value");
        Ok(())
    };
    // All at once: they spend their time waiting.
    thread::scope(|scope| {
        let runs: Vec<_> = ALL.iter().map(|name| (name, scope.spawn(move || exercise(name)))).collect();
        for (name, run) in runs {
            run.join().unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    });
}
