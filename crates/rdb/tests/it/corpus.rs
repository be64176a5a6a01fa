//! Real files of many origins, with what is known about each.

use std::path::{Path, PathBuf};

use rdb::{Checksum, ErrorKind};

use crate::file::{self, Summary};
use crate::manifest::{self, Row};

/// Where the corpus is, if it is there.
pub(crate) fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus")
}

#[test]
fn every_file_decodes_or_fails_as_its_manifest_says() {
    let corpus = path();
    let Some(rows) = manifest::read(&corpus) else {
        manifest::say_skipped(&corpus);
        return;
    };
    assert!(rows.len() > 100, "the corpus is not complete");
    let mut wrong = Vec::new();
    for row in &rows {
        let bytes = std::fs::read(corpus.join(&row.file)).expect("a file of the manifest");
        let snapshot = if row.file.ends_with(".psync") { strip_framing(&bytes) } else { &bytes };
        if let Err(complaint) = check(row, file::summarize(snapshot)) {
            wrong.push(format!("{}: {complaint}", row.file));
        }
    }
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

fn check(row: &Row, result: Result<Summary, rdb::Error>) -> Result<(), String> {
    if row.librdb.contains("Parser error code: 51") {
        return match result {
            Err(error) if error.kind() == ErrorKind::ChecksumMismatch => Ok(()),
            other => Err(format!("the checksum is wrong, but: {other:?}")),
        };
    }
    // The scanner that made the manifest did not know arrays.
    if row.scan != "ok" && row.scan != "ValueError: type 28" {
        return result.err().map(drop).ok_or_else(|| format!("broken ({}), but decoded", row.scan));
    }
    let summary = result.map_err(|error| error.to_string())?;
    expect("version", summary.version, row.version)?;
    if let Some(keys) = row.keys {
        expect("keys", summary.keys, keys)?;
        expect("types", &summary.types, &row.types)?;
    }
    if let Some(trailing) = row.trailing {
        expect("trailing bytes", summary.trailing, trailing)?;
    }
    let checksum = match row.version {
        1..=4 => Checksum::Absent,
        _ if WITHOUT_CHECKSUM.iter().any(|part| row.file.contains(part)) => Checksum::Off,
        _ => Checksum::Verified,
    };
    expect("checksum", summary.checksum, Some(checksum))
}

/// Parts of the names of healthy files whose checksum is zero.
const WITHOUT_CHECKSUM: &[&str] = &[
    "-nosum.rdb",
    "-empty.rdb",
    "/script.rdb",
    "/corrupt_ziplist.rdb",
    "/encodings-rdb987.rdb",
    "/redis_40_with_module.rdb",
];

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, not {expected:?}")) }
}

/// Skips what a primary sends before a snapshot: empty lines, `+FULLRESYNC`, `$ENDOFF:`, and `$<length>` or `$EOF:<mark>`.
pub(crate) fn strip_framing(mut bytes: &[u8]) -> &[u8] {
    loop {
        let end = bytes.iter().position(|&byte| byte == b'\n').expect("a line before the snapshot");
        let (line, rest) = bytes.split_at(end + 1);
        bytes = rest;
        if line.starts_with(b"$EOF:") || line.get(1).is_some_and(u8::is_ascii_digit) {
            return bytes;
        }
    }
}
