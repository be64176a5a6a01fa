//! The levels of the decoder.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, measurement::WallTime};
use rdb::{Decoder, Digester, ElementReader, Error, Item, Options, RewriteOptions, Rewriter, Target};

use crate::shapes::{self, Shape};

/// Every level on every shape.
pub(crate) fn bench(criterion: &mut Criterion) {
    let shapes = shapes::all();
    level(criterion, "raw", &shapes, |file| decode(file, |item| _ = black_box(item)));
    level(criterion, "payloads", &shapes, payloads);
    level(criterion, "elements", &shapes, elements);
    level(criterion, "digest", &shapes, digest);
    level(criterion, "commands", &shapes, commands);
    keys(criterion, &shapes);
}

fn level(criterion: &mut Criterion, name: &str, shapes: &[Shape], run: impl Fn(&[u8]) -> Result<(), Error>) {
    let mut group = group(criterion, name);
    for shape in shapes {
        group.throughput(Throughput::Bytes(shape.file.len() as u64));
        group.bench_function(shape.name, |bencher| bencher.iter(|| run(&shape.file)));
    }
    group.finish();
}

/// The raw level once more, counted in keys.
fn keys(criterion: &mut Criterion, shapes: &[Shape]) {
    let mut group = group(criterion, "raw-keys");
    for shape in shapes.iter().filter(|shape| shape.keys > 1) {
        group.throughput(Throughput::Elements(shape.keys));
        group.bench_function(BenchmarkId::from_parameter(shape.name), |bencher| {
            bencher.iter(|| decode(&shape.file, |item| _ = black_box(item)));
        });
    }
    group.finish();
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(format!("rdb/{name}"));
    group.sample_size(20);
    group
}

/// Decodes a file, giving each item to `visit`.
fn decode(file: &[u8], mut visit: impl FnMut(Item<'_>)) -> Result<(), Error> {
    let mut decoder = Decoder::new(Options::default());
    for piece in file.chunks(PIECE) {
        decoder.feed(piece);
        while let Some(item) = decoder.next_item()? {
            visit(item);
        }
    }
    decoder.finish()
}

/// What the files are cut into.
const PIECE: usize = 256 * 1024;

/// What a sync does with each whole value: the text of strings, a payload of everything else.
fn payloads(file: &[u8]) -> Result<(), Error> {
    let mut payload = Vec::new();
    decode(file, |item| {
        let Item::Entry(entry) = item else { return };
        match entry.value.as_string() {
            Ok(Some(text)) => drop(black_box(text)),
            _ => {
                payload.clear();
                entry.dump_into(&mut payload);
                black_box(&payload);
            }
        }
    })
}

fn elements(file: &[u8]) -> Result<(), Error> {
    let mut reader = ElementReader::new(&Options::default());
    let mut result = Ok(());
    decode(file, |item| result = result.and(reader.item(&item, |element| _ = black_box(element))))?;
    result
}

fn digest(file: &[u8]) -> Result<(), Error> {
    let (mut reader, mut digester) = (ElementReader::new(&Options::default()), Digester::default());
    let mut result = Ok(());
    decode(file, |item| result = result.and(digester.item(&mut reader, &item).map(|digest| _ = black_box(digest))))?;
    result
}

/// Plain commands for a server of the newest version.
fn commands(file: &[u8]) -> Result<(), Error> {
    let mut rewriter = Rewriter::new(Target::redis(8, 0), RewriteOptions::default());
    let mut out = BytesMut::new();
    decode(file, |item| {
        // The shapes hold nothing that there are no commands for.
        let _ = black_box(rewriter.item(&item, &mut out));
        out.clear();
    })
}
