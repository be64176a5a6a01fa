//! What must hold of every file, however it is read.

use rdb::Options;

use crate::{seen, split};

/// How a file is read: four bytes of input.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The most bytes of a whole value.
    pub limit: u8,
    /// The bytes of a chunk.
    pub chunk: u8,
    /// The length of the first read.
    pub first: u8,
    /// How much longer than the last each read is.
    pub stride: u8,
}

impl From<[u8; 4]> for Reading {
    fn from([limit, chunk, first, stride]: [u8; 4]) -> Self {
        Self { limit, chunk, first, stride }
    }
}

/// Reads a file at once and piece by piece: the same items; and its values whole and in chunks: the same elements and
/// parts.
///
/// # Panics
/// When they are not.
pub fn however_read(file: &[u8], reading: Reading) {
    let whole = Options::default().max_string(1 << 20);
    let chunked = whole.clone().whole_value_limit(usize::from(reading.limit)).chunk_size(usize::from(reading.chunk));
    let pieces = || split::reads(reading.first, reading.stride);
    let at_once = std::iter::empty;
    same(&seen::items(file, &chunked, pieces()), &seen::items(file, &chunked, at_once()));
    same(&seen::values(file, &chunked, pieces()), &seen::values(file, &whole, at_once()));
    same(&seen::parts(file, &chunked, pieces()), &seen::parts(file, &whole, at_once()));
}

fn same(one: &[u8], other: &[u8]) {
    assert!(one == other, "\n{}\nis not\n{}", one.escape_ascii(), other.escape_ascii());
}
