//! What servers themselves said about their keys, in JSON (`tests/fixtures/describe.py`).

use rdb::{DbIndex, Eviction, StreamId, ValueType};
use serde_json::Value;

use super::{Bytes, Consumer, Contents, Found, Group, Logical, Stream, Summary, difference};

/// What a server said about a key.
#[derive(Debug)]
pub(crate) struct Expected {
    db: DbIndex,
    key: Bytes,
    kind: String,
    encoding: String,
    expire_at_ms: Option<i64>,
    /// By how much the time may be wrong: old servers only know for how long a key lives on.
    slack_ms: u64,
    eviction: Option<Eviction>,
    value: Logical,
}

/// Reads the description of one key.
pub(crate) fn expected(db: u32, line: &Value) -> Expected {
    let kind = line["type"].as_str().expect("a type").to_owned();
    let freq = line["freq"].as_u64().map(|freq| Eviction::Freq(freq.try_into().expect("a byte")));
    let approximate = line["expire_ms_approx"].as_i64();
    Expected {
        db: DbIndex(db),
        key: string(&line["key"]),
        encoding: line["encoding"].as_str().expect("an encoding").to_owned(),
        expire_at_ms: line["expire_ms"].as_i64().or(approximate),
        slack_ms: if approximate.is_some() { 5 } else { 0 },
        eviction: freq.or(line["idletime"].as_u64().map(Eviction::IdleSeconds)),
        value: value(&kind, line).sorted(),
        kind,
    }
}

/// Complains about every key that is not as the server said it is; `uses` says whether it described those.
pub(crate) fn compare(contents: &Contents, expected: &[Expected], uses: bool) -> Vec<String> {
    let mut complaints: Vec<String> =
        expected.iter().filter_map(|expected| missing_or_wrong(contents, expected, uses)).collect();
    if contents.keys.len() != expected.len() {
        complaints.push(format!("{} keys, not {}", contents.keys.len(), expected.len()));
    }
    complaints
}

fn missing_or_wrong(contents: &Contents, expected: &Expected, uses: bool) -> Option<String> {
    let name = String::from_utf8_lossy(&expected.key);
    let name: String = name.chars().take(40).collect();
    let found = contents.keys.iter().find(|found| (found.db, &found.key) == (expected.db, &expected.key));
    let complaint = match found {
        Some(found) => complaint(found, expected, uses)?,
        None => "missing".to_owned(),
    };
    Some(format!("{name:?} of database {}: {complaint}", expected.db))
}

fn complaint(found: &Found, expected: &Expected, uses: bool) -> Option<String> {
    if !may_be(&expected.kind, &expected.encoding, found.value_type) {
        return Some(format!("{:?}, though the server says {}", found.value_type, expected.encoding));
    }
    let late = match (found.expire_at_ms, expected.expire_at_ms) {
        (Some(found), Some(expected)) => found.abs_diff(expected),
        (None, None) => 0,
        _ => u64::MAX,
    };
    if late > expected.slack_ms {
        return Some(format!("expires at {:?}, not {:?}", found.expire_at_ms, expected.expire_at_ms));
    }
    if uses && found.eviction != expected.eviction {
        return Some(format!("{:?}, not {:?}", found.eviction, expected.eviction));
    }
    difference(&found.value, &expected.value)
}

/// Whether a value that is encoded so in memory may have this type in a file.
fn may_be(kind: &str, encoding: &str, value_type: ValueType) -> bool {
    let codes: &[u8] = match (kind, encoding) {
        ("string", "embstr" | "int" | "raw") => &[0],
        ("list", "quicklist") => &[14, 18],
        ("list", "listpack") => &[18],
        ("set", "hashtable") => &[2],
        ("set", "intset") => &[11],
        ("set", "listpack") => &[20],
        ("zset", "skiplist") => &[5],
        ("zset", "ziplist") => &[12],
        ("zset", "listpack") => &[17],
        ("hash", "hashtable") => &[4, 22, 24],
        ("hash", "ziplist") => &[13],
        ("hash", "listpack") => &[16],
        ("hash", "listpackex") => &[25],
        ("stream", "stream") => &[15, 19, 21],
        _ => &[],
    };
    codes.contains(&value_type.code())
}

