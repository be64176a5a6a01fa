//! The snapshot decoder: small strings, mixed collections, compressed documents, giant values, `DUMP` payloads.
//!
//! The shapes are those of `redis-benchmark`-like data sets as servers write them; packed values are opaque to the raw
//! level, so their bytes are random. Input comes in pieces of 256 KiB, as from a socket or a file.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rdb::{Decoder, Item, Options};

const PIECE: usize = 256 * 1024;

/// Writes a snapshot.
struct Writer {
    file: Vec<u8>,
    state: u64,
    keys: u64,
}

impl Writer {
    fn new() -> Self {
        Self { file: b"REDIS0011\xfe\x00".to_vec(), state: 0x9e37_79b9_7f4a_7c15, keys: 0 }
    }

    /// xorshift64: the same data in each run.
    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn length(&mut self, len: usize) {
        match len {
            0..=0x3f => self.file.push(u8::try_from(len).unwrap_or_default()),
            0x40..=0x3fff => {
                self.file.extend_from_slice(&(0x4000 | u16::try_from(len).unwrap_or_default()).to_be_bytes())
            }
            _ => {
                self.file.push(0x80);
                self.file.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
            }
        }
    }

    fn string(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.file.extend_from_slice(bytes);
    }

    /// A string of random bytes.
    fn noise(&mut self, len: usize) {
        self.length(len);
        let end = self.file.len() + len;
        while self.file.len() < end {
            let bytes = self.random().to_le_bytes();
            let count = bytes.len().min(end - self.file.len());
            self.file.extend(bytes.iter().take(count));
        }
    }

    fn key(&mut self, value_type: u8, name: &str) {
        self.keys += 1;
        self.file.push(value_type);
        self.string(name.as_bytes());
    }

    fn finish(mut self) -> (Vec<u8>, u64) {
        self.file.push(0xff);
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Redis, &self.file);
        self.file.extend_from_slice(&crc.to_le_bytes());
        (self.file, self.keys)
    }
}

/// Keys of 18 bytes; values of 16 to 40 bytes, or 32-bit integers; every tenth expires.
fn small_strings(count: u32) -> (Vec<u8>, u64) {
    let mut writer = Writer::new();
    for i in 0..count {
        if i % 10 == 9 {
            writer.file.push(0xfc);
            writer.file.extend_from_slice(&(4_102_444_800_000_u64 + u64::from(i)).to_le_bytes());
        }
        writer.key(0, &format!("user:{i:08}:name"));
        if i % 10 < 3 {
            writer.file.push(0xc2);
            writer.file.extend_from_slice(&i.wrapping_mul(7919).to_le_bytes());
        } else {
            let len = 16 + usize::try_from(i).unwrap_or_default() * 13 % 25;
            writer.noise(len);
        }
    }
    writer.finish()
}

/// Small packed hashes, lists, sets and sorted sets, and large ones element by element.
fn collections(count: u32) -> (Vec<u8>, u64) {
    let mut writer = Writer::new();
    for i in 0..count {
        for (value_type, name, len) in [(16, "h", 190), (17, "z", 160), (20, "s", 110), (11, "i", 88)] {
            writer.key(value_type, &format!("{name}:{i}"));
            writer.noise(len);
        }
        writer.key(18, &format!("l:{i}"));
        writer.file.extend_from_slice(&[1, 2]);
        writer.noise(120);
        if i % 1000 == 0 {
            large_collections(&mut writer, i);
        }
    }
    writer.finish()
}

fn large_collections(writer: &mut Writer, i: u32) {
    writer.key(4, &format!("H:{i}"));
    pairs(writer, 1000);
    writer.key(2, &format!("S:{i}"));
    writer.length(1000);
    for _ in 0..1000 {
        writer.noise(14);
    }
    writer.key(5, &format!("Z:{i}"));
    writer.length(1000);
    for _ in 0..1000 {
        writer.noise(14);
        let score = writer.random().to_le_bytes();
        writer.file.extend_from_slice(&score);
    }
}

fn pairs(writer: &mut Writer, count: usize) {
    writer.length(count);
    for field in 0..count {
        writer.string(format!("field:{field:08}").as_bytes());
        writer.noise(20);
    }
}

/// Documents of 4 KiB, compressed to a bit less than half.
fn documents(count: u32) -> (Vec<u8>, u64) {
    let mut writer = Writer::new();
    for i in 0..count {
        let mut text = format!("{{\"id\":{i},\"items\":[");
        while text.len() < 4000 {
            let random = writer.random();
            text.push_str(&format!(
                "{{\"sku\":\"SKU-{:06}\",\"qty\":{},\"price\":{}.99,\"tag\":\"{:06x}\"}},",
                random % 1_000_000,
                random % 9,
                random % 500,
                random >> 40
            ));
        }
        writer.key(0, &format!("doc:{i}"));
        match lzf::compress(text.as_bytes()) {
            Ok(compressed) => {
                writer.file.push(0xc3);
                writer.length(compressed.len());
                writer.length(text.len());
                writer.file.extend_from_slice(&compressed);
            }
            Err(_) => writer.string(text.as_bytes()),
        }
    }
    writer.finish()
}

/// One hash, larger than any limit.
fn giant_hash(fields: usize) -> (Vec<u8>, u64) {
    let mut writer = Writer::new();
    writer.key(4, "giant");
    pairs(&mut writer, fields);
    writer.finish()
}

/// Decodes a file, giving each item to `visit`; returns how many there were.
fn decode(file: &[u8], options: Options, mut visit: impl FnMut(&Item<'_>)) -> Result<u64, rdb::Error> {
    let mut decoder = Decoder::new(options);
    let mut items = 0;
    for piece in file.chunks(PIECE) {
        decoder.feed(piece);
        while let Some(item) = decoder.next_item()? {
            visit(&item);
            items += 1;
        }
    }
    decoder.finish()?;
    Ok(items)
}

fn raw(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rdb/raw");
    group.sample_size(20);
    let files =
        [("strings", small_strings(500_000)), ("collections", collections(30_000)), ("documents", documents(5_000))];
    for (name, (file, keys)) in &files {
        for (unit, throughput) in
            [("bytes", Throughput::Bytes(file.len() as u64)), ("keys", Throughput::Elements(*keys))]
        {
            group.throughput(throughput);
            group.bench_function(BenchmarkId::new(*name, unit), |bencher| {
                bencher.iter(|| decode(file, Options::default(), |item| _ = black_box(item)));
            });
        }
    }
    let (file, _) = giant_hash(1_000_000);
    group.throughput(Throughput::Bytes(file.len() as u64));
    group.bench_function("giant", |bencher| {
        bencher.iter(|| decode(&file, Options::default(), |item| _ = black_box(item)));
    });
    group.finish();
}

/// What the pipeline does with each value: the text of strings, payloads of everything else.
fn values(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rdb/values");
    group.sample_size(20);
    let files =
        [("strings", small_strings(500_000)), ("collections", collections(30_000)), ("documents", documents(5_000))];
    for (name, (file, _)) in &files {
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(*name, |bencher| {
            let mut payload = Vec::new();
            bencher.iter(|| {
                decode(file, Options::default(), |item| {
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
            });
        });
    }
    group.finish();
}

criterion_group!(benches, raw, values);
criterion_main!(benches);
