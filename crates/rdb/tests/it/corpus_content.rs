//! Files of many origins decode to what is known to be in them.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use rdb::Options;
use serde_json::Value;

use crate::corpus;
use crate::logical::{Contents, decode, librdb, server};
use crate::manifest;

/// Decodes a file, whole and in chunks, and compares each with what is expected.
fn complaints(bytes: &[u8], compare: impl Fn(&Contents) -> Vec<String>) -> Vec<String> {
    let chunks = Options::default().whole_value_limit(1000).chunk_size(300);
    let ways = [decode(bytes, &Options::default(), []), decode(bytes, &chunks, std::iter::repeat(4096))];
    let complain =
        |way: Result<Contents, rdb::Error>| way.map_or_else(|error| vec![error.to_string()], |way| compare(&way));
    ways.into_iter().flat_map(complain).collect()
}

/// Reads JSON that may be compressed; `None` if there is no such file.
fn json(path: &Path) -> Option<Value> {
    let with = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(_) => {
            let mut text = Vec::new();
            GzDecoder::new(std::fs::File::open(with(".gz")).ok()?).read_to_end(&mut text).expect("gzip");
            text
        }
    };
    Some(serde_json::from_slice(&text).expect("JSON"))
}

/// Runs `compare` over the manifest's files, which says nothing about those that are not its business; at least
/// `at_least` must be.
#[track_caller]
fn compare_files(at_least: usize, compare: impl Fn(&Path) -> Option<Vec<String>>) {
    let corpus = corpus::path();
    let Some(rows) = manifest::read(&corpus) else {
        manifest::say_skipped(&corpus);
        return;
    };
    let mut wrong = Vec::new();
    let mut compared = 0;
    for row in rows {
        let Some(complaints) = compare(&corpus.join(&row.file)) else { continue };
        compared += 1;
        wrong.extend(complaints.into_iter().map(|complaint| format!("{}: {complaint}", row.file)));
    }
    assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared >= at_least, "only {compared} files were compared");
}

#[test]
fn files_of_servers_hold_what_the_server_said() {
    compare_files(65, |path| {
        let (description, later) = description(path)?;
        let logical = json(&description)?;
        let bytes = std::fs::read(path).expect("a file of the manifest");
        let snapshot = if has_extension(path, "psync") { corpus::strip_framing(&bytes) } else { &bytes };
        Some(complaints(snapshot, |contents| compare_with_server(contents, &logical, later)))
    });
}

/// Where the server's description is, and what the names of keys start with that it got after the file was written.
fn description(path: &Path) -> Option<(PathBuf, &'static str)> {
    let stem = path.file_stem()?.to_str()?;
    let (name, later) = if let Some((server, _)) = stem.split_once("-preamble") {
        (format!("{server}-aof"), "post")
    } else if let Some((server, _)) = stem.split_once("-aofdir") {
        (format!("{server}-aof"), "post")
    } else if let Some((server, _)) = stem.split_once("-disk") {
        (format!("{server}-repl"), "hf")
    } else {
        (stem.to_owned(), "(none)")
    };
    Some((path.with_file_name(format!("{name}.logical.json")), later))
}

fn compare_with_server(contents: &Contents, logical: &Value, later: &str) -> Vec<String> {
    let Some(databases) = logical["dbs"].as_object() else { return compare_names(contents, logical) };
    let mut expected = Vec::new();
    for (db, keys) in databases {
        let db = db.parse().expect("a database");
        let keys =
            server::array(keys).iter().filter(|key| !key["key"].as_str().is_some_and(|key| key.starts_with(later)));
        expected.extend(keys.map(|key| server::expected(db, key)));
    }
    let mut complaints = server::compare(contents, &expected, false);
    let libraries = logical["functions"]
        .as_array()
        .map(|functions| functions.iter().map(|one| server::string(&one["library_code"])));
    let mut libraries: Vec<_> = libraries.into_iter().flatten().collect();
    libraries.sort();
    let mut found = contents.functions.clone();
    found.sort();
    if found != libraries {
        complaints.push(format!("{} libraries, which are not the {} expected", found.len(), libraries.len()));
    }
    complaints
}

/// Of a file with keys that had expired the server could only say their names; and it may have removed some by then.
fn compare_names(contents: &Contents, logical: &Value) -> Vec<String> {
    let said: Vec<_> = server::array(&logical["keys_in_file"]).iter().map(server::string).collect();
    let mut found: Vec<_> = contents.keys.iter().map(|found| found.key.clone()).collect();
    found.sort();
    let swept = contents.aux.contains(&(b"redis-ver".to_vec(), b"8.0.6".to_vec()));
    let said = if swept { said.into_iter().filter(|key| key != b"deadhash").collect() } else { said };
    if found == said { Vec::new() } else { vec![format!("keys {found:?}, not {said:?}")] }
}

#[test]
fn other_files_hold_what_librdb_said() {
    compare_files(84, |path| {
        if description(path)
            .is_some_and(|(description, _)| json(&description).is_some_and(|said| said["dbs"].is_object()))
        {
            return None;
        }
        let said = json(&PathBuf::from(format!("{}.librdb.json", path.display())))?;
        let bytes = std::fs::read(path).expect("a file of the manifest");
        Some(complaints(&bytes, |contents| librdb::compare(contents, &said)))
    });
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}
