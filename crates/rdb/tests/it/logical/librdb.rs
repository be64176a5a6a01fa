//! What librdb's `rdb-cli` said about a file, in JSON. It keeps less than there is: no expiries, no repeated names.

use std::collections::BTreeMap;

use rdb::{DbIndex, StreamId};
use serde_json::{Map, Value};

use super::server::{array, parse_id, string};
use super::{Bytes, Consumer, Contents, Found, Group, Logical, Stream, Summary, difference};

/// Complains about every key that is not as librdb said it is.
pub(crate) fn compare(contents: &Contents, json: &Value) -> Vec<String> {
    let databases = databases(contents);
    let said = array(json).iter().map(|database| database.as_object().expect("a database"));
    // It lists databases that are selected, but have no keys.
    let said: Vec<_> = said.filter(|database| !database.is_empty()).collect();
    if databases.len() != said.len() {
        return vec![format!("{} databases, not {}", databases.len(), said.len())];
    }
    databases.iter().zip(said).flat_map(|(keys, said)| compare_database(keys, said)).collect()
}

/// The keys by database, in the order of the file.
fn databases(contents: &Contents) -> Vec<Vec<&Found>> {
    let mut databases: Vec<(DbIndex, Vec<&Found>)> = Vec::new();
    for found in &contents.keys {
        match databases.last_mut() {
            Some((db, keys)) if *db == found.db => keys.push(found),
            _ => databases.push((found.db, vec![found])),
        }
    }
    databases.into_iter().map(|(_, keys)| keys).collect()
}

fn compare_database(keys: &[&Found], said: &Map<String, Value>) -> Vec<String> {
    let said: BTreeMap<Bytes, &Value> = said.iter().map(|(key, value)| (latin1(key), value)).collect();
    // Of keys that occur twice, which servers refuse, JSON keeps the last.
    let last = |index: &usize| !keys[index + 1..].iter().any(|later| later.key == keys[*index].key);
    let complain = |index: usize| {
        let found = keys[index];
        let complaint = match said.get(&found.key) {
            Some(value) => complaint(&found.value, value)?,
            None => "not in what librdb said".to_owned(),
        };
        Some(format!("{:?}: {complaint}", String::from_utf8_lossy(&found.key)))
    };
    let mut complaints: Vec<String> = (0..keys.len()).filter(last).filter_map(complain).collect();
    let missing = said.keys().filter(|key| !keys.iter().any(|found| found.key == **key));
    complaints.extend(missing.map(|key| format!("{:?} is missing", String::from_utf8_lossy(key))));
    complaints
}

fn complaint(found: &Logical, json: &Value) -> Option<String> {
    match found {
        Logical::String(_) => difference(found, &Logical::String(string(json))),
        Logical::List(_) => difference(found, &Logical::List(strings(json))),
        Logical::Set(_) => difference(found, &Logical::Set(strings(json)).sorted()),
        Logical::SortedSet(members) => {
            // It shows -0 as 0.
            let members = members.iter().map(|(name, score)| (name.clone(), (f64::from_bits(*score) + 0.0).to_bits()));
            difference(&Logical::SortedSet(members.collect()), &Logical::SortedSet(scores(json)).sorted())
        }
        Logical::Hash(fields) => {
            let fields = fields.iter().map(|(name, value, _)| (name.clone(), value.clone(), None)).collect();
            difference(&Logical::Hash(fields), &hash(json).sorted())
        }
        Logical::Stream(found) => stream_complaint(found, json),
        Logical::Array { .. } => difference(found, &cells(json)),
        Logical::Module(parts) => {
            let name = parts.first().and_then(|id| id.split(' ').nth(1)).expect("a module's name");
            let said = json.as_str().expect("a sentence");
            (!said.contains(&format!("'{name}'"))).then(|| format!("{name}, not as in {said:?}"))
        }
    }
}

fn stream_complaint(found: &Stream, json: &Value) -> Option<String> {
    let mut expected = stream(json);
    let mut found = found.clone();
    for (_, fields) in &mut found.entries {
        let unique: BTreeMap<_, _> = fields.drain(..).collect();
        fields.extend(unique);
    }
    // It does not show these counters.
    found.idempotence.retain(|text| !text.starts_with("IdempotenceCounters"));
    if json.get("length").is_none() {
        // Without its option for metadata, whose output is no JSON for some files.
        (found.summary, found.groups) = (Summary::default(), Vec::new());
    }
    forget_what_was_made_up(&found, &mut expected);
    expected.sort();
    difference(&Logical::Stream(Box::new(found)), &Logical::Stream(Box::new(expected)))
}

