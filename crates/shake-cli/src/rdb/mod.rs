//! `shake-cli rdb`: looking into snapshots. Blocking input and output, bounded memory, no runtime.

mod args;
mod check;
mod commands;
mod filter;
mod foreign;
mod glob;
mod input;
mod json;
mod name;
mod output;
mod stats;
mod values;
mod walk;
mod weight;

pub use args::RdbArgs;

use crate::exit::Failure;
use args::Work;

/// Does what the arguments ask for.
///
/// # Errors
/// With the one sentence and the exit code that the program ends with.
pub fn run(args: &RdbArgs) -> Result<(), Failure> {
    match &args.work {
        Work::Check(args) => check::run(args),
        Work::Json(args) => json::run(args),
        Work::Commands(args) => commands::run(args),
        Work::Stats(args) => stats::run(args),
    }
}
