//! The decoder over whole files: our own fixtures, hand-made files, and the corpus beside the workspace.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chunking;
mod corpus;
mod dumps;
mod file;
mod fixtures;
mod handmade;
mod large;
mod manifest;
mod packed;
