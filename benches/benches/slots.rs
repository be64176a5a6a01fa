//! What it takes to find the slot of a key and the keys of a command.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]
// A wrong input is a fault of the bench itself; the table is made of the low halves on purpose.

use std::hint::black_box;

use cluster_router::command::{Args, lookup, slot_of_command};
use cluster_router::slot_of;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// One byte at a time from a table of 256 words, as servers do it (`crc16.c`).
fn naive_slot(table: &[u16; 256], key: &[u8]) -> u16 {
    let mut crc = 0u16;
    for &byte in key {
        crc = (crc << 8) ^ table[usize::from((crc >> 8) as u8 ^ byte)];
    }
    crc % 16_384
}

fn naive_table() -> [u16; 256] {
    std::array::from_fn(|index| {
        (0..8).fold((index << 8) as u16, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 })
    })
}

fn slots(c: &mut Criterion) {
    let mut group = c.benchmark_group("slot_of");
    let table = naive_table();
    for size in [16, 32, 64] {
        let key = vec![b'k'; size];
        assert_eq!(slot_of(&key).number(), naive_slot(&table, &key));
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::new("ours", size), &key, |b, key| b.iter(|| slot_of(black_box(key))));
        group.bench_with_input(BenchmarkId::new("naive", size), &key, |b, key| {
            b.iter(|| naive_slot(&table, black_box(key)));
        });
    }
    group.finish();
}

fn names(c: &mut Criterion) {
    let mut group = c.benchmark_group("lookup");
    group.throughput(Throughput::Elements(1));
    for name in ["SET", "hset", "ZREMRANGEBYSCORE", "JSON.SET"] {
        group.bench_function(name, |b| b.iter(|| lookup(black_box(name.as_bytes()))));
    }
    group.finish();
}

fn keys(c: &mut Criterion) {
    let mut group = c.benchmark_group("keys");
    group.throughput(Throughput::Elements(1));
    let mset = format!("MSET{}", " {tag}key value".repeat(16));
    for (name, line) in
        [("SET", "SET key value"), ("EVAL", "EVAL script 2 {a}1 {a}2 x y"), ("MSET of 16", mset.as_str())]
    {
        let start = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
        let ranges: Vec<_> = line.split(' ').map(|word| start(word)..start(word) + word.len()).collect();
        let args = Args::new(line.as_bytes(), &ranges);
        let spec = lookup(args.arg(0).unwrap()).unwrap();
        let mut out = Vec::new();
        group.bench_function(BenchmarkId::new("keys", name), |b| b.iter(|| spec.keys(black_box(args), &mut out)));
        group.bench_function(BenchmarkId::new("first_key_index", name), |b| {
            b.iter(|| spec.first_key_index(black_box(args)));
        });
        group.bench_function(BenchmarkId::new("slot_of_command", name), |b| {
            b.iter(|| slot_of_command(black_box(args)));
        });
    }
    group.finish();
}

criterion_group!(benches, slots, names, keys);
criterion_main!(benches);
