//! `shake-cli rdb stats`: what a file is made of.

mod chart;
mod collect;
mod expiry;
mod facts;
mod html;
mod json;
mod largest;
mod page;
mod prefixes;
pub(super) mod table;
mod tally;
mod text;
mod treemap;
mod usage;

use std::fs;
use std::path::Path;

use super::args::StatsArgs;
use super::filter::Filter;
use super::input::Input;
use super::output::Output;
use super::walk::{self, walk};
use crate::exit::{Exit, Failure};
use collect::{Collector, Stats};

/// Reads the file and says what it is made of.
///
/// # Errors
/// When the file is damaged or cannot be read; what was found up to there is written all the same.
pub(super) fn run(args: &StatsArgs) -> Result<(), Failure> {
    let mut input = Input::open(&args.input)?;
    let mut collector = Collector::new(args);
    let walked = walk(&mut input, &Filter::new(&args.filter), |step| {
        collector.step(&step);
        Ok(())
    });
    let name = input.name().to_owned();
    drop(input);
    let (stats, damaged) = collector.finish(&name, walked.is_ok());
    write(args, &stats)?;
    walk::ended(&name, walked)?;
    match damaged {
        None => Ok(()),
        Some(fault) => Err(Failure::new(Exit::Runtime, format!("{name}: {}", fault.sentence()))),
    }
}

fn write(args: &StatsArgs, stats: &Stats) -> Result<(), Failure> {
    let text = match &args.html {
        Some(_) => html::page(stats),
        None if args.json => json::document(stats),
        None => text::report(stats),
    };
    match args.html.as_deref().filter(|page| *page != Path::new("-")) {
        Some(page) => fs::write(page, text).map_err(|error| {
            Failure::new(Exit::Runtime, format!("{} cannot be written", page.display())).because(error)
        }),
        None => {
            let mut out = Output::stdout();
            out.buffer.extend_from_slice(text.as_bytes());
            out.finish()
        }
    }
}
