//! The fixtures, rewritten for servers of their own kind, for others, and for older ones.

use rdb::{LossKind, Losses, Options, RewriteOptions};

use crate::fixtures;

use super::transfer::{check, check_chunks};

#[test]
fn every_fixture_comes_back_as_it_was() {
    for target in ["redis-7.0", "redis-8.0", "valkey-9.1"] {
        for (source, file) in fixtures::all() {
            check(source, &file, target, RewriteOptions::default());
        }
    }
}

#[test]
fn nothing_is_lost_on_a_server_of_the_same_kind() {
    for source in fixtures::NAMES {
        let (_, file) = fixtures::all().into_iter().find(|(name, _)| *name == source).unwrap();
        let losses = check(source, &file, source, RewriteOptions::default());
        assert_eq!(losses, Losses::default(), "{source}");
    }
}

#[test]
fn a_downgrade_says_what_it_loses() {
    let (_, file) = fixtures::all().into_iter().find(|(name, _)| *name == "redis-8.0").unwrap();
    let losses = check("redis-8.0", &file, "redis-6.0", RewriteOptions::default());
    let kinds: Vec<_> = losses.iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [LossKind::FieldExpiry, LossKind::StreamCounters, LossKind::EntriesRead]);
}

#[test]
fn chunks_and_small_commands_make_the_same() {
    let options = || RewriteOptions::default().max_elements(7).max_bytes(300);
    for (source, file) in fixtures::all() {
        let decoder = Options::default().whole_value_limit(0).chunk_size(97);
        let losses = check_chunks(source, &file, decoder, source, options());
        assert!(losses.iter().all(|(kind, _)| kind == LossKind::DanglingPending), "{source}: {losses:?}");
        check(source, &file, source, options());
    }
}
