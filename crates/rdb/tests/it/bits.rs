//! Any single bit that flips in a file with a checksum is noticed.

use rdb::{Decoder, Options};

use crate::fixtures;
use crate::logical::decode;

/// Whether a file is taken for a whole and undamaged one at the raw level: it decodes, and nothing is behind its end.
///
/// The second half matters: a version below 5, that has no checksum, makes the checksum bytes behind the end.
fn passes_raw(file: &[u8]) -> bool {
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(file);
    loop {
        match decoder.next_item() {
            Ok(Some(_)) => {}
            Ok(None) => return decoder.finish().is_ok(),
            Err(_) => return false,
        }
    }
}

/// The same at the level of elements.
fn passes_elements(file: &[u8]) -> bool {
    decode(file, &Options::default(), []).is_ok_and(|contents| contents.trailing.is_empty())
}

fn check(name: &str, file: &[u8], bits: impl Iterator<Item = usize>) {
    assert!(passes_raw(file) && passes_elements(file), "{name}");
    let mut flipped = file.to_vec();
    for bit in bits {
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!passes_raw(&flipped), "{name}: bit {} of byte {}", bit % 8, bit / 8);
        assert!(!passes_elements(&flipped), "{name}: elements, bit {} of byte {}", bit % 8, bit / 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn every_bit_of_a_small_file() {
    let small = ["redis-8.0-cluster", "valkey-9.1-cluster"];
    for fixture in fixtures::every().into_iter().filter(|fixture| small.contains(&fixture.name.as_str())) {
        check(&fixture.name, &fixture.bytes, 0..fixture.bytes.len() * 8);
    }
}

#[test]
fn every_bit_at_both_ends_of_a_file_and_some_between() {
    for (name, file) in fixtures::all() {
        let bits = file.len() * 8;
        check(name, &file, (0..400).chain((400..bits - 200).step_by(1009)).chain(bits - 200..bits));
    }
}
