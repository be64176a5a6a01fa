//! `stats`: tables, JSON and the page.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

use testbed::{Process, ProcessSpec, Scratch};

use super::file::{aux, damaged_key, expire_at, hash, key, length, scores, snapshot, string, strings, text_key};
use super::tool::rdb;

const WRITTEN_MS: i64 = 1_795_486_157_000;

fn mixed() -> Vec<u8> {
    let hour = 3_600_000;
    snapshot(&[
        &aux("redis-ver", "7.2.4"),
        &aux("ctime", "1795486157"),
        b"\xfe\x00",
        &text_key("session:1", "0123456789"),
        &expire_at(WRITTEN_MS + hour / 2),
        b"\xf9\x05",
        &text_key("session:2", "0123456789"),
        &expire_at(WRITTEN_MS - 1),
        &key(0, "counter", b"\xc1\x39\x30"),
        &key(4, "user:<b>1", &hash(&[("name", "Ann"), ("note", "</script><script>alert(1)</script>")])),
        &key(2, "tags:1", &strings(&["a", "b", "c"])),
        b"\xfe\x01",
        &expire_at(WRITTEN_MS + 365 * 24 * hour),
        &key(5, "board:1", &scores(&[("m", 1.5)])),
    ])
}

#[test]
fn tables() {
    insta::assert_snapshot!("stats_tables", rdb(&["stats"], &mixed()).well().text());
}

#[test]
fn json_says_the_same() {
    let stats = rdb(&["stats", "--json", "--top", "1", "--prefixes", "1"], &mixed()).well().json();
    assert_eq!((&stats["all"]["keys"], &stats["all"]["elements"]), (&6.into(), &6.into()));
    assert_eq!((&stats["types"][0]["type"], &stats["types"][0]["keys"]), (&"string".into(), &3.into()));
    assert_eq!(stats["prefixes"]["rows"].as_array().unwrap().len(), 1);
    let sum = |field: &str| -> u64 {
        let part = |value: &serde_json::Value| value[field].as_u64().unwrap();
        let prefixes = &stats["prefixes"];
        part(&prefixes["rows"][0]) + part(&prefixes["others"]) + part(&prefixes["no_delimiter"])
    };
    assert_eq!([sum("keys"), sum("bytes")], ["keys", "bytes"].map(|field| stats["all"][field].as_u64().unwrap()));
    assert_eq!(stats["largest_by_bytes"][0]["key"], "user:<b>1");
    assert_eq!(stats["largest_by_elements"][0]["key"], "tags:1");
    assert_eq!(stats["largest_by_content"][0]["content"], 45);
    assert_eq!(stats["expiry"]["rows"][1]["keys"], 1, "one has expired when the file is written");
    // All bytes of keys, and nothing else: the file without header, facts, databases, end and checksum.
    let others = b"REDIS0011".len() + aux("redis-ver", "7.2.4").len() + aux("ctime", "1795486157").len() + 4 + 9;
    assert_eq!(stats["all"]["bytes"], mixed().len() - others);
}

#[test]
fn the_time_can_be_given() {
    let stats = rdb(&["stats", "--json", "--now", "1795489757"], &mixed()).well().json();
    assert_eq!(stats["expiry"]["rows"][1]["keys"], 2);
}

#[test]
fn the_page_is_whole_and_hostile_names_are_text() {
    let folder = Scratch::new("rdb-page").unwrap();
    let path = folder.path().join("page.html");
    let ran = rdb(&["stats", "--html", path.to_str().unwrap(), "--delimiter", ">"], &mixed()).well();
    assert!(ran.out.is_empty());
    let page = std::fs::read_to_string(&path).unwrap();
    assert_eq!(rdb(&["stats", "--html", "-", "--delimiter", ">"], &mixed()).well().text(), page);
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(page.contains("user:&lt;b&gt;1") && !page.contains("user:<b>"), "{page}");
    for forbidden in ["<script", "http://", "https://", "url(", "@import", " src=", "href="] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert_balanced(&page);
}

