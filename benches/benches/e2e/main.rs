//! The built `shake-cli` between two real clusters: what a million keys, and then a million commands, cost.
//!
//! ```text
//! cargo build --release -p shake-cli
//! cargo bench -p benches --bench e2e -- [--keys 1000000] [--runs 3] [--server redis-7.0]
//! ```
//!
//! Source, target, writers and the tool share the machine. CPU seconds of the tool are the figure to compare with;
//! wall times say as much about everything else that runs there.
#![allow(clippy::indexing_slicing)]
// Indices come from the cluster's own constants, not from the wire.

mod arguments;
mod figures;
mod report;
mod run;
mod writers;

use std::process::ExitCode;

use benches::tool;
use testbed::Error;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("e2e: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Error> {
    let arguments = arguments::parse(std::env::args().skip(1))?;
    let program = tool::find()?;
    println!("{} keys, then as many commands; 3 primaries of {} on each side", arguments.keys, arguments.server);
    let mut runs = Vec::new();
    for number in 1..=arguments.runs {
        let figures = run::run(&program, &arguments)?;
        println!("run {number} of {}: {figures}", arguments.runs);
        runs.push(figures);
    }
    println!("\n{}", report::table(&runs));
    let file = report::write_json(&arguments, &runs)?;
    println!("written to {}", file.display());
    Ok(())
}