fn value(kind: &str, line: &Value) -> Logical {
    let value = &line["value"];
    match kind {
        "string" => Logical::String(string(value)),
        "list" => Logical::List(strings(value)),
        "set" => Logical::Set(strings(value)),
        "zset" => Logical::SortedSet(array(value).iter().map(scored).collect()),
        "hash" => {
            let times = &line["field_expire_ms"];
            Logical::Hash(array(value).iter().map(|pair| field(pair, times)).collect())
        }
        "stream" => Logical::Stream(Box::new(stream(line))),
        other => panic!("a value of type {other}"),
    }
}

fn scored(pair: &Value) -> (Bytes, u64) {
    let score: f64 = pair[1].as_str().and_then(|text| text.parse().ok()).expect("a score");
    (string(&pair[0]), score.to_bits())
}

fn field(pair: &Value, times: &Value) -> (Bytes, Bytes, Option<i64>) {
    let time = pair[0].as_str().and_then(|name| times[name].as_i64());
    (string(&pair[0]), string(&pair[1]), time)
}

fn stream(line: &Value) -> Stream {
    let meta = &line["meta"];
    Stream {
        entries: array(&line["entries"]).iter().map(entry).collect(),
        summary: Summary {
            length: meta["length"].as_u64().expect("a length"),
            last_id: id(&meta["last-generated-id"]),
            first_id: meta["recorded-first-entry-id"].as_str().map(parse_id),
            max_deleted_id: meta["max-deleted-entry-id"].as_str().map(parse_id),
            entries_added: meta["entries-added"].as_u64(),
        },
        groups: array(&line["groups"]).iter().map(group).collect(),
        idempotence: Vec::new(),
    }
}

fn entry(entry: &Value) -> (StreamId, Vec<(Bytes, Bytes)>) {
    let words = strings(&entry[1]);
    (id(&entry[0]), words.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

fn group(group: &Value) -> Group {
    Group {
        name: string(&group["name"]),
        last_id: id(&group["last-delivered-id"]),
        entries_read: group["entries-read"].as_u64(),
        pending: array(&group["pel"]).iter().map(|entry| pending(&entry[0], &entry[2], &entry[3])).collect(),
        consumers: array(&group["consumers"]).iter().map(consumer).collect(),
        refused: Vec::new(),
    }
}

fn pending(entry: &Value, delivered: &Value, deliveries: &Value) -> (StreamId, i64, u64) {
    (id(entry), delivered.as_i64().expect("a time"), deliveries.as_u64().expect("a count"))
}

fn consumer(consumer: &Value) -> Consumer {
    Consumer {
        name: string(&consumer["name"]),
        seen_at_ms: consumer["seen-time"].as_i64().expect("a time"),
        active_at_ms: consumer["active-time"].as_i64(),
        owned: array(&consumer["pending"]).iter().map(|entry| id(&entry[0])).collect(),
    }
}

fn id(value: &Value) -> StreamId {
    parse_id(value.as_str().expect("an ID"))
}

/// Reads the ID of an entry as servers write it.
pub(super) fn parse_id(text: &str) -> StreamId {
    let (ms, seq) = text.split_once('-').expect("two halves");
    StreamId { ms: ms.parse().expect("a number"), seq: seq.parse().expect("a number") }
}

fn strings(value: &Value) -> Vec<Bytes> {
    array(value).iter().map(string).collect()
}

/// Bytes as text in latin-1, or as parts of such text that are repeated.
pub(crate) fn string(value: &Value) -> Bytes {
    match value {
        Value::String(text) => text.chars().map(|character| u8::try_from(character).expect("latin-1")).collect(),
        value => array(&value["parts"]).iter().flat_map(|part| string(&part[0]).repeat(times(&part[1]))).collect(),
    }
}

fn times(value: &Value) -> usize {
    value.as_u64().and_then(|times| times.try_into().ok()).expect("a number")
}

pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no array: {value}"))
}
