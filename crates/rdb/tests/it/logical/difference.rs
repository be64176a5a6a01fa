//! Where two values differ: the first place, in few words.

use std::fmt::Debug;

use super::{Group, Logical, Stream};

/// The first difference between what was found and what was expected.
pub(crate) fn difference(found: &Logical, expected: &Logical) -> Option<String> {
    match (found, expected) {
        (Logical::List(found), Logical::List(expected)) => lists("item", found, expected),
        (Logical::Set(found), Logical::Set(expected)) => lists("member", found, expected),
        (Logical::SortedSet(found), Logical::SortedSet(expected)) => lists("scored member", found, expected),
        (Logical::Hash(found), Logical::Hash(expected)) => lists("field", found, expected),
        (Logical::Stream(found), Logical::Stream(expected)) => streams(found, expected),
        _ => values("value", found, expected),
    }
}

fn streams(found: &Stream, expected: &Stream) -> Option<String> {
    lists("entry", &found.entries, &expected.entries)
        .or_else(|| values("summary", &found.summary, &expected.summary))
        .or_else(|| found.groups.iter().zip(&expected.groups).find_map(|(found, expected)| groups(found, expected)))
        .or_else(|| lists("group", &found.groups, &expected.groups))
        .or_else(|| lists("idempotence", &found.idempotence, &expected.idempotence))
}

fn groups(found: &Group, expected: &Group) -> Option<String> {
    lists("pending entry", &found.pending, &expected.pending)
        .or_else(|| lists("consumer", &found.consumers, &expected.consumers))
}

fn lists<T: PartialEq + Debug>(what: &str, found: &[T], expected: &[T]) -> Option<String> {
    let mut pairs = found.iter().zip(expected).enumerate();
    let first = pairs.find_map(|(index, (found, expected))| values(&format!("{what} {index}"), found, expected));
    first.or_else(|| values(&format!("number of {what}s"), &found.len(), &expected.len()))
}

fn values<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Option<String> {
    (found != expected).then(|| format!("{what} is {}, not {}", short(found), short(expected)))
}

fn short(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    if text.len() > 300 { format!("{}... ({} characters)", &text[..300], text.len()) } else { text }
}
