//! Makes the data sets that the figures of the decoder are taken on: commands on standard output, for a server.
//!
//! `cargo run --release -p benches --example rdb_dataset -- SHAPE [PERCENT] | redis-cli --pipe`, then `SAVE`.
//! Shapes are strings, collections, documents, giants and fields; PERCENT (default 100) scales the number of keys, or
//! of elements where there are but one or two keys. The same arguments give the same bytes.

mod giants;
mod mixed;
mod output;
mod single;

use std::{error::Error, process::ExitCode};

use crate::output::Output;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let (shape, percent) = match args {
        [shape] => (shape, 100),
        [shape, percent] => (shape, percent.parse()?),
        _ => return Err(USAGE.into()),
    };
    let scaled = |count: u64| (count * percent / 100).max(1);
    let mut output = Output::default();
    match shape.as_str() {
        "strings" => single::strings(&mut output, scaled(3_000_000))?,
        "documents" => single::documents(&mut output, scaled(200_000))?,
        "collections" => mixed::collections(&mut output, scaled(100_000), scaled(1_000), scaled(10_000))?,
        "giants" => {
            giants::hash(&mut output, scaled(5_000_000))?;
            giants::list(&mut output, scaled(5_000_000))?;
        }
        "fields" => giants::hash(&mut output, scaled(10_000_000))?,
        _ => return Err(USAGE.into()),
    }
    output.finish()?;
    Ok(())
}

const USAGE: &str = "rdb_dataset strings|collections|documents|giants|fields [PERCENT]";
