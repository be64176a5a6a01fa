//! A slot of the target that stays half moved, as a resharding that was broken off leaves it.

use testbed::{Cluster, ClusterSpec, Router, Unit, cmd, slot_of, wait_equal};

use super::tool::{PATIENCE, Tool, wait_until};

/// Commands on keys of one slot, in order.
fn write(router: &mut Router, commands: &[&str]) {
    let units: Vec<Unit> = commands.iter().map(|line| Unit::new(b"{b}", (*line).into())).collect();
    for replies in router.run(&units).unwrap() {
        replies.into_iter().for_each(|reply| drop(reply.into_result("a command").unwrap()));
    }
}

/// Two clusters in step; a slot of the target is half moved.
struct HalfMoved {
    source: Cluster,
    target: Cluster,
    router: Router,
    tool: Tool,
    slot: u16,
}

impl HalfMoved {
    fn begin(config: &str) -> Self {
        let source = Cluster::start(ClusterSpec::new("redis-7.0").primaries(1).replicas(0)).unwrap();
        let target = Cluster::start(ClusterSpec::new("redis-7.0").primaries(3).replicas(0)).unwrap();
        let mut router = Router::connect(&source).unwrap();
        write(&mut router, &["SET {b}0 0", "SET {b}1 1", "SET {b}2 2", "SET {b}3 3"]);
        let mut tool = Tool::between_clusters_with(&source, &target, config);
        tool.wait_for_log("following the stream");
        wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
        let slot = slot_of(b"{b}");
        target.begin_move(slot, 0, 2).unwrap();
        assert_eq!(target.migrate_keys(slot, 0, 2, 2).unwrap(), 2);
        Self { source, target, router, tool, slot }
    }

    /// Keys that went, keys that stayed, and new ones, which belong to the new end.
    ///
    /// Commands that may be repeated: what was served behind one that was refused is sent again.
    fn set(&mut self) {
        let rounds: Vec<String> =
            (0..40).flat_map(|round| (0..8).map(move |key| format!("SET {{b}}{key} {round}"))).collect();
        write(&mut self.router, &rounds.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn add(&mut self) {
        let transaction = ["MULTI", "INCR {b}n", "INCRBY {b}n 4", "EXEC"].map(Into::into).to_vec();
        self.router.run(&[Unit { commands: transaction, ..Unit::new(b"{b}", cmd("PING")) }]).unwrap();
    }

    fn wait_until_applied(&self) {
        let offset: u64 = self.source.info(0, "master_repl_offset").unwrap().parse().unwrap();
        let is_applied = |line: &str| {
            let confirmed =
                line.split("0 B behind, offset ").nth(1).and_then(|rest| rest.split(',').next()?.parse().ok());
            confirmed.is_some_and(|confirmed: u64| confirmed >= offset)
        };
        wait_until("all of it to be applied", || self.tool.log().lines().any(is_applied));
    }

    fn finish(&mut self) {
        let Self { source, target, router, tool, slot } = self;
        while target.migrate_keys(*slot, 0, 2, 100).unwrap() > 0 {}
        target.finish_move(*slot, 0, 2).unwrap();
        write(router, &["SET {b}0 end", "SET {b}7 end"]);
        wait_equal(&*source, &*target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    }
}

/// While the move stands still everything flows. (A transaction of several keys that are new would have to wait: servers
/// answer TRYAGAIN to it at both ends.)
#[test]
fn keys_at_either_end_of_a_move_are_written_to() {
    let mut half_moved = HalfMoved::begin("[sync]\ndelivery = \"at-least-once\"");
    half_moved.set();
    // ASKING counts for a transaction as a whole.
    half_moved.add();
    half_moved.wait_until_applied();
    half_moved.finish();
    assert!(!half_moved.tool.log().contains("holding: "), "{}", half_moved.tool.log());
    half_moved.tool.end();
}

/// It takes effect together with its slot's position, which is another key: no server takes both before they are at the
/// same end.
#[test]
fn what_takes_effect_once_waits_for_the_end_of_a_move() {
    let mut half_moved = HalfMoved::begin("");
    half_moved.set();
    half_moved.wait_until_applied();
    assert!(!half_moved.tool.log().contains("holding: "), "{}", half_moved.tool.log());
    half_moved.add();
    half_moved.tool.wait_for_log("holding: ");
    assert!(half_moved.tool.log().contains("TRYAGAIN"), "{}", half_moved.tool.log());
    half_moved.finish();
    half_moved.tool.end();
}
