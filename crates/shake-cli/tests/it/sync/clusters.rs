//! Clusters of one size and version into those of another.

use std::time::Duration;

use testbed::{Cluster, ClusterSpec, Dataset, Load, LoadSpec, wait_equal};

use super::tool::{Tool, wait_until};

/// Four primaries with uneven slots: no border of theirs is one of three even ones.
pub(super) fn uneven(server: &str) -> ClusterSpec {
    let slots = vec![vec![0..=99, 9000..=16383], vec![100..=2000], vec![2001..=2001], vec![2002..=8999]];
    ClusterSpec::new(server).replicas(0).slots(slots)
}

#[test]
fn three_primaries_follow_into_four_uneven_ones_under_writes() {
    let source = Cluster::start(ClusterSpec::new("redis-7.0")).unwrap();
    let target = Cluster::start(uneven("redis-7.0")).unwrap();
    Dataset::new(1).keys(50_000).fill(&source).unwrap();
    let load = Load::start(&source, LoadSpec::new(2).rate(2_000)).unwrap();
    let mut tool = Tool::between_clusters(&source, &target);
    for _ in 0..3 {
        tool.wait_for_log("following the stream");
    }
    // Some writes came with the snapshot, some behind it.
    let written = load.written();
    wait_until("10,000 more writes", || load.written() > written + 10_000);
    let summary = load.stop().unwrap();
    assert!(summary.errors.is_empty(), "{:?}", summary.errors);
    wait_equal(&source, &target, Duration::from_secs(30)).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    assert_eq!(tool.count_in_log("everything received is applied"), 3, "{}", tool.log());
}

#[test]
fn functions_and_transactions_reach_the_cluster() {
    let source = Cluster::start(ClusterSpec::new("redis-7.0")).unwrap();
    let target = Cluster::start(uneven("redis-7.0")).unwrap();
    let library = |name: &str| format!("#!lua name={name}\nredis.register_function('{name}', function() return 1 end)");
    for node in source.primaries().unwrap() {
        source.conn(node).unwrap().call(["FUNCTION", "LOAD", &library("early")]).unwrap();
    }
    let mut tool = Tool::between_clusters(&source, &target);
    for _ in 0..3 {
        tool.wait_for_log("following the stream");
    }
    for node in source.primaries().unwrap() {
        source.conn(node).unwrap().call(["FUNCTION", "LOAD", &library("late")]).unwrap();
    }
    for node in source.primaries().unwrap() {
        source.conn(node).unwrap().call("FUNCTION DELETE early").unwrap();
    }
    // A script without declared keys may write to several slots of its node, in one transaction.
    let mut conn = source.conn_for_key("{a}").unwrap();
    let nearby = testbed::key_for_slot("near", testbed::slot_of(b"{a}") - 1);
    let script = format!("redis.call('SET', '{{a}}1', 'x'); redis.call('INCR', '{nearby}'); return 1");
    conn.call(["EVAL", &script, "0"]).unwrap();
    conn.pipeline(&["MULTI".into(), "RPUSH {a}list 1 2 3".into(), "INCR {a}n".into(), "EXEC".into()]).unwrap();
    wait_equal(&source, &target, Duration::from_secs(30)).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    for node in target.primaries().unwrap() {
        let mut conn = target.conn(node).unwrap();
        wait_until("the late library alone on every primary", || {
            let libraries = conn.call("FUNCTION LIST").unwrap();
            libraries.items().len() == 1 && libraries.items()[0].items()[1].bytes() == Some(&b"late"[..])
        });
    }
    tool.end();
}

/// The main job between two versions, or two families, of servers.
fn follows(source: &str, target: &str) {
    let source = Cluster::start(ClusterSpec::new(source).replicas(0)).unwrap();
    let target = Cluster::start(ClusterSpec::new(target).primaries(2).replicas(0)).unwrap();
    Dataset::new(7).keys(5_000).fill(&source).unwrap();
    let load = Load::start(&source, LoadSpec::new(8).rate(1_000)).unwrap();
    let tool = Tool::between_clusters(&source, &target);
    wait_until("all links to follow", || tool.count_in_log("following the stream") == 3);
    let written = load.written();
    wait_until("more writes", || load.written() > written + 5_000);
    let summary = load.stop().unwrap();
    assert!(summary.errors.is_empty(), "{:?}", summary.errors);
    wait_equal(&source, &target, Duration::from_secs(30)).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

#[test]
#[ignore = "long: make test-long"]
fn redis_8_into_redis_8() {
    follows("redis-8.0", "redis-8.0");
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

#[test]
#[ignore = "long: make test-long"]
fn valkey_8_into_valkey_9() {
    follows("valkey-8.1", "valkey-9.1");
}

#[test]
#[ignore = "long: make test-long"]
fn valkey_9_into_valkey_9() {
    follows("valkey-9.1", "valkey-9.1");
}
