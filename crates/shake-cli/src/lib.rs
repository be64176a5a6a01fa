#![doc = include_str!("../README.md")]
//!
//! [`pipeline`] is the part to embed; above it are the configuration, the command line, logs and exit codes.
#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod exit;
pub mod forget;
pub mod logging;
pub mod meter;
pub mod pipeline;
pub mod positions;
pub mod rdb;
pub mod report;
pub mod run;
mod sides;
pub mod status;
mod table;
pub mod terminal;
mod units;
