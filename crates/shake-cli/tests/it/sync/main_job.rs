//! The main job at the size of a small installation: everything that two clusters can hold, under every kind of write.

use std::time::{Duration, Instant};

use testbed::{Cluster, ClusterSpec, Comparison, Dataset, Load, LoadSpec};

use super::clusters::uneven;
use super::tool::{Tool, wait_until};

/// Three primaries into four with uneven slots, all with replicas; equal within half a minute of the last write.
fn follows(source: &str, target: &str) {
    let knows_field_expiry = |name: &str| name == "redis-8.0" || name == "valkey-9.1";
    let spec = Dataset::new(21).keys(200_000).field_expiry(knows_field_expiry(source) && knows_field_expiry(target));
    let source = Cluster::start(ClusterSpec::new(source)).unwrap();
    let target = Cluster::start(uneven(target).replicas(1)).unwrap();
    function_load(&source, "early", 1);
    function_load(&source, "changing", 1);
    let filled = spec.fill(&source).unwrap();
    let load = Load::start(&source, LoadSpec::new(22).rate(3_000).tags(500)).unwrap();
    let started = Instant::now();
    let tool = Tool::between_clusters(&source, &target);
    wait_until("all links to follow", || tool.count_in_log("following the stream") == 3);
    let following = started.elapsed();

    function_load(&source, "late", 1);
    function_load(&source, "changing", 2);
    for node in source.primaries().unwrap() {
        source.conn(node).unwrap().call("FUNCTION DELETE early").unwrap();
    }
    let written = load.written();
    wait_until("50,000 more writes", || load.written() > written + 50_000);
    let summary = load.stop().unwrap();
    assert!(summary.errors.is_empty() && summary.kinds.len() > 100, "{summary}");
    let stopped = Instant::now();
    let wait = |comparison: Comparison| {
        let diff = comparison.wait_equal(&source, &target, Duration::from_secs(30));
        diff.unwrap_or_else(|error| panic!("{error}\n{}", tool.log()))
    };
    let diff = wait(Comparison::default());
    let equal = stopped.elapsed();
    // Nothing has touched these since they were in the snapshot.
    assert!(wait(Comparison::default().of_snapshots().only_prefix("data:")).keys > 190_000);
    let mib = tool.usage().peak_rss >> 20;
    println!("{} keys filled in {:.1?}; {summary}", filled.keys, filled.elapsed);
    println!("followed after {following:.1?}; {} keys equal after {equal:.1?}; {mib} MiB at most", diff.keys);
    tool.end();
}

/// Loads or replaces a library on every primary.
fn function_load(cluster: &Cluster, name: &str, result: u32) {
    let code = format!("#!lua name={name}\nredis.register_function('{name}', function() return {result} end)");
    for node in cluster.primaries().unwrap() {
        cluster.conn(node).unwrap().call(["FUNCTION", "LOAD", "REPLACE", &code]).unwrap();
    }
}

#[test]
#[ignore = "long: make test-long"]
fn redis_7_into_redis_7() {
    follows("redis-7.0", "redis-7.0");
}

#[test]
#[ignore = "long: make test-long"]
fn redis_8_into_redis_8() {
    follows("redis-8.0", "redis-8.0");
}

#[test]
#[ignore = "long: make test-long"]
fn valkey_9_into_valkey_9() {
    follows("valkey-9.1", "valkey-9.1");
}

#[test]
#[ignore = "long: make test-long"]
fn redis_7_into_redis_8() {
    follows("redis-7.0", "redis-8.0");
}

#[test]
#[ignore = "long: make test-long"]
fn redis_7_into_valkey_9() {
    follows("redis-7.0", "valkey-9.1");
}
