//! Targets that take less than the source has to give, or nothing for a while.

use std::thread;
use std::time::{Duration, Instant};

use testbed::{Cluster, ClusterSpec, Comparison, Load, LoadSpec, Random, Router, Stutter, Unit, cmd};

use super::keyspace;
use super::tool::{PATIENCE, Tool, config, wait_long, wait_until};

/// As much as this of random bytes is written to a cluster, in values of 16 KiB.
fn fill(cluster: &Cluster, prefix: &str, mib: usize) {
    let mut router = Router::connect(cluster).unwrap();
    let mut random = Random::new(31);
    for batch in 0..mib {
        let key = |i: usize| format!("{prefix}{}", batch * 64 + i);
        let mut set = |i| Unit::new(key(i), cmd("SET").arg(key(i)).arg(random.bytes(16 << 10)));
        let units: Vec<Unit> = (0..64).map(&mut set).collect();
        router.run(&units).unwrap();
    }
}

/// How often this cluster's primaries have sent a snapshot.
fn snapshots_sent(cluster: &Cluster) -> u64 {
    let sent = |node| cluster.info(node, "sync_full").unwrap().parse::<u64>().unwrap();
    cluster.primaries().unwrap().into_iter().map(sent).sum()
}

fn equal(source: &Cluster, target: &Cluster, tool: &Tool, patience: Duration) {
    let diff = Comparison::default().wait_equal(source, target, patience);
    diff.unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
}

/// The source gives up on whoever does not read 8 MiB, so we have to read them, whatever the target does.
#[test]
#[ignore = "long: make test-long"]
fn a_target_that_stands_still_costs_no_full_resync() {
    let limit = ("client-output-buffer-limit", "replica 8mb 4mb 10");
    let source = Cluster::start(ClusterSpec::new("redis-7.0").replicas(0).option(limit.0, limit.1)).unwrap();
    let target = Cluster::start(ClusterSpec::new("redis-7.0").primaries(2)).unwrap();
    let load = Load::start(&source, LoadSpec::new(32).rate(500)).unwrap();
    let tool = Tool::between_clusters(&source, &target);
    wait_until("all links to follow", || tool.count_in_log("following the stream") == 3);
    fill(&source, "before:", 20);
    for node in target.primaries().unwrap() {
        let in_sync = || target.conn(node).unwrap().call("WAIT 1 1000").unwrap().integer() == Some(1);
        wait_until("the target's replicas", in_sync);
    }
    let sent = snapshots_sent(&source);

    let nodes = 0..target.addrs().len();
    let stopped = Instant::now();
    nodes.clone().for_each(|node| target.pause(node).unwrap());
    fill(&source, "meanwhile:", 90);
    wait_until("a backlog", || tool.log().contains(" MiB behind"));
    thread::sleep(Duration::from_secs(20).saturating_sub(stopped.elapsed()));
    nodes.for_each(|node| target.cont(node).unwrap());
    let continued = Instant::now();

    let written = load.written();
    wait_until("more writes", || load.written() > written + 2_000);
    let summary = load.stop().unwrap();
    assert!(summary.errors.is_empty(), "{summary}");
    equal(&source, &target, &tool, PATIENCE);
    println!("equal {:.1?} after the target went on; {} MiB at most", continued.elapsed(), tool.usage().peak_rss >> 20);
    assert_eq!(tool.count_in_log(" full resync"), 3, "{}", tool.log());
    assert_eq!(snapshots_sent(&source), sent, "{}", tool.log());
    tool.end();
}

/// What the target has not taken yet is kept on disk, not in memory.
#[test]
#[ignore = "long: make test-long"]
fn a_gibibyte_passes_in_little_memory() {
    let cluster = || Cluster::start(ClusterSpec::new("redis-7.0").primaries(1).replicas(0)).unwrap();
    let (source, target) = (cluster(), cluster());
    fill(&source, "data:", 1024);
    let slow = [target.pid(0).unwrap().unwrap()];
    let slow = Stutter::start(slow.to_vec(), Duration::from_millis(50), Duration::from_millis(150)).unwrap();
    let started = Instant::now();
    let tool = Tool::start(&config(("cluster", &source), ("cluster", &target), "backlog_memory = \"32mb\""));
    let keys = |cluster: &Cluster| keyspace::size(&mut cluster.conn(0).unwrap());
    wait_long("the snapshot to be applied", Duration::from_secs(300), || keys(&target) == keys(&source));
    let applied = started.elapsed();
    drop(slow);
    equal(&source, &target, &tool, PATIENCE);
    let peak = tool.usage().peak_rss;
    println!("1 GiB applied after {applied:.1?}; {} MiB at most", peak >> 20);
    assert!(peak < 128 << 20, "{} MiB\n{}", peak >> 20, tool.log());
    assert_eq!(tool.count_in_log(" full resync"), 1, "{}", tool.log());
    tool.end();
}
