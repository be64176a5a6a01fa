//! Target nodes that die, come back, and give their slots away, under writes that any repetition would spoil or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use testbed::{Cluster, ClusterSpec, Router, Unit, cmd, wait_equal};

use super::tool::{PATIENCE, Tool, wait_until};

/// Keys that are only ever set, deleted and added to, so that doing it again in order changes nothing.
fn writes(source: &Cluster, until: impl FnOnce()) {
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, mut router) = (stop.clone(), Router::connect(source).unwrap());
    let writer = thread::spawn(move || {
        let mut round = 0u64;
        while !stopped.load(Ordering::Relaxed) {
            let units: Vec<Unit> = (0..200u64)
                .map(|i| {
                    let key = format!("{{{}}}{}", (round * 7 + i) % 3_000, i % 4);
                    let command = match i % 4 {
                        0 => cmd("SET").arg(&key).arg(format!("{round}.{i}")),
                        1 => cmd("HSET").arg(&key).arg(format!("f{}", round % 9)).arg(format!("{round}.{i}")),
                        2 => cmd("SADD").arg(&key).arg(format!("{}", round % 99)),
                        _ => cmd("DEL").arg(format!("{{{}}}{}", (round * 7 + i) % 3_000, round % 3)),
                    };
                    Unit::new(key.as_bytes(), command)
                })
                .collect();
            router.run(&units).unwrap();
            round += 1;
            // Not all that the machine can do: other tests run beside this one.
            thread::sleep(Duration::from_millis(10));
        }
    });
    until();
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
}

fn following(source: &Cluster, target: &Cluster) -> Tool {
    let tool = Tool::between_clusters(source, target);
    wait_until("all links to follow", || tool.count_in_log("following the stream") == 2);
    tool
}

fn source() -> Cluster {
    Cluster::start(ClusterSpec::new("redis-7.0").primaries(2).replicas(0)).unwrap()
}

/// After a failover the new primary may lack the last writes that the old one had confirmed; what is written to every
/// key from then on makes up for that.
fn rewrite_all(source: &Cluster) {
    let mut router = Router::connect(source).unwrap();
    let units: Vec<Unit> = (0..3_000u64)
        .flat_map(|tag| (0..4).map(move |i| format!("{{{tag}}}{i}")))
        .flat_map(|key| {
            [cmd("DEL").arg(&key), cmd("SET").arg(&key).arg("last")].map(|command| Unit::new(key.as_bytes(), command))
        })
        .collect();
    units.chunks(500).for_each(|units| drop(router.run(units).unwrap()));
}

#[test]
fn a_killed_target_primary_fails_over() {
    let source = source();
    let spec = ClusterSpec::new("redis-7.0").primaries(3).replicas(1).option("cluster-node-timeout", "2000");
    let target = Cluster::start(spec).unwrap();
    let tool = following(&source, &target);
    writes(&source, || {
        let replica = target.replicas_of(0).unwrap()[0];
        target.kill(0).unwrap();
        target.wait_promoted(replica).unwrap();
        let flowing = tool.count_in_log("commands flow again");
        wait_until("commands to flow again", || tool.count_in_log("commands flow again") > flowing);
    });
    rewrite_all(&source);
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

#[test]
fn a_restarted_target_node_is_waited_for() {
    let source = source();
    let spec = ClusterSpec::new("redis-7.0").primaries(3).replicas(0);
    let target = Cluster::start(spec.option("appendonly", "yes").option("appendfsync", "always")).unwrap();
    let tool = following(&source, &target);
    writes(&source, || {
        for node in 0..2 {
            target.kill(node).unwrap();
            wait_until("the link to hold", || tool.count_in_log("holding: ") > 0);
            target.start_node(node).unwrap();
            target.wait_ready().unwrap();
        }
    });
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert!(tool.count_in_log("redirected or refused") + tool.count_in_log("WARN holding") < 300, "{}", tool.log());
    tool.end();
}

/// A primary that hangs is replaced, and when it wakes up it says yes to what it will throw away.
#[test]
fn a_hung_target_primary_has_no_say_when_it_wakes_up() {
    let source = source();
    let spec = ClusterSpec::new("redis-7.0").primaries(3).replicas(1).option("cluster-node-timeout", "2000");
    let target = Cluster::start(spec).unwrap();
    let tool = following(&source, &target);
    let mut router = Router::connect(&source).unwrap();
    let mut write = |value: &str| {
        let set = |i: u32| Unit::new(format!("k{i}").as_bytes(), cmd("SET").arg(format!("k{i}")).arg(value));
        drop(router.run(&(0..3_000).map(set).collect::<Vec<_>>()).unwrap());
    };
    write("before");
    wait_equal(&source, &target, PATIENCE).unwrap();
    target.conn(0).unwrap().call("WAIT 1 10000").unwrap();
    let replica = target.replicas_of(0).unwrap()[0];
    target.pause(0).unwrap();
    write("meanwhile");
    target.wait_promoted(replica).unwrap();
    wait_until("the hung node to be given up", || tool.count_in_log("does not serve its slots any more") > 0);
    target.cont(0).unwrap();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}
