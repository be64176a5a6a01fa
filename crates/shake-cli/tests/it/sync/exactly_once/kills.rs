//! The tool is killed, stopped and started again.

use std::time::Duration;

use testbed::{Cluster, ClusterSpec, Dataset, Ledger, LedgerSpec, Random, wait_equal};

use super::super::tool::{PATIENCE, Tool, wait_until};
use super::account::{Account, other_borders, random_seed};

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

/// What it was sent by the process that is dead it still has, and executes when it wakes up.
#[test]
fn killed_while_the_target_stands_still_it_loses_and_repeats_nothing() {
    let mut account = Account::open(other_borders(0), 1_000);
    for elsewhere in [false, true] {
        account.more_writes(300);
        (0..3).for_each(|node| account.target.pause(node).unwrap());
        account.more_writes(1_000);
        account.tool.kill();
        if elsewhere {
            account.tool.run_again_elsewhere()
        } else {
            account.tool.run_again()
        }
        (0..3).for_each(|node| account.target.cont(node).unwrap());
    }
    account.more_writes(300);
    account.close();
}

/// A process that was taken for dead goes on beside its successor, until somebody ends it.
#[test]
fn two_at_once_do_not_repeat_what_the_other_did() {
    let mut account = Account::open(other_borders(0), 1_000);
    account.more_writes(300);
    account.tool.signal("STOP");
    let successor = Tool::between_clusters(&account.source, &account.target);
    wait_until("the successor to go on", || successor.count_in_log("going on from there") == 3);
    account.more_writes(300);
    let mut first = std::mem::replace(&mut account.tool, successor);
    first.signal("CONT");
    account.more_writes(1_000);
    first.kill();
    account.more_writes(300);
    account.close_behind_another();
}

/// What is there of a copy that was not completed is no place to go on from.
#[test]
fn killed_during_the_copy_it_copies_again_and_loses_nothing() {
    let seed = random_seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    let source = ClusterSpec::new("redis-7.0").replicas(0).option("repl-backlog-size", "64mb");
    let source = Cluster::start(source).unwrap();
    let target = Cluster::start(other_borders(0)).unwrap();
    Dataset::new(seed).keys(30_000).fill(&source).unwrap();
    let ledger = Ledger::start(&source, LedgerSpec::new(seed).rate(500)).unwrap();
    let mut tool = Tool::between_clusters(&source, &target);
    for _round in 0..4 {
        tool.kill_within(Duration::from_millis(1_000), &mut random);
        tool.run_again();
    }
    let written = ledger.acknowledged();
    wait_until("more writes", || ledger.acknowledged() > written + 1_000);
    let mut records = ledger.stop().unwrap();
    records.settle(&source).unwrap();
    records.wait_exact(&target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
}

#[test]
fn a_start_behind_a_stop_goes_on_where_it_was_and_repeats_nothing() {
    let mut account = Account::open(other_borders(0), 1_000);
    account.more_writes(300);
    assert_eq!(account.tool.terminate(), 0, "{}", account.tool.log());
    assert_eq!(account.tool.count_in_log("was not told how far it is"), 0, "{}", account.tool.log());
    let log = account.tool.log();
    let stopped = offsets_behind(&log, "everything received is applied");
    account.more_writes(300);
    account.tool.run_again();
    wait_until("all links to go on", || account.tool.count_in_log("going on from there") == 3);
    let log = account.tool.log();
    assert_eq!(offsets_behind(&log, "the target has this source up to"), stopped, "{log}");
    account.close();
}

/// By source, the offset in the line that has `text`.
fn offsets_behind(log: &str, text: &str) -> Vec<(String, String)> {
    let word_behind = |line: &str, text: &str| {
        let rest = line.split_once(text).map(|(_, rest)| rest).unwrap_or_default();
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || ".:".contains(*c)).collect::<String>()
    };
    let lines = log.lines().filter(|line| line.contains(text));
    let mut found: Vec<_> = lines.map(|line| (word_behind(line, "source="), word_behind(line, "offset "))).collect();
    found.sort();
    found
}

#[test]
#[ignore = "long: make test-long"]
fn killed_twenty_times_under_load_it_loses_and_repeats_nothing() {
    let mut account = Account::open(other_borders(0), 5_000);
    for round in 0..20 {
        account.more_writes(1_000);
        account.kill_and_restart(Duration::from_secs(2), round % 2 == 0);
    }
    account.more_writes(1_000);
    account.close();
}
