//! What a check says.

use std::fmt::Write as _;

use rdb::Checksum;

use super::counts::Counts;
use crate::table::{Align, Table};
use crate::units::{count, libraries, of, size, time};

/// Writes the report; the verdict says what is wrong, if something is.
pub(super) fn write(name: &str, counts: &Counts, raw: bool, verdict: &Result<(), String>, out: &mut Vec<u8>) {
    let Some((dialect, version)) = counts.header else {
        return out.extend_from_slice(format!("bad: {name} is no snapshot\n").as_bytes());
    };
    let mut text = format!("{name}: {dialect} version {version}{}\n", writer(counts));
    facts(counts, &mut text);
    kinds(counts, raw, &mut text);
    databases(counts, &mut text);
    rest(counts, &mut text);
    let _ = match verdict {
        Ok(()) => writeln!(text, "good: {}, {}", of(counts.keys(), "key"), checksum(counts.checksum)),
        Err(sentence) => writeln!(text, "bad: {sentence}"),
    };
    out.extend_from_slice(text.as_bytes());
}

/// Who wrote the file, and when.
fn writer(counts: &Counts) -> String {
    let mut text = String::new();
    if let Some(version) = fact(counts, "valkey-ver") {
        let _ = write!(text, ", written by valkey {version}");
    } else if let Some(version) = fact(counts, "redis-ver") {
        let _ = write!(text, ", written by redis {version}");
    }
    if let Some(seconds) = fact(counts, "ctime").and_then(|text| text.parse().ok()) {
        let _ = write!(text, ", {}", time(seconds));
    }
    text
}

fn fact<'a>(counts: &'a Counts, name: &str) -> Option<&'a str> {
    counts.aux.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn facts(counts: &Counts, text: &mut String) {
    if counts.aux.is_empty() {
        return;
    }
    let facts: Vec<String> = counts.aux.iter().map(|(key, value)| format!("{key} {value}")).collect();
    let _ = writeln!(text, "facts: {}", facts.join(", "));
}

fn kinds(counts: &Counts, raw: bool, text: &mut String) {
    if counts.kinds.is_empty() {
        return;
    }
    let mut table = Table::new(&[("type", Align::Left), ("keys", Align::Right), ("bytes", Align::Right)]);
    if !raw {
        table.column("elements", Align::Right);
    }
    for (kind, of_kind) in &counts.kinds {
        let mut row = vec![(*kind).to_owned(), count(of_kind.keys), size(of_kind.bytes)];
        if !raw {
            // A string is no collection.
            row.push(if *kind == "string" { "-".to_owned() } else { count(of_kind.elements) });
        }
        table.row(row);
    }
    let _ = write!(text, "\n{table}");
}

fn databases(counts: &Counts, text: &mut String) {
    let mut table = Table::new(&[("database", Align::Left), ("keys", Align::Right), ("expiring", Align::Right)]);
    for (db, (keys, expiring)) in counts.dbs.iter().take(MOST_ROWS) {
        table.row(vec![db.to_string(), count(*keys), count(*expiring)]);
    }
    if counts.dbs.len() > 1 {
        table.row(vec!["all".to_owned(), count(counts.keys()), count(counts.expiring())]);
    }
    if !counts.dbs.is_empty() {
        let _ = write!(text, "\n{table}");
    }
    text.push('\n');
}

fn rest(counts: &Counts, text: &mut String) {
    if counts.functions > 0 {
        let _ = writeln!(text, "{}", libraries(counts.functions));
    }
    if counts.module_aux > 0 {
        let _ = writeln!(text, "{} of modules beside the keys", of(counts.module_aux, "record"));
    }
    if let Some(first) = &counts.first_empty {
        let collections = of(counts.empty, "empty collection");
        let _ = writeln!(text, "note: {collections}, which servers refuse or leave out; the first is key {first}");
    }
}

fn checksum(checksum: Option<Checksum>) -> &'static str {
    match checksum {
        Some(Checksum::Verified) => "checksum verified",
        Some(Checksum::Off) => "checksum switched off by the server: changed content cannot be noticed",
        Some(Checksum::Absent) => "no checksum in files of this version",
        _ => "checksum not checked",
    }
}

/// More databases than these are not listed one by one.
const MOST_ROWS: usize = 64;
