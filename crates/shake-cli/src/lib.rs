//! The library behind the `shake-cli` command.
//!
//! [`pipeline`] is what embeds: a running sync between two clusters as a value. Above it are the configuration, the
//! command line, logs and exit codes.

pub mod cli;
pub mod config;
pub mod exit;
pub mod logging;
pub mod pipeline;
pub mod report;
pub mod run;
