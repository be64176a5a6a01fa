//! Connections, nodes and slots of the target that are lost, come back and move.

use std::time::{Duration, Instant};

use testbed::{Cluster, ClusterSpec, Dataset, Server, ServerSpec, wait_equal};

use super::super::tool::{PATIENCE, Tool, config, wait_until};
use super::account::{Account, other_borders};

#[test]
fn lost_target_connections_lose_and_repeat_nothing() {
    let mut account = Account::open(other_borders(0), 1_000);
    for _round in 0..5 {
        account.more_writes(300);
        account.all_links_once_more("the target is asked how far it is", |account| {
            for node in account.target.primaries().unwrap() {
                account.target.conn(node).unwrap().call("CLIENT KILL TYPE normal").unwrap();
            }
        });
    }
    account.close();
}

/// Some of them while the target is being asked.
#[test]
fn target_connections_lost_one_after_the_other_lose_and_repeat_nothing() {
    let account = Account::open(other_borders(0), 1_000);
    let mut conns: Vec<_> = (0..3).map(|node| account.target.conn(node).unwrap()).collect();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        for conn in &mut conns {
            conn.call("CLIENT KILL TYPE normal").unwrap();
        }
    }
    account.more_writes(300);
    account.close();
}

#[test]
fn a_new_target_node_knows_what_its_slots_had_before() {
    let mut account = Account::open(other_borders(0).spares(1), 1_000);
    account.more_writes(300);
    let new = account.target.add_primary().unwrap();
    account.target.move_slots(3_001..3_201, 1, new).unwrap();
    account.kill_and_restart(Duration::from_millis(300), true);
    account.more_writes(300);
    account.tool.kill();
    account.target.move_slots(100..200, 0, new).unwrap();
    account.tool.run_again();
    account.more_writes(300);
    account.close();
}

/// It has what it had at its last dump, its positions of that time among it.
#[test]
fn a_target_node_that_comes_back_as_it_was_before_gets_again_what_is_lost() {
    let account = Account::open(other_borders(0), 1_000);
    for node in [0, 2] {
        account.more_writes(300);
        account.target.conn(node).unwrap().call("SAVE").unwrap();
        account.more_writes(1_000);
        account.target.kill(node).unwrap();
        account.more_writes(300);
        account.target.start_node(node).unwrap();
        account.target.wait_ready().unwrap();
    }
    account.more_writes(300);
    account.close();
}

#[test]
fn a_target_node_that_comes_back_empty_is_said_and_filled_again() {
    let account = Account::open(other_borders(0), 1_000);
    account.more_writes(300);
    account.target.kill(1).unwrap();
    account.target.start_node(1).unwrap();
    wait_until("second copies", || account.tool.count_in_log("following the stream") == 6);
    account.more_writes(300);
    account.close_after(2);
}

#[test]
fn a_target_primary_that_dies_ahead_of_its_replica_gets_again_what_is_lost() {
    let mut account = Account::open(other_borders(1), 1_000);
    account.more_writes(300);
    // What it lacks is not to be the first marks: a copy that nobody knows of is made again.
    account.target.conn(0).unwrap().call("WAIT 1 10000").unwrap();
    account.all_links_once_more("the target is asked how far it is", |account| {
        let meanwhile = || {
            account.more_writes(1_000);
            Ok(())
        };
        account.target.kill_with_lagging_replicas(0, meanwhile).unwrap();
    });
    account.more_writes(300);
    account.close();
}

/// What a copy has brought and the replica had not is missed when the copy ends.
#[test]
fn a_target_primary_that_dies_during_the_copy_has_it_made_again() {
    let slow = ClusterSpec::new("redis-7.0").replicas(0).option("rdb-key-save-delay", "300");
    let source = Cluster::start(slow).unwrap();
    let target = Cluster::start(other_borders(1)).unwrap();
    Dataset::new(9).keys(30_000).fill(&source).unwrap();
    let tool = Tool::between_clusters(&source, &target);
    let mut conn = target.conn(0).unwrap();
    let mut more_keys = |than: i64| {
        wait_until("more keys", || conn.call("DBSIZE").unwrap().integer() > Some(than));
        Ok(())
    };
    more_keys(300).unwrap();
    target.kill_with_lagging_replicas(0, || more_keys(1_500)).unwrap();
    assert_eq!(tool.count_in_log("everything is copied again: "), 0, "the copy was over too soon");
    wait_until("the copies to be made again", || tool.count_in_log("everything is copied again: ") == 3);
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

#[test]
fn slots_that_move_at_the_target_lose_and_repeat_nothing() {
    let account = Account::open(other_borders(0), 1_000);
    account.more_writes(300);
    account.target.move_slots(3_001..3_201, 1, 0).unwrap();
    account.more_writes(300);
    account.target.move_slots(3_001..3_201, 0, 2).unwrap();
    account.close();
}

#[test]
fn slots_that_moved_while_it_was_dead_keep_their_positions() {
    let mut account = Account::open(other_borders(0), 1_000);
    for (from, to) in [(1, 0), (0, 2)] {
        account.more_writes(300);
        account.tool.kill();
        account.target.move_slots(3_001..3_201, from, to).unwrap();
        account.tool.run_again();
    }
    account.more_writes(300);
    account.close();
}

/// Positions are among what it may evict.
#[test]
fn a_target_that_may_evict_any_key_is_said() {
    let source = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let limits = [("maxmemory", "100mb"), ("maxmemory-policy", "allkeys-lru")];
    let target = limits.iter().fold(ServerSpec::new("redis-7.0"), |spec, (name, value)| spec.option(*name, *value));
    let target = Server::start(target).unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), ""));
    tool.wait_for_log("it may evict any key when its memory is full (maxmemory-policy allkeys-lru)");
    tool.wait_for_log("following the stream");
    tool.end();
}
