//! `shake-cli rdb stats`: what a file is made of.

mod chart;
mod collect;
mod expiry;
mod facts;
mod html;
mod json;
mod largest;
mod page;
mod page_file;
mod prefixes;
mod tally;
mod text;
mod treemap;
mod usage;

use std::path::Path;

use super::args::StatsArgs;
use super::filter::Filter;
use super::input::Input;
use super::output::Output;
use super::walk::{self, walk};
use crate::exit::{Exit, Failure};
use collect::{Collector, Stats};
use page_file::PageFile;

/// Reads the file and says what it is made of.
///
/// # Errors
/// When the file is damaged or cannot be read; what was found up to there is written all the same.
pub(super) fn run(args: &StatsArgs) -> Result<(), Failure> {
    let page = args.html.as_deref().filter(|page| *page != Path::new("-"));
    let page = page.map(|page| PageFile::new(page, args.input.file.as_deref())).transpose()?;
    let mut input = Input::open(&args.input)?;
    let mut collector = Collector::new(args);
    let walked = walk(&mut input, &Filter::new(&args.filter), |step| {
        collector.step(&step);
        Ok(())
    });
    let name = input.name().to_owned();
    drop(input);
    let (stats, damaged) = collector.finish(&name, walked.is_ok());
    // Of what is no snapshot there is nothing to say.
    if stats.facts.header.is_some() {
        write(args, page.as_ref(), &stats)?;
    }
    walk::ended(&name, walked)?;
    match damaged {
        None => Ok(()),
        Some(fault) => Err(Failure::new(Exit::Runtime, format!("{name}: {}", fault.sentence()))),
    }
}

fn write(args: &StatsArgs, page: Option<&PageFile>, stats: &Stats) -> Result<(), Failure> {
    let text = match &args.html {
        Some(_) => html::page(stats),
        None if args.json => json::document(stats),
        None => text::report(stats),
    };
    match page {
        Some(page) => page.write(&text),
        None => {
            let mut out = Output::stdout();
            out.buffer.extend_from_slice(text.as_bytes());
            out.finish()
        }
    }
}
