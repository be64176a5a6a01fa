//! What goes on between two clusters, written down so that nothing of it can be lost or repeated unseen.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cluster_router::Slot;
use testbed::{Cluster, ClusterSpec, Ledger, LedgerSpec, Random, Records, slot_of};

use super::super::tool::{PATIENCE, Tool, wait_until};

/// A source of three primaries, a target, a ledger of what is written, and the tool.
pub(super) struct Account {
    pub(super) source: Cluster,
    pub(super) target: Cluster,
    pub(super) tool: Tool,
    pub(super) random: Random,
    ledger: Ledger,
    seed: u64,
}

/// Three primaries; none of their borders is one of three even ones.
pub(super) fn other_borders(replicas: usize) -> ClusterSpec {
    let slots = vec![vec![0..=3_000, 15_001..=16_383], vec![3_001..=9_000], vec![9_001..=15_000]];
    ClusterSpec::new("redis-7.0").slots(slots).replicas(replicas)
}

impl Account {
    /// Some of it comes with the copy, some behind it; from here on the target knows how far every link is.
    pub(super) fn open(target: ClusterSpec, rate: u64) -> Self {
        let seed = random_seed();
        // Shown when the test fails.
        eprintln!("seed {seed}");
        let source = ClusterSpec::new("redis-7.0").replicas(0).option("repl-backlog-size", "64mb");
        let source = Cluster::start(source).unwrap();
        let target = Cluster::start(target).unwrap();
        let ledger = Ledger::start(&source, LedgerSpec::new(seed).rate(rate)).unwrap();
        wait_until("writes before the copy", || ledger.acknowledged() > 1_000);
        let tool = Tool::between_clusters(&source, &target);
        let account = Self { source, target, tool, random: Random::new(seed), ledger, seed };
        let nodes = account.target.primaries().unwrap().len();
        wait_until("marks of all links on all nodes", || {
            let fields = account.positions().into_values().flatten();
            let marks: Vec<_> = fields.filter(|(field, _)| field.ends_with(":mark")).collect();
            marks.len() >= LINKS * nodes && marks.iter().all(|(_, mark)| mark.contains(":stream:"))
        });
        account
    }

    pub(super) fn more_writes(&self, operations: u64) {
        let acknowledged = self.ledger.acknowledged();
        wait_until("more writes", || self.ledger.acknowledged() > acknowledged + operations);
    }

    /// Waits until something that is in the log for every link is there once more for each.
    pub(super) fn all_links_once_more(&mut self, text: &str, act: impl FnOnce(&mut Self)) {
        let before = self.tool.count_in_log(text);
        act(self);
        wait_until(text, || self.tool.count_in_log(text) >= before + LINKS);
    }

    /// Kill -9 at a random moment; started again, as on another machine or not.
    pub(super) fn kill_and_restart(&mut self, most: Duration, elsewhere: bool) {
        let Self { tool, random, .. } = self;
        tool.kill_within(most, random);
        if elsewhere { tool.run_again_elsewhere() } else { tool.run_again() }
    }

    /// Everything is on both sides exactly once and in order, and each shard was copied once.
    pub(super) fn close(self) {
        self.close_after(1);
    }

    /// The same after so many copies of each shard.
    pub(super) fn close_after(self, copies: usize) {
        let mut records = self.ledger.stop().unwrap();
        let (source, target, mut tool) = (self.source, self.target, self.tool);
        assert_eq!(records.forgotten(), 0);
        let verdict = records.verify(&source).unwrap();
        assert!(verdict.is_exact() && verdict.keys > 1_000, "the source: {verdict}");
        records.settle(&source).unwrap();
        if let Err(error) = records.wait_exact(&target, SETTLED) {
            let evidence = evidence(&records, &target);
            panic!("seed {}: {error}\n{evidence}\n{}", self.seed, tool.log());
        }
        assert_eq!(source.full_resyncs_of_others().unwrap(), vec![copies as u64; LINKS], "{}", tool.log());
        let (first, again) = (tool.count_in_log(" full resync"), tool.count_in_log("FULL RESYNC"));
        assert_eq!((first, again), (LINKS, LINKS * (copies - 1)), "{}", tool.log());
        assert_eq!(tool.terminate(), 0, "{}", tool.log());
    }

    /// The fields of every hash of positions that the target has, by slot.
    fn positions(&self) -> BTreeMap<u16, Vec<(String, String)>> {
        positions(&self.target)
    }
}

fn positions(target: &Cluster) -> BTreeMap<u16, Vec<(String, String)>> {
    let mut found = BTreeMap::new();
    for node in target.primaries().unwrap() {
        let mut conn = target.conn(node).unwrap();
        for key in conn.call("KEYS shake:*:positions").unwrap().items() {
            let key = key.text();
            // It may be on its way to another node.
            let Ok(fields) = conn.call(["HGETALL", &key]) else { continue };
            let pairs = fields.items().chunks(2).map(|pair| (pair[0].text(), pair[1].text())).collect();
            found.insert(slot_of(key.as_bytes()), pairs);
        }
    }
    found
}

/// What the target says of the slots in which something is wrong, and all marks.
fn evidence(records: &Records, target: &Cluster) -> String {
    let (mut text, all) = (String::new(), positions(target));
    for finding in records.verify(target).unwrap().findings.iter().take(20) {
        let slot = slot_of(finding.key.as_bytes());
        let tag = Slot::new(slot).unwrap().tag();
        let fields = all.get(&slot).into_iter().flatten().filter(|(field, _)| !field.ends_with(":mark"));
        let fences: Vec<_> = fields.collect();
        let owner = target.owner(slot).unwrap();
        writeln!(text, "{} in slot {slot} ({tag}) of node {owner}: fences {fences:?}", finding.key).unwrap();
    }
    for (slot, fields) in &all {
        for (field, mark) in fields.iter().filter(|(field, _)| field.ends_with(":mark")) {
            writeln!(text, "in slot {slot}: {field} {mark}").unwrap();
        }
    }
    text
}

pub(super) fn random_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::from(now.subsec_nanos()) + now.as_secs()
}

/// One for each primary of the source.
const LINKS: usize = 3;

/// How long what is owed may take.
const SETTLED: Duration = PATIENCE;
