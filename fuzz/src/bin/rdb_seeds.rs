//! Cuts snapshots into small files of one record each, to start the fuzz targets from.
//!
//! usage: rdb_seeds PREFIX-BYTES OUT-DIRECTORY FILE...
//!
//! PREFIX-BYTES zero bytes stand before each file: `rdb_chunks` takes its settings from the first four.

use std::error::Error;
use std::path::Path;

use rdb::{Decoder, Options};

/// What is larger only slows the fuzzer down.
const MAX_RECORD: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(prefix), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: rdb_seeds PREFIX-BYTES OUT-DIRECTORY FILE...".into());
    };
    let prefix = vec![0; prefix.parse()?];
    std::fs::create_dir_all(&out)?;
    let mut count = 0;
    for path in arguments {
        let file = std::fs::read(&path)?;
        let name = Path::new(&path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (index, seed) in cut(&file)?.into_iter().enumerate() {
            std::fs::write(Path::new(&out).join(format!("{name}-{index}")), [prefix.as_slice(), &seed].concat())?;
            count += 1;
        }
    }
    println!("{count} seeds in {out}");
    Ok(())
}

/// One file per item: the header, what lies between the items' ends, the end, and no checksum.
fn cut(file: &[u8]) -> Result<Vec<Vec<u8>>, rdb::Error> {
    let mut decoder = Decoder::new(Options::default());
    let mut ends = Vec::new();
    decoder.feed(file);
    while decoder.next_item()?.is_some() {
        ends.push(usize::try_from(decoder.offset()).unwrap_or(usize::MAX));
    }
    let header = file.get(..9).unwrap_or_default();
    let records = ends.windows(2).filter_map(|pair| file.get(*pair.first()?..*pair.last()?));
    let small = records.filter(|record| record.len() <= MAX_RECORD);
    Ok(small.map(|record| [header, record, b"\xff\0\0\0\0\0\0\0\0"].concat()).collect())
}
