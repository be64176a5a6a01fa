//! The corpus's manifest: comma-separated values with quoted fields.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// One file of the corpus, and what is known about it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) file: String,
    pub(crate) keys: Option<usize>,
    pub(crate) types: BTreeSet<u8>,
    pub(crate) version: u16,
    pub(crate) trailing: Option<usize>,
    /// What an independent scanner of the structure said.
    pub(crate) scan: String,
    /// What librdb said.
    pub(crate) librdb: String,
}

/// Says that a test is skipped, past the test harness, which would keep it to itself.
pub(crate) fn say_skipped(path: &Path) {
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: there is no {}", path.display());
}

/// Reads the manifest; `None` if there is no corpus.
pub(crate) fn read(corpus: &Path) -> Option<Vec<Row>> {
    let text = std::fs::read_to_string(corpus.join("manifest.csv")).ok()?;
    let mut records = records(&text).into_iter();
    let header = records.next()?;
    let column = |name: &str| header.iter().position(|title| title.starts_with(name)).expect("a known column");
    let columns = ["file", "keys_in_file", "types_opcodes", "rdb_version", "trailing", "skeleton_scan", "librdb_2.3.0"]
        .map(column);
    Some(records.map(|record| row(columns.map(|index| record[index].as_str()))).collect())
}

fn row([file, keys, types, version, trailing, scan, librdb]: [&str; 7]) -> Row {
    Row {
        file: file.to_owned(),
        keys: keys.parse().ok(),
        types: types
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("type:")?.trim_end_matches('v').parse().ok())
            .collect(),
        version: version.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().expect("a version"),
        trailing: trailing.parse().ok(),
        scan: scan.to_owned(),
        librdb: librdb.to_owned(),
    }
}

fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let record = records.last_mut().expect("one was pushed");
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                record.last_mut().expect("one was pushed").push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\n' if !quoted => records.push(vec![String::new()]),
            '\r' => {}
            other => record.last_mut().expect("one was pushed").push(other),
        }
    }
    records.retain(|record| record.len() > 1);
    records
}
