//! The collecting of everything that is said about a file.

use std::collections::BTreeMap;

use super::expiry::Expiry;
use super::facts::{Facts, Now};
use super::largest::{Described, LargeKey, Largest};
use super::prefixes::{Prefixes, TopPrefixes};
use super::tally::Tally;
use super::usage::Usage;
use crate::rdb::args::StatsArgs;
use crate::rdb::filter::kind_name;
use crate::rdb::values::{Value, Values};
use crate::rdb::walk::{Fault, Step};

/// All that is said about a file.
#[derive(Debug)]
pub(super) struct Stats {
    pub(super) facts: Facts,
    pub(super) now: Now,
    pub(super) all: Tally,
    /// By the name of the type, the one with the most bytes first.
    pub(super) kinds: Vec<(&'static str, Tally)>,
    /// By type and encoding.
    pub(super) encodings: Vec<((&'static str, &'static str), Tally)>,
    pub(super) dbs: Vec<(u32, Tally)>,
    pub(super) expiry: Expiry,
    pub(super) usage: Usage,
    pub(super) prefixes: TopPrefixes,
    pub(super) largest: Vec<LargeKey>,
    pub(super) heaviest: Vec<LargeKey>,
    pub(super) longest: Vec<LargeKey>,
    pub(super) damaged: u64,
}

/// Collects item by item.
pub(super) struct Collector {
    values: Values,
    keep_prefixes: usize,
    sums: Sums,
}

/// What has been collected so far.
struct Sums {
    now: Option<i64>,
    since: Option<Now>,
    facts: Facts,
    all: Tally,
    encodings: BTreeMap<(&'static str, &'static str), Tally>,
    dbs: BTreeMap<u32, Tally>,
    expiry: Expiry,
    usage: Usage,
    prefixes: Prefixes,
    largest: Largest,
    heaviest: Largest,
    longest: Largest,
}

impl Collector {
    /// Nothing collected yet.
    pub(super) fn new(args: &StatsArgs) -> Self {
        let top = || Largest::new(args.top.into());
        let sums = Sums {
            now: args.now,
            since: None,
            facts: Facts::default(),
            all: Tally::default(),
            encodings: BTreeMap::new(),
            dbs: BTreeMap::new(),
            expiry: Expiry::default(),
            usage: Usage::default(),
            prefixes: Prefixes::new(&args.delimiter, args.depth),
            largest: top(),
            heaviest: top(),
            longest: top(),
        };
        Self { values: Values::new(true), keep_prefixes: args.prefixes.into(), sums }
    }

    /// Takes an item into account.
    pub(super) fn step(&mut self, step: &Step<'_>) {
        self.sums.facts.item(step.item);
        if let Some(value) = self.values.step(step) {
            self.sums.key(&value);
        }
    }

    /// All that was collected, and the first damaged value. `complete` says whether there was no fault.
    pub(super) fn finish(mut self, file: &str, complete: bool) -> (Stats, Option<Fault>) {
        let mut sums = self.sums;
        sums.facts.file = file.to_owned();
        // What follows a whole snapshot is a fault, but takes nothing from it.
        sums.facts.complete = complete || sums.facts.checksum.is_some();
        let mut kinds: BTreeMap<&'static str, Tally> = BTreeMap::new();
        for ((kind, _), tally) in &sums.encodings {
            kinds.entry(kind).or_default().add(tally);
        }
        let stats = Stats {
            now: sums.since.unwrap_or_else(|| Now::choose(sums.now, sums.facts.written)),
            facts: sums.facts,
            all: sums.all,
            kinds: by_bytes(kinds),
            encodings: by_bytes(sums.encodings),
            dbs: sums.dbs.into_iter().collect(),
            expiry: sums.expiry,
            usage: sums.usage,
            prefixes: sums.prefixes.into_top(self.keep_prefixes),
            largest: sums.largest.into_sorted(),
            heaviest: sums.heaviest.into_sorted(),
            longest: sums.longest.into_sorted(),
            damaged: self.values.damaged(),
        };
        (stats, self.values.take_first_damaged())
    }
}

impl Sums {
    /// Takes a key with its value into account.
    fn key(&mut self, value: &Value<'_>) {
        let Value { name, about, encoding, .. } = *value;
        let tally = &Tally::one(value.bytes, value.weight);
        let kind = kind_name(about.value_type.kind());
        self.all.add(tally);
        self.encodings.entry((kind, encoding)).or_default().add(tally);
        self.dbs.entry(about.db).or_default().add(tally);
        self.prefixes.add(name, tally);
        self.usage.add(about.eviction);
        let now = *self.since.get_or_insert_with(|| Now::choose(self.now, self.facts.written));
        let left = about.expire_at_ms.map(|at| at.saturating_sub(now.seconds().saturating_mul(1000)));
        self.expiry.add(left, tally);
        let key = Described { name, db: about.db, kind, encoding };
        self.largest.offer(tally.bytes, key, tally);
        self.heaviest.offer(tally.content, key, tally);
        self.longest.offer(tally.elements, key, tally);
    }
}

fn by_bytes<K: Ord>(sums: BTreeMap<K, Tally>) -> Vec<(K, Tally)> {
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.bytes));
    rows
}
