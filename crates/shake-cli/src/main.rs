//! The `shake-cli` command.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod arena;

use std::process::ExitCode;

use clap::Parser;
use shake_cli::cli::Cli;
use shake_cli::exit::{Exit, Failure};

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    arena::share_one();
    match shake_cli::run::run(&Cli::parse()) {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => Failure::end(failure),
    }
}
