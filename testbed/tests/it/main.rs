//! The testbed on real servers: it must be beyond doubt before it judges others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cluster;
mod compare;
mod faults;
mod ledger;
mod leftovers;
mod load;
mod process;

/// The servers that these tests use; they fail, and say why, when one of them is missing.
const OLD: &str = "redis-7.0";

/// Every server that `tools/get-servers` unpacks.
const ALL: &[&str] = &["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.0", "valkey-8.1", "valkey-9.1"];
