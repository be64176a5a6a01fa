//! What has to take effect once does, whoever dies and whatever moves meanwhile.

mod account;

use std::thread;
use std::time::Duration;

use account::{Account, other_borders};

use super::tool::wait_until;

#[test]
fn killed_at_random_moments_it_loses_and_repeats_nothing() {
    let mut account = Account::open(other_borders(0), 1_000);
    for round in 0..3 {
        account.more_writes(300);
        account.kill_and_restart(Duration::from_millis(1_500), round % 2 == 0);
    }
    account.more_writes(300);
    account.close();
}

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

#[test]
fn a_target_primary_that_dies_ahead_of_its_replica_gets_again_what_is_lost() {
    let mut account = Account::open(other_borders(1), 1_000);
    account.more_writes(300);
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
