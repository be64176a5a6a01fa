//! Bytes as a connection hands them over: read by read.

use resp::{Error, Limits};

/// Limits that a small input can exceed.
pub const LIMITS: Limits = Limits { max_bulk: 1 << 10, max_elements: 256, max_line: 64, max_depth: 6 };

/// What was found, each with the offset of its frame, and the error that ended the search with that of its own.
pub type Found<T> = (Vec<(usize, T)>, Option<(usize, Error)>);

/// The lengths of reads that two bytes stand for: mostly short ones, for every second first byte.
pub fn reads(first: u8, stride: u8) -> impl Iterator<Item = usize> {
    let end = if first.is_multiple_of(2) { 17 } else { 257 };
    let mut size = usize::from(first / 2);
    std::iter::repeat_with(move || {
        size = (size + usize::from(stride)) % end;
        size.max(1)
    })
}

/// Shows `scan` what has come of the frame at hand, after each read; `scan` answers with a frame's length.
pub fn feed<T>(
    stream: &[u8],
    mut reads: impl Iterator<Item = usize>,
    mut scan: impl FnMut(&[u8]) -> Result<Option<(usize, T)>, Error>,
) -> Found<T> {
    let (mut found, mut start, mut end) = (Vec::new(), 0, 0);
    while end < stream.len() {
        end = stream.len().min(end.saturating_add(reads.next().unwrap_or(usize::MAX)));
        loop {
            match scan(&stream[start..end]) {
                Ok(Some((len, item))) => {
                    assert!(len > 0 && start + len <= end, "a frame lies within what was read");
                    found.push((start, item));
                    start += len;
                }
                Ok(None) => break,
                Err(error) => return (found, Some((start, error))),
            }
        }
    }
    (found, None)
}
