//! One command: how it is sent, and what it does.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    key::Key,
    state::{Held, SEPARATOR, State},
};
use crate::{Command, Value, cmd};

/// One command. Items are numbered, so that each can be told from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Incr(Key),
    PushLeft(Key, u64),
    PushRight(Key, u64),
    PopLeft(Key),
    Append(Key, u64),
    StreamAdd(Key, u64),
    HashIncr(Key, u64),
    ZsetIncr(Key, u64),
    /// From the left end of one list to the right end of another one.
    Move(Key, Key),
    Rename(Key, Key),
    Set(Key, u64),
    Del(Key),
    HashSet(Key, u64),
}

impl Step {
    /// The command on the keys of a hash tag.
    pub(super) fn command(self, home: &str) -> Command {
        match self {
            Self::Incr(key) => cmd("INCR").arg(key.at(home)),
            Self::PushLeft(key, item) => cmd("LPUSH").arg(key.at(home)).arg(item),
            Self::PushRight(key, item) => cmd("RPUSH").arg(key.at(home)).arg(item),
            Self::PopLeft(key) => cmd("LPOP").arg(key.at(home)),
            Self::Append(key, item) => cmd("APPEND").arg(key.at(home)).arg(format!("{item}{SEPARATOR}")),
            Self::StreamAdd(key, item) => cmd("XADD").arg(key.at(home)).arg("*").arg("item").arg(item),
            Self::HashIncr(key, n) => cmd("HINCRBY").arg(key.at(home)).arg(field(n)).arg(1),
            Self::ZsetIncr(key, n) => cmd("ZINCRBY").arg(key.at(home)).arg(1).arg(field(n)),
            Self::Move(from, to) => cmd("LMOVE").arg(from.at(home)).arg(to.at(home)).args(["LEFT", "RIGHT"]),
            Self::Rename(from, to) => cmd("RENAME").arg(from.at(home)).arg(to.at(home)),
            Self::Set(key, item) => cmd("SET").arg(key.at(home)).arg(item),
            Self::Del(key) => cmd("DEL").arg(key.at(home)),
            Self::HashSet(key, item) => cmd("HSET").arg(key.at(home)).arg(field(item)).arg(item),
        }
    }

    /// Does to a state what the server does to its keys; the reply that it then gives. Of an error the code counts, and
    /// of the id of a stream's entry nothing.
    pub(super) fn apply(self, state: &mut State) -> Value {
        match self {
            Self::Incr(key) => incr(state, key),
            Self::PushLeft(key, item) => push(state, key, item, true),
            Self::PushRight(key, item) => push(state, key, item, false),
            Self::PopLeft(key) => pop(state, key).map_or(Value::Null, bulk),
            Self::Append(key, item) => append(state, key, item),
            Self::StreamAdd(key, item) => {
                push(state, key, item, false);
                Value::Bulk(Vec::new())
            }
            Self::HashIncr(key, n) => add(state, key, n, Value::Integer),
            Self::ZsetIncr(key, n) => add(state, key, n, bulk),
            Self::Move(from, to) => match pop(state, from) {
                Some(item) => {
                    push(state, to, item, false);
                    bulk(item)
                }
                None => Value::Null,
            },
            Self::Rename(from, to) => match state.0.remove(&from) {
                Some(held) => {
                    state.0.insert(to, held);
                    ok()
                }
                None => Value::Error("ERR".to_owned()),
            },
            Self::Set(key, item) => {
                state.0.insert(key, Held::Text(item.to_string().into_bytes()));
                ok()
            }
            Self::Del(key) => Value::Integer(i64::from(state.0.remove(&key).is_some())),
            Self::HashSet(key, item) => hash_set(state, key, item),
        }
    }

    /// Whether a server may answer this step so, when `expected` is what [`Self::apply`] told.
    pub(super) fn fits(self, expected: &Value, reply: &Value) -> bool {
        match (self, expected, reply) {
            (Self::StreamAdd(..), Value::Bulk(_), Value::Bulk(_)) => true,
            (_, Value::Error(code), Value::Error(text)) => text.split(' ').next() == Some(code),
            _ => expected == reply,
        }
    }
}

fn incr(state: &mut State, key: Key) -> Value {
    let held = state.0.entry(key).or_insert_with(|| Held::number(0));
    match held.as_number() {
        Some(number) => {
            *held = Held::number(number + 1);
            Value::Integer(number + 1)
        }
        None => wrong_type(),
    }
}

fn push(state: &mut State, key: Key, item: u64, left: bool) -> Value {
    match state.0.entry(key).or_insert_with(|| Held::Items(Vec::new())) {
        Held::Items(items) => {
            let at = if left { 0 } else { items.len() };
            items.insert(at, item);
            length(items.len())
        }
        _ => wrong_type(),
    }
}

fn pop(state: &mut State, key: Key) -> Option<u64> {
    let Entry::Occupied(mut entry) = state.0.entry(key) else { return None };
    let Held::Items(items) = entry.get_mut() else { return None };
    let item = if items.is_empty() { None } else { Some(items.remove(0)) };
    if items.is_empty() {
        entry.remove();
    }
    item
}

fn append(state: &mut State, key: Key, item: u64) -> Value {
    match state.0.entry(key).or_insert_with(|| Held::Text(Vec::new())) {
        Held::Text(text) => {
            text.extend(format!("{item}{SEPARATOR}").bytes());
            length(text.len())
        }
        _ => wrong_type(),
    }
}

/// Adds 1 to a number of a hash or sorted set.
fn add(state: &mut State, key: Key, n: u64, reply: impl FnOnce(i64) -> Value) -> Value {
    match state.0.entry(key).or_insert_with(|| Held::Numbers(BTreeMap::new())) {
        Held::Numbers(numbers) => {
            let number = numbers.entry(field(n)).or_default();
            *number += 1;
            reply(*number)
        }
        _ => wrong_type(),
    }
}

fn hash_set(state: &mut State, key: Key, item: u64) -> Value {
    match state.0.entry(key).or_insert_with(|| Held::Numbers(BTreeMap::new())) {
        Held::Numbers(numbers) => {
            let value = i64::try_from(item).unwrap_or(i64::MAX);
            Value::Integer(i64::from(numbers.insert(field(item), value).is_none()))
        }
        _ => wrong_type(),
    }
}

/// One of a few fields or members.
fn field(n: u64) -> Vec<u8> {
    format!("f{}", n % FIELDS).into_bytes()
}

fn bulk(item: impl ToString) -> Value {
    Value::Bulk(item.to_string().into_bytes())
}

fn length(length: usize) -> Value {
    Value::Integer(i64::try_from(length).unwrap_or(i64::MAX))
}

fn ok() -> Value {
    Value::Simple("OK".to_owned())
}

fn wrong_type() -> Value {
    Value::Error("WRONGTYPE".to_owned())
}

const FIELDS: u64 = 5;
