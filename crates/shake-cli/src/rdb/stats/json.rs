//! The report for machines.

use serde_json::{Map, Value, json};

use super::collect::Stats;
use super::largest::LargeKey;
use super::tally::Tally;

/// The report as a document. A name that is no text stands there byte by byte too, in hexadecimal digits.
pub(super) fn document(stats: &Stats) -> String {
    let facts = &stats.facts;
    let document = json!({
        "file": facts.file,
        "dialect": facts.header.map(|(dialect, _)| dialect.to_string().to_lowercase()),
        "version": facts.header.map(|(_, version)| version.number()),
        "server": facts.server,
        "written": facts.written,
        "complete": facts.complete,
        "damaged_values": stats.damaged,
        "functions": facts.functions,
        "all": tally(&stats.all),
        "types": rows(stats.kinds.iter().map(|(kind, sums)| (json!({ "type": kind }), sums))),
        "encodings": rows(stats.encodings.iter().map(|((kind, encoding), sums)| {
            (json!({ "type": kind, "encoding": encoding }), sums)
        })),
        "databases": rows(stats.dbs.iter().map(|(db, sums)| (json!({ "db": db }), sums))),
        "prefixes": {
            "rows": rows(stats.prefixes.rows.iter().map(|(prefix, sums)| (name("prefix", prefix), sums))),
            "no_delimiter": tally(&stats.prefixes.without),
            "others": tally(&stats.prefixes.others),
            "approximate": stats.prefixes.approximate,
        },
        "expiry": {
            "counted_from": stats.now.seconds(),
            "rows": rows(stats.expiry.rows().map(|(row, sums)| (json!({ "expires": row }), sums))),
        },
        "last_used": usage(stats.usage.idle()),
        "use_counter": usage(stats.usage.freq()),
        "largest_by_bytes": stats.largest.iter().map(key).collect::<Vec<_>>(),
        "largest_by_content": stats.heaviest.iter().map(key).collect::<Vec<_>>(),
        "largest_by_elements": stats.longest.iter().map(key).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn tally(tally: &Tally) -> Value {
    let Tally { keys, bytes, content, elements } = tally;
    json!({ "keys": keys, "bytes": bytes, "content": content, "elements": elements })
}

fn rows<'a>(rows: impl Iterator<Item = (Value, &'a Tally)>) -> Vec<Value> {
    rows.map(|(head, sums)| joined(head, tally(sums))).collect()
}

/// The fields of both objects in one.
fn joined(one: Value, other: Value) -> Value {
    let fields = |value| match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let mut all = fields(one);
    all.extend(fields(other));
    Value::Object(all)
}

fn usage(rows: Option<Vec<(&'static str, u64)>>) -> Value {
    let Some(rows) = rows else { return Value::Null };
    rows.into_iter().map(|(row, keys)| json!({ "range": row, "keys": keys })).collect()
}

fn key(key: &LargeKey) -> Value {
    let facts = json!({
        "db": key.db,
        "type": key.kind,
        "encoding": key.encoding,
        "bytes": key.bytes,
        "content": key.content,
        "elements": key.elements,
        "name_length": key.name_len,
    });
    joined(name("key", &key.name), facts)
}

/// A name, exactly if it is text; with its bytes beside it if it is not.
fn name(field: &str, bytes: &[u8]) -> Value {
    let mut fields = Map::new();
    fields.insert(field.to_owned(), String::from_utf8_lossy(bytes).into());
    if std::str::from_utf8(bytes).is_err() {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        fields.insert(format!("{field}_hex"), hex.into());
    }
    Value::Object(fields)
}
