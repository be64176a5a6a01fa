//! The collecting of everything that is said about a file.

use std::collections::BTreeMap;

use rdb::{ElementReader, Eviction, Item, Key, ValueType};

use super::expiry::Expiry;
use super::facts::{Facts, Now};
use super::largest::{Described, LargeKey, Largest};
use super::prefixes::{Prefixes, TopPrefixes};
use super::tally::Tally;
use super::usage::Usage;
use crate::rdb::args::StatsArgs;
use crate::rdb::filter::kind_name;
use crate::rdb::walk::{self, Fault, Step};
use crate::rdb::weight::Weight;

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
    pub(super) longest: Vec<LargeKey>,
    pub(super) damaged: u64,
}

/// Collects item by item.
pub(super) struct Collector {
    reader: ElementReader,
    now: Option<i64>,
    since: Option<Now>,
    keep_prefixes: usize,
    facts: Facts,
    all: Tally,
    encodings: BTreeMap<(&'static str, &'static str), Tally>,
    dbs: BTreeMap<u32, Tally>,
    expiry: Expiry,
    usage: Usage,
    prefixes: Prefixes,
    largest: Largest,
    longest: Largest,
    /// The value that comes in chunks.
    open: Open,
    first_damaged: Option<Fault>,
    damaged: u64,
}

/// A key whose value comes in chunks.
#[derive(Debug, Default)]
struct Open {
    name: Vec<u8>,
    about: Option<About>,
    start: u64,
    weight: Weight,
    encoding: Option<&'static str>,
    spoilt: bool,
}

/// What is counted about a key, whatever its name and value are.
#[derive(Debug, Clone, Copy)]
struct About {
    db: u32,
    value_type: ValueType,
    expire_at_ms: Option<i64>,
    eviction: Option<Eviction>,
}

impl About {
    const fn of(key: &Key<'_>) -> Self {
        Self { db: key.db.0, value_type: key.value_type, expire_at_ms: key.expire_at_ms, eviction: key.eviction }
    }
}

impl Collector {
    /// Nothing collected yet.
    pub(super) fn new(args: &StatsArgs) -> Self {
        Self {
            reader: ElementReader::new(&walk::options()),
            now: args.now,
            since: None,
            keep_prefixes: args.prefixes.into(),
            facts: Facts::default(),
            all: Tally::default(),
            encodings: BTreeMap::new(),
            dbs: BTreeMap::new(),
            expiry: Expiry::default(),
            usage: Usage::default(),
            prefixes: Prefixes::new(&args.delimiter, args.depth),
            largest: Largest::new(args.top.into()),
            longest: Largest::new(args.top.into()),
            open: Open::default(),
            first_damaged: None,
            damaged: 0,
        }
    }

    /// Takes an item into account.
    pub(super) fn step(&mut self, Step { item, start }: &Step<'_>) {
        match item {
            Item::Entry(entry) => {
                let mut weight = Weight::default();
                if let Err(error) = self.reader.item(item, |element| weight.add(&element)) {
                    self.damaged(error, entry.key.name);
                }
                let bytes = entry.value.offset() + entry.value.bytes().len() as u64 - start;
                let encoding = encoding(entry.key.value_type, entry.value.bytes());
                self.key(entry.key.name, About::of(&entry.key), encoding, &Tally::one(bytes, weight));
            }
            Item::ValueBegin(key) => {
                let mut name = std::mem::take(&mut self.open.name);
                key.name.clone_into(&mut name);
                self.open = Open { name, about: Some(About::of(key)), start: *start, ..Open::default() };
                self.part(item);
            }
            Item::ValueChunk(bytes) => {
                if let (None, Some(about)) = (self.open.encoding, self.open.about) {
                    self.open.encoding = Some(encoding(about.value_type, bytes));
                }
                self.part(item);
            }
            Item::ValueEnd => {
                self.part(item);
                self.end_open(*start);
            }
            _ => self.facts.item(item),
        }
    }

    fn part(&mut self, item: &Item<'_>) {
        let weight = &mut self.open.weight;
        if self.open.spoilt {
            return;
        }
        if let Err(error) = self.reader.item(item, |element| weight.add(&element)) {
            self.open.spoilt = true;
            let name = std::mem::take(&mut self.open.name);
            self.damaged(error, &name);
            self.open.name = name;
        }
    }

    /// The value that came in chunks ends at this offset.
    fn end_open(&mut self, end: u64) {
        let open = std::mem::take(&mut self.open);
        if let Some(about) = open.about {
            let tally = Tally::one(end - open.start, open.weight);
            self.key(&open.name, about, open.encoding.unwrap_or(about.value_type.name()), &tally);
        }
    }

    fn damaged(&mut self, error: rdb::Error, name: &[u8]) {
        self.damaged += 1;
        self.first_damaged.get_or_insert_with(|| Fault::in_value(error, name));
    }

    fn key(&mut self, name: &[u8], about: About, encoding: &'static str, tally: &Tally) {
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
        self.longest.offer(tally.elements, key, tally);
    }

    /// All that was collected, and the first damaged value. `complete` says whether there was no fault.
    pub(super) fn finish(mut self, file: &str, complete: bool) -> (Stats, Option<Fault>) {
        self.facts.file = file.to_owned();
        // What follows a whole snapshot is a fault, but takes nothing from it.
        self.facts.complete = complete || self.facts.checksum.is_some();
        let mut kinds: BTreeMap<&'static str, Tally> = BTreeMap::new();
        for ((kind, _), tally) in &self.encodings {
            kinds.entry(kind).or_default().add(tally);
        }
        let stats = Stats {
            now: self.since.unwrap_or_else(|| Now::choose(self.now, self.facts.written)),
            facts: self.facts,
            all: self.all,
            kinds: by_bytes(kinds),
            encodings: by_bytes(self.encodings),
            dbs: self.dbs.into_iter().collect(),
            expiry: self.expiry,
            usage: self.usage,
            prefixes: self.prefixes.into_top(self.keep_prefixes),
            largest: self.largest.into_sorted(),
            longest: self.longest.into_sorted(),
            damaged: self.damaged,
        };
        (stats, self.first_damaged)
    }
}

fn by_bytes<K: Ord>(sums: BTreeMap<K, Tally>) -> Vec<(K, Tally)> {
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.bytes));
    rows
}

/// How a value is written; strings have three ways, which their first byte tells.
fn encoding(value_type: ValueType, bytes: &[u8]) -> &'static str {
    match (value_type, bytes.first()) {
        (ValueType::String, Some(0xc0..=0xc2)) => "string-int",
        (ValueType::String, Some(0xc3)) => "string-lzf",
        (ValueType::String, _) => "string-plain",
        _ => value_type.name(),
    }
}
