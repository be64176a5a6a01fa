//! The integration tests of `shake-cli`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod config;
mod config_errors;
mod config_tls;
mod rdb;
mod sync;
