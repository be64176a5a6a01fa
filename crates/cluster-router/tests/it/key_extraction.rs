//! Arguments of all kinds: keys are found, or the arguments are wrong, and nothing else ever happens.

use cluster_router::command::{Args, all, find, slot_of_command};
use proptest::prelude::*;

use crate::sample::Sample;

/// Words that mean something to one command or another, and some that mean nothing.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "STORE",
        "storedist",
        "STREAMS",
        "KEYS",
        "AUTH",
        "AUTH2",
        "LIMIT",
        "GET",
        "BY",
        "0",
        "1",
        "2",
        "3",
        "-1",
        "007",
        "4294967296",
        "9223372036854775807",
        "18446744073709551616",
        "CREATE",
        "SETID",
        "NX",
        "a",
        "b",
        "{a}c",
        "",
    ]);
    prop_oneof![9 => known.prop_map(|word| word.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..6)]
}

fn command() -> impl Strategy<Value = Sample> {
    let names: Vec<&str> = all()
        .iter()
        .flat_map(|spec| std::iter::once(spec.name).chain(spec.subcommands.iter().map(|s| s.name)))
        .collect();
    (prop::sample::select(names), prop::collection::vec(word(), 0..12)).prop_map(|(name, rest)| {
        Sample::new(name.split(' ').map(|word| word.as_bytes().to_vec()).chain(rest).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn keys_are_arguments_in_bounds(sample in command()) {
        let args = sample.args();
        let Some(spec) = find(args) else { return Ok(()) };
        let mut keys = Vec::new();
        if spec.keys(args, &mut keys).is_ok() {
            prop_assert!(keys.iter().all(|&index| index > 0 && index < args.len()));
            prop_assert_eq!(spec.first_key_index(args).unwrap(), keys.first().copied());
        } else {
            prop_assert!(slot_of_command(args).is_err());
        }
        let _ = spec.class(args);
    }

    #[test]
    fn ranges_that_lie_outside_do_no_harm(
        name in prop::sample::select(vec!["SET", "MSET", "EVAL", "SORT", "MIGRATE", "XREADGROUP", "XGROUP"]),
        ends in prop::collection::vec((0usize..40, 0usize..40), 0..8),
    ) {
        let buf = format!("{name} STREAMS 2 STORE");
        let ranges: Vec<_> = std::iter::once(0..name.len()).chain(ends.into_iter().map(|(start, end)| start..end)).collect();
        let args = Args::new(buf.as_bytes(), &ranges);
        if let Some(spec) = find(args) {
            let _ = spec.keys(args, &mut Vec::new());
            let _ = spec.class(args);
        }
        let _ = slot_of_command(args);
    }
}