/// Of files of old versions, it shows numbers that are not in them.
fn forget_what_was_made_up(found: &Stream, expected: &mut Stream) {
    let Summary { first_id, max_deleted_id, entries_added, .. } = &mut expected.summary;
    *first_id = first_id.filter(|_| found.summary.first_id.is_some());
    *max_deleted_id = max_deleted_id.filter(|_| found.summary.max_deleted_id.is_some());
    *entries_added = entries_added.filter(|_| found.summary.entries_added.is_some());
    for (found, expected) in found.groups.iter().zip(&mut expected.groups) {
        if found.entries_read.is_none() && expected.entries_read >= Some(u64::MAX - 1) {
            expected.entries_read = None;
        }
        for (found, expected) in found.consumers.iter().zip(&mut expected.consumers) {
            expected.active_at_ms = expected.active_at_ms.filter(|_| found.active_at_ms.is_some());
        }
    }
}

fn stream(json: &Value) -> Stream {
    let optional_id = |name: &str| json[name].as_str().map(parse_id);
    Stream {
        entries: array(&json["entries"]).iter().map(entry).collect(),
        summary: Summary {
            length: json["length"].as_u64().unwrap_or_default(),
            last_id: optional_id("lastID").unwrap_or_default(),
            first_id: optional_id("firstID"),
            max_deleted_id: optional_id("maxDelEntryID"),
            entries_added: json["entriesAdded"].as_u64(),
        },
        groups: some(&json["groups"]).map(group).collect(),
        idempotence: json.get("idmp").map(idempotence).unwrap_or_default(),
    }
}

fn entry(entry: &Value) -> (StreamId, Vec<(Bytes, Bytes)>) {
    let items = entry["items"].as_object().expect("fields");
    let fields: BTreeMap<Bytes, Bytes> = items.iter().map(|(name, value)| (latin1(name), string(value))).collect();
    (id(&entry["id"]), fields.into_iter().collect())
}

fn group(group: &Value) -> Group {
    let pending = |entry: &Value| {
        (id(&entry["id"]), entry["sent"].as_i64().expect("a time"), entry["count"].as_u64().expect("a count"))
    };
    Group {
        name: string(&group["name"]),
        last_id: id(&group["lastid"]),
        entries_read: group["entriesRead"].as_u64(),
        pending: some(&group["pending"]).map(pending).collect(),
        consumers: some(&group["consumers"]).map(consumer).collect(),
        refused: Vec::new(),
    }
}

fn consumer(consumer: &Value) -> Consumer {
    Consumer {
        name: string(&consumer["name"]),
        seen_at_ms: consumer["seenTime"].as_i64().expect("a time"),
        active_at_ms: consumer["activeTime"].as_i64(),
        owned: some(&consumer["pending"]).map(|entry| id(&entry["id"])).collect(),
    }
}

fn idempotence(json: &Value) -> Vec<String> {
    let mut lines =
        vec![format!("Idempotence {{ duration: {}, max_entries: {} }}", json["duration"], json["maxEntries"])];
    for producer in array(&json["producers"]) {
        lines.push(format!("producer {}", text(&producer["pid"])));
        let messages = array(&producer["entries"]).iter();
        lines.extend(messages.map(|entry| format!("message {} is {}", text(&entry["iid"]), text(&entry["streamId"]))));
    }
    lines
}

fn cells(json: &Value) -> Logical {
    let index = |value: &Value| text(value).parse().expect("an index");
    let cells =
        array(&json["elements"]).iter().map(|cell| (index(&cell["idx"]), text(&cell["val"]).to_owned())).collect();
    Logical::Array { insertion: json.get("insert_idx").map(index), cells }
}

fn hash(json: &Value) -> Logical {
    let fields = json.as_object().expect("fields");
    Logical::Hash(fields.iter().map(|(name, value)| (latin1(name), string(value), None)).collect())
}

fn scores(json: &Value) -> Vec<(Bytes, u64)> {
    let members = json.as_object().expect("members").iter();
    members.map(|(name, score)| (latin1(name), text(score).parse::<f64>().expect("a score").to_bits())).collect()
}

fn strings(json: &Value) -> Vec<Bytes> {
    array(json).iter().map(string).collect()
}

/// The members of an array, which is left out when it has none.
fn some(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn id(value: &Value) -> StreamId {
    parse_id(text(value))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn latin1(text: &str) -> Bytes {
    text.chars().map(|character| u8::try_from(character).expect("latin-1")).collect()
}
