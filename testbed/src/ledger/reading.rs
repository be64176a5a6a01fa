//! What a cluster holds, in the terms of the account.

use std::collections::BTreeMap;

use super::{
    key::Key,
    state::{Held, State},
};
use crate::{Command, Error, Router, Unit, Value, cmd, slot_of};

/// Reads all keys of hash tags, each given by what its keys begin with.
pub(super) fn read(router: &mut Router, homes: &[String]) -> Result<Vec<State>, Error> {
    let units: Vec<Unit> = homes.iter().map(|home| unit(home)).collect();
    let replies = router.run(&units)?;
    Ok(replies.iter().map(|replies| state(replies)).collect())
}

fn unit(home: &str) -> Unit {
    let commands = Key::ALL.into_iter().flat_map(|key| commands(key, &key.at(home))).collect();
    Unit { slot: slot_of(home.as_bytes()), commands }
}

/// Two commands for each key: its type, and all of it if the type is the one it has.
fn commands(key: Key, name: &str) -> [Command; 2] {
    let read = match key {
        Key::Count | Key::Text => cmd("GET").arg(name),
        Key::List | Key::OtherList => cmd("LRANGE").arg(name).args(["0", "-1"]),
        Key::Hash => cmd("HGETALL").arg(name),
        Key::Zset => cmd("ZRANGE").arg(name).args(["0", "-1", "WITHSCORES"]),
        Key::Stream => cmd("XRANGE").arg(name).args(["-", "+"]),
        // Of one type now and of another one later.
        Key::Mixed | Key::OtherMixed => cmd("EVAL").arg(READ_MIXED).arg(1).arg(name),
    };
    [cmd("TYPE").arg(name), read]
}

fn state(replies: &[Value]) -> State {
    let pairs = Key::ALL.into_iter().zip(replies.chunks(2));
    State(pairs.filter_map(|(key, replies)| Some((key, held(&replies.first()?.text(), replies.get(1)?)?))).collect())
}

fn held(kind: &str, value: &Value) -> Option<Held> {
    let held = match (kind, value) {
        ("none", _) => return None,
        ("string", Value::Bulk(text)) => Some(Held::Text(text.clone())),
        ("list", Value::Array(items)) => items.iter().map(item).collect::<Option<_>>().map(Held::Items),
        ("stream", Value::Array(entries)) => entries.iter().map(entry).collect::<Option<_>>().map(Held::Items),
        ("hash" | "zset", Value::Array(items)) => numbers(items).map(Held::Numbers),
        _ => None,
    };
    Some(held.unwrap_or_else(|| Held::Foreign(kind.to_owned())))
}

fn item(value: &Value) -> Option<u64> {
    value.text().parse().ok()
}

/// `[id, [field, item]]`
fn entry(entry: &Value) -> Option<u64> {
    item(entry.items().get(1)?.items().get(1)?)
}

fn numbers(items: &[Value]) -> Option<BTreeMap<Vec<u8>, i64>> {
    items.chunks(2).map(|pair| Some((pair.first()?.bytes()?.to_vec(), pair.get(1)?.integer()?))).collect()
}

const READ_MIXED: &str = "if redis.call('TYPE', KEYS[1]).ok == 'hash' then return redis.call('HGETALL', KEYS[1]) end \
                          return redis.call('GET', KEYS[1])";
