//! The decoder over whole files: our own fixtures, hand-made files, and the corpus beside the workspace.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bits;
mod captures;
mod chunking;
mod corpus;
mod corpus_content;
mod damaged;
mod described;
mod digest;
mod dumps;
mod file;
mod fixtures;
mod fuzzed;
mod handmade;
mod large;
mod logical;
mod manifest;
mod packed;
mod parts;
mod payload;
mod rewrite;
mod synthetic;
mod widths;
