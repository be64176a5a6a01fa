//! Files that are refused, and the sentences that say why.

use std::fmt::Write;
use std::fs;

use shake_cli::config::{self, ConfigErrorKind};
use shake_cli::exit::{Exit, Failure};

use crate::config::Home;

/// A file that is right but for what a case adds or replaces.
const BASE: &str = "\
type = 'sync'
[source]
address = 'a:1'
[target]
address = 'b:1'
[sync]
[advanced]
dir = '@DIR@/data'
";

/// What the program says about `text`, without the test's directory.
fn refusal(text: &str) -> (ConfigErrorKind, Failure, String) {
    let home = Home::with(text);
    let error = home.load().err().unwrap_or_else(|| panic!("accepted:\n{text}"));
    let kind = error.kind();
    let failure = Failure::from(error);
    let line = failure.line().replace(&format!("{}/", home.path().display()), "");
    (kind, failure, line)
}

/// Loads `BASE` with each replacement in turn; all are errors of `kind`, and their sentences are the snapshot.
fn sentences(kind: ConfigErrorKind, cases: &[(&str, &str)]) -> String {
    let mut sentences = String::new();
    for (old, new) in cases {
        assert!(BASE.contains(old), "{old}");
        let (found, failure, line) = refusal(&BASE.replacen(old, new, 1));
        assert_eq!(found, kind, "{line}");
        assert!(!line.contains("hunter"), "a password is shown: {line}");
        assert_eq!(failure.exit(), if kind == ConfigErrorKind::SameNode { Exit::Refused } else { Exit::Usage });
        writeln!(sentences, "{line}").unwrap();
    }
    sentences
}

#[test]
fn the_base_is_accepted() {
    Home::with(BASE).load().unwrap();
}

#[test]
fn not_toml() {
    let cases = [
        ("[target]", "[target"),
        ("address = 'b:1'", "address = "),
        ("address = 'b:1'", "address = 'b:1'\naddress = 'c:1'"),
        ("[sync]", "[source]"),
        ("address = 'b:1'", "password = 'hunter2"),
    ];
    insta::assert_snapshot!(sentences(ConfigErrorKind::Syntax, &cases));
}

#[test]
fn unknown_keys() {
    let cases = [
        ("address = 'b:1'", "tpye = 'cluster'\naddress = 'b:1'"),
        ("address = 'a:1'", "adress = 'a:1'"),
        ("[sync]", "[sync]\nmode = 'x'"),
        ("[sync]", "[filter]\nallow = 1"),
        ("[sync]", "[snyc]"),
        ("dir =", "log_flie = 'x'\nlog_leval = 'y'\ndir ="),
        ("dir =", "exporter = 1\ndir ="),
        ("address = 'b:1'", "passwort = 'hunter2'"),
    ];
    insta::assert_snapshot!(sentences(ConfigErrorKind::UnknownKey, &cases));
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(sentences(
        ConfigErrorKind::WrongType,
        &[
            ("type = 'sync'", "type = 1"),
            ("type = 'sync'", "type = 2026-11-23"),
            ("address = 'a:1'", "address = 6379"),
            ("address = 'a:1'", "addresses = 'a:1'"),
            ("address = 'a:1'", "addresses = ['a:1',\n  2]"),
            ("address = 'a:1'", "version = '5.0'"),
            ("address = 'a:1'", "tls = 'no'"),
            ("address = 'a:1'", "password = 12345"),
            ("[sync]", "[[sync]]"),
            ("dir =", "ncpu = 1.5\ndir ="),
            ("dir =", "backlog_memory = true\ndir ="),
            ("type = 'sync'\n[source]\naddress = 'a:1'", "source = 1"),
        ]
    ));
}

