//! Slots that move between the shards of the source while both are followed.

use testbed::{Cluster, ClusterSpec, Dataset, Ledger, LedgerSpec, slot_of, wait_equal};

use super::clusters::uneven;
use super::tool::{PATIENCE, Tool, wait_exact, wait_until};

struct Scene {
    source: Cluster,
    target: Cluster,
    tool: Tool,
}

impl Scene {
    fn open(server: &str) -> Self {
        let source = ClusterSpec::new(server).primaries(2).replicas(0).option("repl-backlog-size", "64mb");
        let source = Cluster::start(source).unwrap();
        let target = Cluster::start(uneven(server)).unwrap();
        Dataset::new(91).keys(3_000).fill(&source).unwrap();
        let tool = Tool::between_clusters(&source, &target);
        wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
        wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
        Self { source, target, tool }
    }

    fn close(self) {
        let equal = wait_equal(&self.source, &self.target, PATIENCE);
        equal.unwrap_or_else(|error| panic!("{error}\n{}", self.tool.log()));
        assert_eq!(self.tool.count_in_log(" full resync"), 2, "{}", self.tool.log());
        self.tool.end();
    }
}

/// Nobody writes: the only events are those of the moves.
#[test]
fn idle_keys_of_moved_slots_stay() {
    let scene = Scene::open("redis-7.0");
    let slots: Vec<u16> = scene.source.slots_of(0).unwrap().into_iter().take(300).collect();
    scene.source.move_slots(slots.iter().copied(), 0, 1).unwrap();
    let marker = (0..).map(|n| format!("marker{n}")).find(|key| slots.contains(&slot_of(key.as_bytes()))).unwrap();
    scene.source.conn(1).unwrap().call(["SET", &marker, "behind the move"]).unwrap();
    scene.close();
}

#[test]
fn slots_move_there_and_back_under_writes() {
    let scene = Scene::open("redis-7.0");
    let ledger = Ledger::start(&scene.source, LedgerSpec::new(92).rate(1_000).tags(400)).unwrap();
    wait_until("writes", || ledger.acknowledged() > 2_000);
    // Those of the ledger's own tags are what matters.
    let mine = (0..400).map(|tag| slot_of(format!("{{{tag}}}").as_bytes()));
    let owned = scene.source.slots_of(0).unwrap();
    let slots: Vec<u16> = mine.filter(|slot| owned.contains(slot)).collect();
    scene.source.move_slots(slots.iter().copied(), 0, 1).unwrap();
    scene.source.move_slots(slots.iter().copied().take(50), 1, 0).unwrap();
    wait_exact(ledger, &scene.source, &scene.target, &scene.tool);
    scene.close();
}

/// The source grows by a node, which is followed as soon as slots come to it, and shrinks by it again.
#[test]
fn a_primary_that_joins_is_followed_and_one_that_leaves_is_not_waited_for() {
    let source = ClusterSpec::new("redis-7.0").primaries(2).replicas(0).spares(1).option("repl-backlog-size", "64mb");
    let source = Cluster::start(source).unwrap();
    let target = Cluster::start(uneven("redis-7.0")).unwrap();
    let tool = Tool::between_clusters(&source, &target);
    wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
    let ledger = Ledger::start(&source, LedgerSpec::new(93).rate(1_000).tags(400)).unwrap();
    wait_until("writes", || ledger.acknowledged() > 2_000);
    let new = source.add_primary().unwrap();
    let owned = source.slots_of(0).unwrap();
    let mine = (0..400).map(|tag| slot_of(format!("{{{tag}}}").as_bytes()));
    let slots: Vec<u16> = mine.filter(|slot| owned.contains(slot)).take(100).collect();
    source.move_slots(slots.iter().copied(), 0, new).unwrap();
    wait_until("the third link to follow", || tool.count_in_log("following the stream") == 3);
    let before = ledger.acknowledged();
    wait_until("more writes", || ledger.acknowledged() > before + 2_000);
    source.move_slots(slots.iter().copied(), new, 1).unwrap();
    source.remove_primary(new).unwrap();
    let begun = std::time::Instant::now();
    wait_until("the third link to end", || {
        assert!(begun.elapsed() < PATIENCE / 2, "the third link does not end: {}", tool.log());
        tool.count_in_log("it is not followed further") == 1
    });
    wait_exact(ledger, &source, &target, &tool);
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

/// Valkey moves slots by itself: the new owner is copied again, and nothing is lost or doubled.
#[test]
fn slots_that_valkey_migrates_are_copied_with_their_new_shard() {
    let source = ClusterSpec::new("valkey-9.1").primaries(2).replicas(0).option("repl-backlog-size", "64mb");
    let source = Cluster::start(source).unwrap();
    let target = Cluster::start(uneven("valkey-9.1")).unwrap();
    Dataset::new(94).keys(2_000).fill(&source).unwrap();
    let tool = Tool::between_clusters(&source, &target);
    wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
    let ledger = Ledger::start(&source, LedgerSpec::new(95).rate(1_000).tags(400)).unwrap();
    wait_until("writes", || ledger.acknowledged() > 2_000);
    source.migrate_slots(100..=1_999, 0, 1).unwrap();
    wait_until("the copy", || tool.count_in_log("following the stream") == 3);
    let before = ledger.acknowledged();
    wait_until("more writes", || ledger.acknowledged() > before + 1_000);
    wait_exact(ledger, &source, &target, &tool);
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}
