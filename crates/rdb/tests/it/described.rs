//! Fixtures decode to what their servers said they hold, key by key, however they are fed and cut.

use rdb::{Checksum, Options};
use serde_json::Value;

use crate::fixtures::{self, Fixture};
use crate::logical::server::{self, Expected};
use crate::logical::{Contents, decode};

/// What a server said about a file: about all of it, and about each key.
fn description(fixture: &Fixture) -> (Value, Vec<Expected>) {
    let text =
        std::fs::read_to_string(fixture.path.with_extension("jsonl")).expect("a description beside each fixture");
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let about = lines.next().expect("a first line");
    let database = |line: &Value| line["db"].as_u64().and_then(|db| db.try_into().ok()).expect("a database");
    (about, lines.map(|line| server::expected(database(&line), &line)).collect())
}

#[track_caller]
fn check(name: &str, (about, expected): &(Value, Vec<Expected>), contents: &Contents, how: &str) {
    let complaints = server::compare(contents, expected, true);
    assert!(complaints.is_empty(), "{name}, {how}: {} keys:\n{}", complaints.len(), complaints.join("\n"));
    let mut functions = contents.functions.clone();
    functions.sort();
    let mut said: Vec<_> = server::array(&about["functions"]).iter().map(server::string).collect();
    said.sort();
    assert_eq!(functions, said, "{name}");
    if let Some(slots) = about["slots"].as_array() {
        let number = |value: &Value| value.as_u64().expect("a number");
        let said: Vec<_> = slots.iter().map(|slot| [number(&slot[0]), number(&slot[1]), number(&slot[2])]).collect();
        assert_eq!(found_slots(contents), said, "{name}");
    }
    let expected = if name.ends_with("-plain") { Checksum::Off } else { Checksum::Verified };
    assert_eq!(contents.checksum, Some(expected), "{name}");
}

/// Slots in order: Redis has an opcode for them, Valkey states them as facts about the file.
fn found_slots(contents: &Contents) -> Vec<[u64; 3]> {
    let mut slots = contents.slots.clone();
    for (_, value) in contents.aux.iter().filter(|(key, _)| key == b"slot-info") {
        let text = String::from_utf8_lossy(value);
        let mut numbers = text.split(',').map(|number| number.parse().expect("a number"));
        slots.push(std::array::from_fn(|_| numbers.next().expect("three numbers")));
    }
    slots.retain(|[_, keys, _]| *keys > 0);
    slots.sort_unstable();
    slots
}

#[test]
fn each_key_is_as_the_server_said() {
    let fixtures = fixtures::every();
    assert_eq!(fixtures.len(), 13, "a file is missing, or was added without a look at this test");
    for fixture in fixtures {
        let contents =
            decode(&fixture.bytes, &Options::default(), []).unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
        check(&fixture.name, &description(&fixture), &contents, "whole");
    }
}

#[test]
fn each_key_is_so_in_chunks_and_byte_by_byte_too() {
    for fixture in fixtures::every() {
        let description = description(&fixture);
        for (limit, chunk) in [(0, 1), (0, 7), (100, 1000), (5000, 4096)] {
            let options = Options::default().whole_value_limit(limit).chunk_size(chunk);
            for piece in [1, 13, usize::MAX] {
                let how = format!("values over {limit} in chunks of {chunk}, fed by {piece}");
                let contents = decode(&fixture.bytes, &options, std::iter::repeat(piece));
                check(
                    &fixture.name,
                    &description,
                    &contents.unwrap_or_else(|error| panic!("{}, {how}: {error}", fixture.name)),
                    &how,
                );
            }
        }
    }
}

#[test]
fn a_cut_anywhere_changes_nothing() {
    for fixture in fixtures::every().into_iter().filter(|fixture| fixture.name.ends_with("-cluster")) {
        let whole = decode(&fixture.bytes, &Options::default(), []).expect("a good file");
        for at in 0..fixture.bytes.len() {
            let cut = decode(&fixture.bytes, &Options::default().whole_value_limit(at % 20), [at]);
            assert!(cut.as_ref() == Ok(&whole), "{} cut at {at}", fixture.name);
        }
    }
}

#[test]
fn a_description_that_is_wrong_is_noticed() {
    let fixture = fixtures::every().into_iter().find(|fixture| fixture.name == "valkey-9.1").expect("a fixture");
    let (_, expected) = description(&fixture);
    let good = decode(&fixture.bytes, &Options::default(), []).expect("a good file");
    assert_eq!(server::compare(&good, &expected, true), [""; 0]);
    for index in 0..good.keys.len() {
        let mut wrong = good.clone();
        let next = wrong.keys[(index + 1) % good.keys.len()].clone();
        let found = &mut wrong.keys[index];
        (found.value, found.expire_at_ms) = (next.value, next.expire_at_ms.or(Some(1)));
        assert_eq!(server::compare(&wrong, &expected, true).len(), 1, "{:?}", wrong.keys[index].key);
    }
}
