//! Listpacks: our walk, which has a fast path for short entries, against one that nom does all of.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use nom::{
    IResult, Parser,
    bytes::complete::take,
    number::complete::{le_i16, le_i32, le_i64, le_u32, u8},
};
use rdb::Scalar;

use crate::file::Writer;
use crate::packed::Listpack;

/// Walks over short strings, over small numbers, and over numbers that have no fast path.
pub(crate) fn bench(criterion: &mut Criterion) {
    let mut writer = Writer::new();
    let mut packs = [Listpack::new(), Listpack::new(), Listpack::new()];
    for i in 0..128 {
        let [strings, small, numbers] = &mut packs;
        strings.string(&writer.text(12));
        small.int(i);
        numbers.int(i * 100_000 + 100_000);
    }
    for (name, pack) in ["strings", "small-numbers", "large-numbers"].into_iter().zip(packs) {
        let (blob, entries) = pack.finish();
        compare(criterion, name, &blob, entries);
    }
}

fn compare(criterion: &mut Criterion, name: &str, blob: &[u8], entries: u64) {
    let mut group = criterion.benchmark_group(format!("rdb/listpack/{name}"));
    group.throughput(Throughput::Elements(entries));
    group.bench_function("ours", |bencher| {
        bencher.iter(|| {
            for entry in rdb::packed::Listpack::new(black_box(blob)).into_iter().flatten().flatten() {
                let _ = black_box(entry);
            }
        });
    });
    group.bench_function("nom", |bencher| bencher.iter(|| walk(black_box(blob))));
    group.finish();
}

/// Walks the entries behind the header, to the end mark; true if that is there.
fn walk(blob: &[u8]) -> bool {
    let mut rest = blob.get(6..).unwrap_or_default();
    while let Ok((behind, entry)) = entry(rest) {
        black_box(entry);
        rest = behind;
    }
    rest == [0xff]
}

fn entry(data: &[u8]) -> IResult<&[u8], Scalar<'_>, ()> {
    let (rest, value) = value(data)?;
    let len = data.len() - rest.len();
    // The entries here are short: one byte is enough for their length.
    let (rest, back) = u8(rest)?;
    if usize::from(back) == len { Ok((rest, value)) } else { Err(nom::Err::Error(())) }
}

fn value(data: &[u8]) -> IResult<&[u8], Scalar<'_>, ()> {
    let (data, first) = u8(data)?;
    match first {
        0x00..=0x7f => Ok((data, Scalar::Int(i64::from(first)))),
        0x80..=0xbf => take(first & 0x3f).map(Scalar::Bytes).parse(data),
        0xf0 => {
            let (data, len) = le_u32(data)?;
            take(len).map(Scalar::Bytes).parse(data)
        }
        0xf1 => le_i16.map(|value| Scalar::Int(i64::from(value))).parse(data),
        0xf3 => le_i32.map(|value| Scalar::Int(i64::from(value))).parse(data),
        0xf4 => le_i64.map(Scalar::Int).parse(data),
        _ => Err(nom::Err::Error(())),
    }
}
