//! Any bytes as replies, whole and by a split that the input chooses: the same replies, offsets and errors; and their
//! trees, of which none panics.
#![no_main]

use bytes::Bytes;
use fuzz::split::{Found, LIMITS, feed, reads};
use libfuzzer_sys::fuzz_target;
use resp::{Reply, ReplyScanner, Scanned};

fuzz_target!(|data: &[u8]| {
    let Some((&[first, stride], stream)) = data.split_first_chunk() else { return };
    let whole = replies(stream, std::iter::empty());
    assert_eq!(replies(stream, reads(first, stride)), whole);
    for (start, found) in whole.0 {
        tree(Bytes::copy_from_slice(&stream[start..start + found.len]), found);
    }
    // Not necessarily one reply.
    let _ = Reply::parse(Bytes::copy_from_slice(stream));
});

fn replies(stream: &[u8], reads: impl Iterator<Item = usize>) -> Found<Scanned> {
    let mut scanner = ReplyScanner::new(LIMITS);
    feed(stream, reads, |bytes| Ok(scanner.scan(bytes)?.map(|found| (found.len, found))))
}

fn tree(frame: Bytes, found: Scanned) {
    // Scalars are looked at only here, so that a frame may still hold a malformed one.
    let Ok(reply) = Reply::parse_within(frame, LIMITS) else { return };
    // The other way round does not hold: the tree leaves attributes out.
    assert!(found.has_error || reply.first_error().is_none(), "the scanner sees every error");
}
