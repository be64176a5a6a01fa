//! What one level of the decoder costs on one file: CPU time, throughput, keys per second, peak memory.
//!
//! `cargo run --release -p benches --example rdb_levels -- FILE LEVEL [--no-crc] [--chunk BYTES] [--runs N]`
//!
//! The file is read in pieces of 256 KiB and everything that comes out of the level is dropped. CPU time is that of the
//! thread, user and system, the reading of the file included; of several runs the best one is told.

mod arguments;
mod level;
mod usage;

use std::{error::Error, fs::File, io::Read, process::ExitCode};

use rdb::Options;

use crate::{
    arguments::Arguments,
    level::{Counts, Level},
};

fn main() -> ExitCode {
    match arguments::parse(std::env::args().skip(1)).and_then(|arguments| measure(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the level as often as was asked for, and tells the best of it.
fn measure(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut best = f64::INFINITY;
    let mut counts = Counts::default();
    for _ in 0..arguments.runs {
        let before = usage::cpu_seconds()?;
        counts = decode(arguments)?;
        best = best.min(usage::cpu_seconds()? - before);
    }
    report(arguments, best, counts)
}

/// Reads the whole file through the level.
fn decode(arguments: &Arguments) -> Result<Counts, Box<dyn Error>> {
    let mut file = File::open(&arguments.file)?;
    let mut level = Level::new(arguments.level, options(arguments));
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return level.finish();
        }
        level.feed(piece.get(..read).unwrap_or_default())?;
    }
}

/// What is read at once.
const PIECE: usize = 256 * 1024;

fn options(arguments: &Arguments) -> Options {
    let options = Options::default().check_crc(arguments.check_crc);
    match arguments.chunk {
        Some(bytes) => options.whole_value_limit(bytes).chunk_size(bytes),
        None => options,
    }
}

fn report(arguments: &Arguments, seconds: f64, counts: Counts) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::metadata(&arguments.file)?.len();
    println!(
        "{:?} {}: {seconds:.3} CPU-s, {:.3} GB/s, {:.2} Mkeys/s, {:.1} Mparts/s, peak {:.1} MiB, \
         {bytes} bytes, {} keys, {} parts",
        arguments.level,
        arguments.file,
        bytes as f64 / 1e9 / seconds,
        counts.keys as f64 / 1e6 / seconds,
        counts.parts as f64 / 1e6 / seconds,
        usage::peak_rss_bytes()? as f64 / f64::from(1 << 20),
        counts.keys,
        counts.parts,
    );
    Ok(())
}
