//! Two processes with one configuration.

use std::time::{Duration, Instant};

use testbed::{Cluster, ClusterSpec, Ledger, LedgerSpec};

use super::clusters::uneven;
use super::tool::{Tool, wait_exact, wait_until};

struct Scene {
    source: Cluster,
    target: Cluster,
    first: Tool,
    ledger: Ledger,
}

impl Scene {
    fn open(seed: u64) -> Self {
        let spec = ClusterSpec::new("redis-7.0").primaries(2).replicas(0).option("repl-backlog-size", "64mb");
        let source = Cluster::start(spec).unwrap();
        let target = Cluster::start(uneven("redis-7.0")).unwrap();
        let first = Tool::between_clusters(&source, &target);
        wait_until("both links to follow", || first.count_in_log("following the stream") == 2);
        let ledger = Ledger::start(&source, LedgerSpec::new(seed).rate(1_000)).unwrap();
        wait_until("writes", || ledger.acknowledged() > 1_000);
        Self { source, target, first, ledger }
    }

    fn another(&self) -> Tool {
        let tool = Tool::between_clusters(&self.source, &self.target);
        wait_until("the other to stand by", || tool.count_in_log("standing by") == 1);
        tool
    }

    fn more_writes(&self) {
        let before = self.ledger.acknowledged();
        wait_until("more writes", || self.ledger.acknowledged() > before + 1_000);
    }
}

#[test]
fn the_second_process_stands_by_and_takes_over_when_the_first_dies() {
    let mut scene = Scene::open(101);
    let second = scene.another();
    scene.more_writes();
    assert_eq!(second.count_in_log("going on from there"), 0, "{}", second.log());
    scene.first.kill();
    let died = Instant::now();
    wait_until("the second to take over", || second.count_in_log("going on from there") == 2);
    assert!(died.elapsed() < Duration::from_secs(5), "{:?}", died.elapsed());
    scene.more_writes();
    let Scene { source, target, ledger, .. } = scene;
    wait_exact(ledger, &source, &target, &second);
    assert_eq!(second.count_in_log(" full resync"), 0, "{}", second.log());
    second.end();
}

#[test]
fn a_process_that_hung_is_refused_when_it_wakes_up() {
    let mut scene = Scene::open(102);
    let second = scene.another();
    scene.first.signal("STOP");
    wait_until("the second to take over", || second.count_in_log("going on from there") == 2);
    scene.more_writes();
    scene.first.signal("CONT");
    assert_eq!(scene.first.wait(), 5, "{}", scene.first.log());
    assert!(scene.first.log().contains("another process"), "{}", scene.first.log());
    scene.more_writes();
    let Scene { source, target, ledger, .. } = scene;
    wait_exact(ledger, &source, &target, &second);
    second.end();
}
