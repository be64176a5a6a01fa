//! The snapshot decoder, level by level over data of different shapes; and its two inner loops, LZF and listpacks,
//! against other ways to write them.
//!
//! Files are made by the bench. Input comes in pieces of 256 KiB, as from a socket or a file, the checksum is verified,
//! and what comes out is dropped. `examples/rdb_levels.rs` measures the same on files that servers wrote.

mod file;
mod levels;
mod listpack;
mod lzf;
mod packed;
mod shapes;
mod streams;
mod tool;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, levels::bench, tool::bench, lzf::bench, listpack::bench);
criterion_main!(benches);
