//! The `shake-cli` command.

use std::process::ExitCode;

use clap::Parser;
use shake_cli::cli::Cli;
use shake_cli::exit::{Exit, Failure};

fn main() -> ExitCode {
    match shake_cli::run::run(&Cli::parse()) {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => Failure::end(failure),
    }
}
