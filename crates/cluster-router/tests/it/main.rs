#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
//! The crate against servers, and against what should never come from one.

mod commands;
mod discovery;
mod key_extraction;
mod router;
mod sample;
mod topologies;
mod topology_text;
