//! LZF: ours against the crate.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use rdb::{Decoder, Item, Options};

use crate::file::Writer;
use crate::shapes::document_text;

/// Decompression of texts that compress well, hardly, and extremely well.
pub(crate) fn bench(criterion: &mut Criterion) {
    let mut writer = Writer::new();
    let document = document_text(&mut writer, 1);
    let mut halves = writer.text(2000);
    halves.extend_from_within(..);
    for (name, text) in [("document", document), ("one-repeat", halves), ("run", vec![b'a'; 4000])] {
        compare(criterion, name, &text);
    }
}

/// The crate's decompression is given the bare data, ours finds it in a value, as it does in every file.
fn compare(criterion: &mut Criterion, name: &str, text: &[u8]) {
    let Ok(compressed) = ::lzf::compress(text) else { return };
    let mut group = criterion.benchmark_group(format!("rdb/lzf/{name}"));
    group.throughput(Throughput::Bytes(text.len() as u64));
    let mut writer = Writer::new();
    writer.key(0, "key");
    writer.compressed(text);
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(&writer.finish().0);
    while let Ok(Some(item)) = decoder.next_item() {
        if let Item::Entry(entry) = item {
            group.bench_function("ours", |bencher| bencher.iter(|| black_box(entry.value).as_string()));
        }
    }
    group.bench_function("crate", |bencher| bencher.iter(|| ::lzf::decompress(black_box(&compressed), text.len())));
    group.finish();
}
