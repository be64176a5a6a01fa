//! Source primaries that hand over, or die, under writes.

use testbed::{Cluster, ClusterSpec, Ledger, LedgerSpec, key_for_slot, wait_equal};

use super::clusters::uneven;
use super::tool::{PATIENCE, Tool, wait_exact, wait_until};

struct Scene {
    source: Cluster,
    target: Cluster,
    tool: Tool,
}

impl Scene {
    fn open() -> Self {
        let spec = ClusterSpec::new("redis-7.0").primaries(3).replicas(1).option("cluster-node-timeout", "2000");
        let source = Cluster::start(spec.option("repl-backlog-size", "64mb")).unwrap();
        let target = Cluster::start(uneven("redis-7.0")).unwrap();
        let tool = Tool::between_clusters(&source, &target);
        wait_until("all links to follow", || tool.count_in_log("following the stream") == 3);
        Self { source, target, tool }
    }

    fn ledger(&self, seed: u64) -> Ledger {
        let ledger = Ledger::start(&self.source, LedgerSpec::new(seed).rate(1_000)).unwrap();
        wait_until("writes", || ledger.acknowledged() > 2_000);
        ledger
    }

    fn wait_equal(&self) {
        let equal = wait_equal(&self.source, &self.target, PATIENCE);
        equal.unwrap_or_else(|error| panic!("{error}\n{}", self.tool.log()));
    }
}

fn more_writes(ledger: &Ledger) {
    let before = ledger.acknowledged();
    wait_until("more writes", || ledger.acknowledged() > before + 2_000);
}

#[test]
fn a_primary_that_hands_over_is_followed_without_a_copy() {
    let scene = Scene::open();
    let ledger = scene.ledger(81);
    let replica = scene.source.replicas_of(0).unwrap()[0];
    scene.source.failover(replica).unwrap();
    more_writes(&ledger);
    scene.source.failover(0).unwrap();
    more_writes(&ledger);
    wait_exact(ledger, &scene.source, &scene.target, &scene.tool);
    scene.wait_equal();
    assert_eq!(scene.tool.count_in_log(" full resync"), 3, "{}", scene.tool.log());
    scene.tool.end();
}

#[test]
fn a_killed_primary_is_followed_to_its_replica() {
    let scene = Scene::open();
    let ledger = scene.ledger(82);
    let replica = scene.source.replicas_of(0).unwrap()[0];
    scene.source.kill(0).unwrap();
    scene.source.wait_promoted(replica).unwrap();
    more_writes(&ledger);
    drop(ledger.stop().unwrap());
    scene.wait_equal();
    scene.tool.end();
}

#[test]
fn what_a_promoted_replica_never_had_is_gone_at_the_target_as_well() {
    let scene = Scene::open();
    let ledger = scene.ledger(83);
    more_writes(&ledger);
    drop(ledger.stop().unwrap());
    scene.wait_equal();
    let source = &scene.source;
    let slots = source.slots_of(0).unwrap();
    let ghosts: Vec<String> = (0..2_000).map(|n| format!("{{{}}}{n}", key_for_slot("ghost", slots[n % 40]))).collect();
    let last = ghosts.last().unwrap().clone();
    source
        .kill_with_lagging_replicas(0, || {
            let mut conn = source.conn(0)?;
            for ghost in &ghosts {
                conn.call(["SET", ghost, "x"])?;
            }
            let mut there = scene.target.conn_for_key(&last)?;
            wait_until("the ghosts at the target", || there.call(["EXISTS", &last]).unwrap().integer() == Some(1));
            Ok(())
        })
        .unwrap();
    scene.wait_equal();
    scene.tool.end();
}