#[test]
fn the_page_never_takes_the_place_of_a_snapshot() {
    let folder = Scratch::new("rdb-page").unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (dump, other, links) = (at("dump.rdb"), at("other.rdb"), [at("hard"), at("soft")]);
    fs::write(&dump, mixed()).unwrap();
    fs::write(&other, b"VALKEY080").unwrap();
    fs::hard_link(&dump, &links[0]).unwrap();
    symlink(&dump, &links[1]).unwrap();
    for page in [&dump, &links[0], &links[1]] {
        let ran = rdb(&["stats", "--html", page, &dump], b"");
        assert!(ran.failed(2).contains("this is the input, and would be overwritten"), "{}", ran.err);
        // What is redirected has no name.
        let stdin = Stdio::from(File::open(&dump).unwrap());
        let redirected =
            Command::new(env!("CARGO_BIN_EXE_shake-cli")).args(["rdb", "stats", "--html", page]).stdin(stdin).output();
        assert_eq!(redirected.unwrap().status.code(), Some(2));
    }
    for input in [&b""[..], &mixed()] {
        let ran = rdb(&["stats", "--html", &other], input);
        assert!(ran.failed(2).contains("this is a snapshot, and would be overwritten"), "{}", ran.err);
    }
    assert_eq!((fs::read(&dump).unwrap(), fs::read(&other).unwrap()), (mixed(), b"VALKEY080".to_vec()));
}

#[test]
fn a_page_that_was_there_stays_if_there_is_no_snapshot() {
    let folder = Scratch::new("rdb-page").unwrap();
    let page = folder.path().join("page.html");
    fs::write(&page, "before").unwrap();
    let to_page = ["stats", "--html", page.to_str().unwrap()];
    for input in [&b""[..], b"hello, world", b"REDI"] {
        rdb(&to_page, input).failed(1);
        assert_eq!(fs::read_to_string(&page).unwrap(), "before");
    }
    rdb(&to_page, &mixed()).well();
    assert!(fs::read_to_string(&page).unwrap().starts_with("<!doctype html>"));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["page.html"], "nothing else stays behind");
}

#[test]
fn a_page_without_keys_says_so() {
    let page = rdb(&["stats", "--html", "-"], &snapshot(&[])).well();
    assert!(page.text().contains("There are no keys.") && !page.text().contains("Prefixes"), "{}", page.text());
    assert_balanced(page.text());
}

#[test]
fn long_names_are_shown_with_their_true_length() {
    let name = format!("{}:{}", "p".repeat(300), "n".repeat(400));
    let ran = rdb(&["stats"], &snapshot(&[&text_key(&name, "v")])).well();
    assert!(ran.text().contains("... (701 bytes)"), "{}", ran.text());
    assert!(ran.text().contains("... (256 bytes or more)"), "{}", ran.text());
}

/// Every element that is opened is closed, in order.
fn assert_balanced(page: &str) {
    let mut open = Vec::new();
    for tag in page.split('<').skip(1).map(|rest| rest.split_once('>').expect("a tag ends").0) {
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || "/!".contains(*c)).collect();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed)),
            None if tag.ends_with('/') || ["!doctype", "meta"].contains(&name.as_str()) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_damaged_file_is_counted_as_far_as_it_goes() {
    let ran = rdb(&["stats"], &snapshot(&[&text_key("a", "1"), &damaged_key("b"), &text_key("c", "2")]));
    assert!(ran.failed(1).contains("in the value of key \"b\""), "{}", ran.err);
    assert!(ran.text().contains("3 keys") && ran.text().contains("1 damaged value"), "{}", ran.text());
    let mut file = mixed();
    file.truncate(file.len() - 12);
    let ran = rdb(&["stats"], &file);
    ran.failed(1);
    assert!(ran.text().contains("5 keys") && ran.text().contains("could not be read to its end"), "{}", ran.text());
}

#[test]
fn a_giant_value_takes_little_memory() {
    let folder = Scratch::new("rdb-giant").unwrap();
    let path = folder.path().join("giant.rdb");
    let fields = 1_000_000;
    let mut value = length(fields);
    for number in 0..fields {
        value.extend_from_slice(&string(format!("field number {number}")));
        value.extend_from_slice(&string("a value of some bytes"));
    }
    std::fs::write(&path, snapshot(&[&key(4, "giant", &value)])).unwrap();
    for command in ["check", "json", "commands", "stats"] {
        let spec = ["rdb", command, path.to_str().unwrap()]
            .into_iter()
            .fold(ProcessSpec::new(env!("CARGO_BIN_EXE_shake-cli")), |spec, arg| spec.arg(arg));
        let mut process = Process::start(&spec).unwrap();
        assert!(process.wait(Duration::from_secs(120)).unwrap().success());
        let peak = process.usage().peak_rss;
        assert!(peak < 16 << 20, "{command} took {peak} bytes");
    }
}