#[test]
fn bad_values() {
    insta::assert_snapshot!(sentences(
        ConfigErrorKind::BadValue,
        &[
            ("type = 'sync'", "type = 'snyc'"),
            ("address = 'a:1'", "address = 'a'"),
            ("address = 'a:1'", "address = 'a:0'"),
            ("address = 'a:1'", "address = '::1'"),
            ("address = 'a:1'", "address = 'redis://u:hunter2@a:1'"),
            ("address = 'a:1'", "addresses = []"),
            ("address = 'a:1'", "addresses = ['a:1', 'b:2']"),
            ("address = 'a:1'", "type = 'cluster'\naddresses = ['a:1', 'A:1']"),
            ("address = 'a:1'", "type = 'cluster'\naddresses = ['a:1', 'b']"),
            ("address = 'a:1'", "address = 'a:1'\naddresses = ['a:1']"),
            ("address = 'a:1'", "address = 'a:1'\ntype = 'sentinel'"),
            ("address = 'a:1'", "address = 'a:1'\nname = 'two words'"),
            ("address = 'a:1'", "address = 'a:1'\nversion = 2.6"),
            ("address = 'a:1'", "address = 'a:1'\npassword = 'hunter2'\npassword_file = 'x'"),
            ("address = 'a:1'", "address = 'a:1'\nelasticache_psync = 'two words'"),
            ("[sync]", "[sync]\non_history_lost = 'full_resync'"),
            ("[sync]", "[sync]\nack = 'confirmed'"),
            ("[sync]", "[sync]\ncross_slot = 'split'"),
            ("dir =", "ncpu = -1\ndir ="),
            ("dir =", "metrics_port = 65536\ndir ="),
            ("dir =", "status_port = -1\ndir ="),
            ("dir =", "status_port = 9100\nstatus_address = 'localhost'\ndir ="),
            ("dir =", "log_level = 'inof'\ndir ="),
            ("dir =", "backlog_memory = '12 parsecs'\ndir ="),
            ("dir =", "backlog_memory = '1kb'\ndir ="),
            ("dir =", "backlog_memory = 1\ndir ="),
            ("dir =", "backlog_disk = 'some'\ndir ="),
            ("dir =", "rdb_restore_command_behavior = 'ignore'\ndir ="),
            ("dir = '@DIR@/data'", "dir = ''"),
        ]
    ));
}

#[test]
fn missing_keys() {
    insta::assert_snapshot!(sentences(
        ConfigErrorKind::Missing,
        &[("address = 'a:1'", ""), ("address = 'b:1'", "address = ''"), ("[target]\naddress = 'b:1'\n", ""),]
    ));
}

#[test]
fn variables() {
    insta::assert_snapshot!(sentences(
        ConfigErrorKind::Variable,
        &[
            ("address = 'a:1'", "address = '${UNSET_HOST}:1'"),
            ("address = 'a:1'", "password = '${hunter 2}'"),
            ("address = 'a:1'", "addresses = ['a:1', '${UNSET_HOST}:1']"),
        ]
    ));
}

#[test]
fn not_supported_yet() {
    insta::assert_snapshot!(sentences(
        ConfigErrorKind::NotSupported,
        &[
            ("type = 'sync'", "type = 'restore'"),
            ("type = 'sync'", "type = 'scan'"),
            ("[sync]", "[sync]\ncross_slot = 'copy'"),
            ("[sync]", "[sync_reader]\ncluster = true"),
        ]
    ));
}

#[test]
fn the_same_node_twice() {
    insta::assert_snapshot!(sentences(
        ConfigErrorKind::SameNode,
        &[("address = 'b:1'", "address = 'A:1'"), ("address = 'b:1'", "type = 'cluster'\naddresses = ['b:1', 'a:1']"),]
    ));
}

#[test]
fn files_and_directories() {
    insta::assert_snapshot!(sentences(
        ConfigErrorKind::File,
        &[
            ("address = 'a:1'", "address = 'a:1'\npassword_file = '@DIR@/missing'"),
            ("address = 'a:1'", "address = 'a:1'\npassword_file = '/dev/null'"),
            ("'@DIR@/data'", "'@DIR@/sync.toml/data'"),
        ]
    ));
}

#[test]
fn a_refused_file_leaves_no_directory() {
    let home = Home::with(&BASE.replace("address = 'b:1'", "address = 'a:1'"));
    home.load().unwrap_err();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn no_file() {
    let home = Home::with("");
    fs::remove_file(home.file()).unwrap();
    let error = config::load(&home.file(), &|_| None).unwrap_err();
    assert_eq!((error.kind(), error.line(), error.exit()), (ConfigErrorKind::Unreadable, None, Exit::Usage));
    let line = Failure::from(error).line();
    assert!(line.ends_with("sync.toml: cannot be read: No such file or directory (os error 2)"), "{line}");
}
