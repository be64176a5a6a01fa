//! Cuts snapshots into small files, to start the fuzz targets from.
//!
//! usage: rdb_seeds OUT-DIRECTORY FILE...
//!
//! Each target gets a folder, in which are records or values in the form that it takes.

use std::error::Error;
use std::path::PathBuf;

use rdb::packed::{Intset, Listpack, Ziplist};
use rdb::{Decoder, Entry, Item, Options, Part, ValueType};

/// What is larger only slows the fuzzer down.
const MAX_SEED: usize = 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(out) = arguments.next() else { return Err("usage: rdb_seeds OUT-DIRECTORY FILE...".into()) };
    let mut seeds = Seeds { out: out.into(), count: 0 };
    for path in arguments {
        let file = std::fs::read(&path)?;
        records(&file, &mut seeds)?;
        values(&file, &mut seeds)?;
    }
    streams(&mut seeds)?;
    println!("{} seeds in {}", seeds.count, seeds.out.display());
    Ok(())
}

struct Seeds {
    out: PathBuf,
    count: usize,
}

impl Seeds {
    fn add(&mut self, target: &str, parts: &[&[u8]]) -> std::io::Result<()> {
        let seed = parts.concat();
        if seed.len() > MAX_SEED {
            return Ok(());
        }
        let directory = self.out.join(target);
        std::fs::create_dir_all(&directory)?;
        self.count += 1;
        std::fs::write(directory.join(format!("seed-{}", self.count)), seed)
    }
}

impl Seeds {
    /// Settings of how a file is read, other ones for each seed.
    fn reading(&self) -> [u8; 4] {
        [7, 3, 5, 1].map(|step| (self.count * step % 251) as u8)
    }
}

/// Streams are built from any bytes: here are some.
fn streams(seeds: &mut Seeds) -> std::io::Result<()> {
    let mut state = 1_u64;
    for len in 1..64 {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(len * 8)
        .collect();
        // The first changes no byte.
        seeds.add("rdb_streams", &[&[len as u8], &seeds.reading(), &[0; 3], &bytes])?;
        seeds.add("rdb_rewrite", &[&[len as u8, 0, 9, 90, 1, 2, 3, 4, 0x35], &bytes])?;
    }
    Ok(())
}

/// One file per item: the header, what lies between the items' ends, the end, and no checksum.
fn records(file: &[u8], seeds: &mut Seeds) -> Result<(), Box<dyn Error>> {
    let mut decoder = Decoder::new(Options::default());
    let mut ends = Vec::new();
    decoder.feed(file);
    while decoder.next_item()?.is_some() {
        ends.push(usize::try_from(decoder.offset())?);
    }
    let header = file.get(..9).unwrap_or_default();
    for pair in ends.windows(2) {
        let record = file.get(pair[0]..pair[1]).unwrap_or_default();
        let end = b"\xff\0\0\0\0\0\0\0\0";
        seeds.add("rdb_decode", &[header, record, end])?;
        seeds.add("rdb_chunks", &[&seeds.reading(), header, record, end])?;
    }
    Ok(())
}

fn values(file: &[u8], seeds: &mut Seeds) -> Result<(), Box<dyn Error>> {
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(file);
    while let Some(item) = decoder.next_item()? {
        if let Item::Entry(entry) = item {
            value(&entry, seeds)?;
        }
    }
    Ok(())
}

fn value(entry: &Entry<'_>, seeds: &mut Seeds) -> Result<(), Box<dyn Error>> {
    let (value_type, bytes) = (entry.value.value_type(), entry.value.bytes());
    let [limit, _, _, chunk] = seeds.reading();
    // Redis 8.0 and Valkey 9.1, which know the most.
    let target = if chunk.is_multiple_of(2) { 5 } else { 7 };
    seeds.add("rdb_rewrite", &[&[target, limit, 9, chunk, 1, 2, 3, 4, type_choice(value_type)], bytes])?;
    let mut payload = Vec::new();
    entry.dump_into(&mut payload);
    let (signed, _) = payload.split_last_chunk::<8>().ok_or("a payload has a checksum")?;
    let (body, version) = signed.split_last_chunk::<2>().ok_or("a payload has a version")?;
    seeds.add("rdb_payload", &[&[7, 1], version, body])?;
    if let (ValueType::String, [0xc3, ..]) = (value_type, bytes) {
        let data = behind_length(behind_length(bytes.get(1..).unwrap_or_default()));
        seeds.add("rdb_lzf", &[&[0], &seeds.reading(), data])?;
    }
    if let Some(place) = fuzz::packed::TYPES.iter().position(|&packed| packed == value_type)
        && let Some(Ok(Part::String(blob))) = entry.value.parts().find(|part| matches!(part, Ok(Part::String(_))))
    {
        let (place, blob) = (u8::try_from(place)?, blob.decode()?);
        seeds.add("rdb_packed", &[&[place, 1], &seeds.reading(), &blob])?;
        // Plain elements of a list of nodes are no blobs.
        if Listpack::new(&blob).is_ok() || Ziplist::new(&blob).is_ok() || Intset::new(&blob).is_ok() {
            let body = fuzz::packed::unsealed(value_type, &blob);
            seeds.add("rdb_packed", &[&[place, 0], &seeds.reading(), &body])?;
        }
    }
    Ok(())
}

/// What is behind a length of one, two or five bytes.
fn behind_length(bytes: &[u8]) -> &[u8] {
    let size = match bytes.first() {
        Some(0x00..=0x3f) => 1,
        Some(0x40..=0x7f) => 2,
        _ => 5,
    };
    bytes.get(size..).unwrap_or_default()
}

/// The byte that `snapshot::chosen_type` takes for this type.
const fn type_choice(value_type: ValueType) -> u8 {
    let valkey = if let ValueType::HashFieldExpiry = value_type { 0x80 } else { 0 };
    value_type.code() | valkey
}
