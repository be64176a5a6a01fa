//! What repeating, losing or reordering a single command would spoil, through troubles that need none of it.

use std::thread;
use std::time::Duration;

use testbed::{Cluster, ClusterSpec, Ledger, LedgerSpec, Records};

use super::clusters::uneven;
use super::tool::{PATIENCE, Tool, wait_until};

/// A source of two primaries, a target with uneven slots, and what goes on between them.
struct Account {
    source: Cluster,
    target: Cluster,
    ledger: Ledger,
    tool: Tool,
}

impl Account {
    /// Some of it comes with the snapshot, some behind it.
    fn open(seed: u64) -> Self {
        let source = Cluster::start(ClusterSpec::new("redis-7.0").primaries(2).replicas(0)).unwrap();
        let target = Cluster::start(uneven("redis-7.0")).unwrap();
        let ledger = Ledger::start(&source, LedgerSpec::new(seed).rate(2_000)).unwrap();
        wait_until("writes before the snapshot", || ledger.acknowledged() > 2_000);
        let tool = Tool::between_clusters(&source, &target);
        wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
        Self { source, target, ledger, tool }
    }

    fn more_writes(&self, operations: u64) {
        let acknowledged = self.ledger.acknowledged();
        wait_until("more writes", || self.ledger.acknowledged() > acknowledged + operations);
    }

    /// Everything is on both sides exactly once and in order, and no second snapshot was needed for it.
    fn close(self) -> Records {
        let mut records = self.ledger.stop().unwrap();
        assert_eq!(records.forgotten(), 0);
        let verdict = records.verify(&self.source).unwrap();
        assert!(verdict.is_exact() && verdict.keys > 1_000, "the source: {verdict}");
        // Where an answer was lost, it is the source that tells which of two outcomes the target must have, too.
        records.settle(&self.source).unwrap();
        let exact = records.wait_exact(&self.target, PATIENCE);
        exact.unwrap_or_else(|error| panic!("{error}\n{}", self.tool.log()));
        assert_eq!(self.tool.count_in_log(" full resync"), 2, "{}", self.tool.log());
        self.tool.end();
        records
    }
}

#[test]
fn without_trouble_everything_arrives_exactly_once() {
    let account = Account::open(41);
    account.more_writes(10_000);
    assert_eq!(account.close().unanswered(), 0);
}

#[test]
fn lost_source_links_lose_and_repeat_nothing() {
    let account = Account::open(42);
    for round in 1..=5 {
        for node in account.source.primaries().unwrap() {
            account.source.conn(node).unwrap().call("CLIENT KILL TYPE replica").unwrap();
        }
        wait_until("both links to continue", || account.tool.count_in_log("continues where we were") >= 2 * round);
        account.more_writes(1_000);
    }
    account.close();
}

#[test]
fn a_target_that_stands_still_loses_and_repeats_nothing() {
    let account = Account::open(43);
    for _round in 0..3 {
        let nodes = 0..account.target.addrs().len();
        nodes.clone().for_each(|node| account.target.pause(node).unwrap());
        account.more_writes(4_000);
        nodes.for_each(|node| account.target.cont(node).unwrap());
        account.more_writes(1_000);
    }
    account.close();
}

/// The same for longer than a connection is waited for before it is looked into.
#[test]
#[ignore = "long: make test-long"]
fn a_target_that_stands_still_for_long_loses_and_repeats_nothing() {
    let account = Account::open(44);
    let nodes = 0..account.target.addrs().len();
    nodes.clone().for_each(|node| account.target.pause(node).unwrap());
    account.more_writes(40_000);
    thread::sleep(Duration::from_secs(10));
    nodes.for_each(|node| account.target.cont(node).unwrap());
    account.more_writes(1_000);
    account.close();
}
