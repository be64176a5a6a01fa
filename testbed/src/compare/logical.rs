//! Values without the accidents of their encoding.

use super::diff::Judge;
use crate::{Command, Value, cmd};

/// A value in a form that is equal exactly when the data is.
#[derive(Debug, PartialEq)]
pub(super) enum Logical {
    String(Vec<u8>),
    List(Vec<Value>),
    /// Sorted.
    Set(Vec<Value>),
    /// Members with the bits of their scores, sorted by member.
    Zset(Vec<(Vec<u8>, u64)>),
    /// Fields with values, sorted by field, and the expiry of each where the servers have such.
    Hash(Vec<(Vec<u8>, Vec<u8>)>, Vec<Value>),
    /// `XINFO STREAM FULL` without what differs between equal streams.
    Stream(Value),
    /// The dump of a type that is not known here.
    Other(Value),
}

impl Logical {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Zset(_) => "zset",
            Self::Hash(..) => "hash",
            Self::Stream(_) => "stream",
            Self::Other(_) => "value of an unknown type",
        }
    }

    /// The parts that can be told one by one, for a message that names the first unequal one.
    pub(super) fn parts(&self) -> Vec<String> {
        match self {
            Self::String(bytes) => vec![show(bytes)],
            Self::List(items) | Self::Set(items) => items.iter().map(show_value).collect(),
            Self::Zset(members) => {
                members.iter().map(|(member, bits)| format!("{} {}", show(member), f64::from_bits(*bits))).collect()
            }
            Self::Hash(fields, expiries) => {
                let expiries = expiries.iter().map(Some).chain(std::iter::repeat(None));
                let line = |((field, value), expiry): (&(Vec<u8>, Vec<u8>), Option<&Value>)| {
                    format!(
                        "{} {}{}",
                        show(field),
                        show(value),
                        expiry.map(|at| format!(" expiry {}", show_value(at))).unwrap_or_default()
                    )
                };
                fields.iter().zip(expiries).map(line).collect()
            }
            Self::Stream(info) => {
                info.items().chunks(2).map(|pair| pair.iter().map(show_value).collect::<Vec<_>>().join(" ")).collect()
            }
            Self::Other(value) => vec![show_value(value)],
        }
    }
}

/// The command that reads a whole value of this type.
pub(super) fn read_command(kind: &str, key: &[u8]) -> Command {
    match kind {
        "string" => cmd("GET").arg(key),
        "list" => cmd("LRANGE").arg(key).arg("0").arg("-1"),
        "set" => cmd("SMEMBERS").arg(key),
        "zset" => cmd("ZRANGE").arg(key).arg("0").arg("-1").arg("WITHSCORES"),
        "hash" => cmd("HGETALL").arg(key),
        "stream" => cmd("XINFO STREAM").arg(key).arg("FULL").arg("COUNT").arg("0"),
        _ => cmd("DUMP").arg(key),
    }
}

/// The value from the reply to [`read_command`]; nothing for a key that is not there or has just changed its type.
pub(super) fn from_reply(kind: &str, reply: Value, judge: &Judge) -> Option<Logical> {
    // No server keeps an empty collection.
    if reply == Value::Null || reply == Value::Array(Vec::new()) || reply.error().is_some() {
        return None;
    }
    Some(match (kind, reply) {
        ("string", Value::Bulk(bytes)) => Logical::String(bytes),
        ("list", Value::Array(items)) => Logical::List(items),
        ("set", Value::Array(mut items)) => {
            items.sort_unstable();
            Logical::Set(items)
        }
        ("zset", reply) => Logical::Zset(scored(&reply)),
        ("hash", reply) => Logical::Hash(pairs(&reply), Vec::new()),
        ("stream", reply) => Logical::Stream(comparable(reply, judge)),
        (_, reply) => Logical::Other(reply),
    })
}

fn pairs(reply: &Value) -> Vec<(Vec<u8>, Vec<u8>)> {
    let bytes = |value: Option<&Value>| value.and_then(Value::bytes).unwrap_or_default().to_vec();
    let mut pairs: Vec<_> = reply.items().chunks(2).map(|pair| (bytes(pair.first()), bytes(pair.get(1)))).collect();
    pairs.sort_unstable();
    pairs
}

/// Versions of the server write the same score with more or fewer digits: its bits count.
fn scored(reply: &Value) -> Vec<(Vec<u8>, u64)> {
    let bits = |score: &[u8]| String::from_utf8_lossy(score).parse::<f64>().map(f64::to_bits).unwrap_or_default();
    pairs(reply).into_iter().map(|(member, score)| (member, bits(&score))).collect()
}

/// Removes the fields that `judge` does not want to see, at every depth.
fn comparable(reply: Value, judge: &Judge) -> Value {
    let Value::Array(items) = reply else { return reply };
    let mut kept = Vec::with_capacity(items.len());
    let mut items = items.into_iter();
    while let Some(item) = items.next() {
        let is_ignored = item.bytes().is_some_and(|name| judge.ignores_stream_field(name));
        if is_ignored && kept.len() % 2 == 0 {
            items.next();
        } else {
            kept.push(comparable(item, judge));
        }
    }
    Value::Array(kept)
}

fn show_value(value: &Value) -> String {
    match value {
        Value::Bulk(bytes) => show(bytes),
        Value::Array(items) => format!("[{}]", items.iter().map(show_value).collect::<Vec<_>>().join(" ")),
        Value::Null => "nil".to_owned(),
        other => other.text(),
    }
}

pub(super) fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
