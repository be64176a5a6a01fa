//! What replicas received, cut anywhere: the snapshot is found in it, and no cut changes what is in that.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rdb::{ErrorKind, Options};

use crate::corpus;
use crate::logical::{Contents, Found, Logical, decode};
use crate::manifest;

/// A capture without what comes before the snapshot, and the line that said how it ends.
struct Capture {
    file: String,
    ending: String,
    snapshot: Vec<u8>,
}

/// All captures; `None` without the corpus.
fn captures() -> Option<Vec<Capture>> {
    let corpus = corpus::path();
    let Some(rows) = manifest::read(&corpus) else {
        manifest::say_skipped(&corpus);
        return None;
    };
    let files = rows.into_iter().map(|row| row.file).filter(|file| file.ends_with(".psync"));
    let captures: Vec<_> = files.map(|file| Capture::read(corpus.join(&file), file)).collect();
    assert!(captures.len() >= 19, "only {} captures", captures.len());
    Some(captures)
}

impl Capture {
    fn read(path: PathBuf, file: String) -> Self {
        let bytes = std::fs::read(path).expect("a file of the manifest");
        let snapshot = corpus::strip_framing(&bytes).to_vec();
        let before = String::from_utf8_lossy(&bytes[..bytes.len() - snapshot.len()]);
        let ending = before.lines().last().expect("a line before the snapshot").to_owned();
        Self { file, ending, snapshot }
    }

    /// The captured snapshot without what follows it.
    fn whole(&self) -> Contents {
        decode(&self.snapshot, &Options::default(), []).unwrap_or_else(|error| panic!("{}: {error}", self.file))
    }
}

#[test]
fn snapshots_end_as_the_primary_said() {
    for capture in captures().into_iter().flatten() {
        let trailing = capture.whole().trailing;
        match capture.ending.strip_prefix("$EOF:") {
            Some(mark) => assert_eq!(trailing, mark.as_bytes(), "{}", capture.file),
            None => assert_eq!(capture.ending, format!("${}", capture.snapshot.len()), "{}", capture.file),
        }
    }
}

#[test]
fn a_cut_anywhere_changes_nothing() {
    for capture in captures().into_iter().flatten() {
        let whole = capture.whole();
        for at in 0..=capture.snapshot.len() {
            let options = Options::default().whole_value_limit(at % 100).chunk_size(1 + at % 7);
            let cut = decode(&capture.snapshot, &options, [at, 1]);
            assert!(cut.as_ref() == Ok(&whole), "{} cut at {at}", capture.file);
        }
    }
}

#[test]
fn a_capture_that_ends_too_early_says_where() {
    for capture in captures().into_iter().flatten() {
        let end = capture.snapshot.len() - capture.whole().trailing.len();
        for len in 0..end {
            let error = decode(&capture.snapshot[..len], &Options::default(), [len / 2]).expect_err("too short");
            assert_eq!((error.kind(), error.offset()), (ErrorKind::UnexpectedEnd, len as u64), "{}", capture.file);
        }
    }
}

/// Nobody asked the servers what these hold, but they were filled by a loop: `k3` is `vvv`.
#[test]
fn snapshots_from_a_second_connection_hold_what_was_set() {
    let expected: BTreeMap<_, _> =
        (0..40).map(|i| (format!("k{i}").into_bytes(), Logical::String(b"v".repeat(i)))).collect();
    let mut seen = 0;
    let Some(captures) = captures() else { return };
    for capture in captures.into_iter().filter(|capture| capture.file.contains("rdbchannel")) {
        let found: BTreeMap<_, _> =
            capture.whole().keys.into_iter().map(|Found { key, value, .. }| (key, value)).collect();
        assert_eq!(found, expected, "{}", capture.file);
        seen += 1;
    }
    assert_eq!(seen, 3);
}
