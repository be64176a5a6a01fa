//! Any split of the input gives the same items at the same offsets, and the same end.

use proptest::prelude::*;
use rdb::Options;

use crate::file::{build, events};
use crate::fixtures;

/// Small limits, so that the fixtures have whole values and chunked ones.
fn options() -> Options {
    Options::default().whole_value_limit(3000).chunk_size(700)
}

#[test]
fn byte_by_byte_is_the_same_as_whole() {
    for (name, file) in fixtures::all() {
        let whole = events(&file, &options(), []);
        assert!(whole.iter().any(|event| event.contains("ValueChunk")), "{name} has no large value");
        assert!(events(&file, &options(), std::iter::repeat(1)) == whole, "{name}");
    }
}

#[test]
fn a_broken_file_breaks_at_the_same_place_for_any_split() {
    let (_, file) = fixtures::all().swap_remove(2);
    for at in (0..file.len()).step_by(211) {
        let mut broken = file.clone();
        broken[at] ^= 0x81;
        assert_eq!(events(&broken, &options(), std::iter::repeat(7)), events(&broken, &options(), []), "byte {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_split_is_the_same_as_whole(
        which in 0_usize..5, pieces in prop::collection::vec(1_usize..5000, 1..40), limit in 0_usize..5000, chunk in 0_usize..3000
    ) {
        let (name, file) = fixtures::all().swap_remove(which);
        let options = options().whole_value_limit(limit).chunk_size(chunk);
        let whole = events(&file, &options, []);
        prop_assert!(events(&file, &options, pieces.iter().copied().cycle()) == whole, "{}", name);
    }

    #[test]
    fn any_bytes_fail_or_decode_the_same_for_any_split(
        records in prop::collection::vec(any::<u8>(), 0..200),
        pieces in prop::collection::vec(1_usize..20, 1..20),
        limit in 0_usize..50,
        version in prop::sample::select(vec!["REDIS0003", "REDIS0009", "REDIS0012", "REDIS0014", "VALKEY080"]),
    ) {
        let file = build(version, &[&records]);
        let options = Options::default().whole_value_limit(limit).chunk_size(9);
        prop_assert_eq!(events(&file, &options, pieces.iter().copied().cycle()), events(&file, &options, []));
    }
}
