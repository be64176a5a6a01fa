//! `json`: exact values, and valid JSON whatever happens.

use serde_json::{Value, json};

use super::file::{
    aux, damaged_key, expire_at, fixtures, hash, key, length, scores, snapshot, string, strings, text_key,
};
use super::tool::rdb;

fn lines(args: &[&str], file: &[u8]) -> Vec<Value> {
    let ran = rdb(&[&["json", "--lines"], args].concat(), file).well();
    ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The value of the only key.
fn value(args: &[&str], record: &[u8]) -> Value {
    let keys = lines(args, &snapshot(&[record]));
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys[0]["value"].clone()
}

#[test]
fn a_document_has_everything() {
    let function = [&[0xf5], &string("#!lua name=f\n")[..]].concat();
    let file = snapshot(&[
        &aux("redis-ver", "7.2.4"),
        &function,
        b"\xfe\x02",
        &text_key("a", "1"),
        &expire_at(-5),
        b"\xf9\x07",
        &key(0, "b", b"\xc0\xff"),
    ]);
    let ran = rdb(&["json"], &file).well();
    let expected = json!({
        "dialect": "redis", "version": 11, "aux": { "redis-ver": "7.2.4" }, "functions": ["#!lua name=f\n"],
        "keys": [
            { "db": 2, "key": "a", "type": "string", "encoding": "string", "value": "1" },
            { "db": 2, "key": "b", "type": "string", "encoding": "string", "expire_at_ms": -5, "freq": 7, "value": "-1" },
        ],
        "checksum": "off",
    });
    assert_eq!(ran.json(), expected);
    assert_eq!(Value::from(lines(&[], &file)), expected["keys"]);
}

#[test]
fn a_file_without_keys_is_a_document_too() {
    let expected =
        json!({ "dialect": "redis", "version": 11, "aux": {}, "functions": [], "keys": [], "checksum": "off" });
    assert_eq!(rdb(&["json"], &snapshot(&[])).well().json(), expected);
}

#[test]
fn values_are_exact() {
    assert_eq!(value(&[], &key(1, "l", &strings(&["a", "", "a"]))), json!(["a", "", "a"]));
    assert_eq!(value(&[], &key(2, "s", &strings(&["x"]))), json!(["x"]));
    assert_eq!(value(&[], &key(4, "h", &hash(&[("f", "1"), ("g", "")]))), json!({ "f": "1", "g": "" }));
    let members = [("a", 1.0), ("b", 0.1), ("c", f64::INFINITY), ("d", f64::NEG_INFINITY), ("e", 1e300)];
    let expected = json!({ "a": 1, "b": 0.1, "c": "inf", "d": "-inf", "e": 1e300 });
    assert_eq!(value(&[], &key(5, "z", &scores(&members))), expected);
}

#[test]
fn fields_that_expire_say_when() {
    // Type 22 of Valkey: field, value, absolute milliseconds; -1 for never.
    let fields =
        [&string("f")[..], &string("v"), &77_i64.to_le_bytes(), &string("g"), &string("w"), &(-1_i64).to_le_bytes()];
    let hash = [length(2), fields.concat()].concat();
    let file = [b"VALKEY080", &key(22, "h", &hash)[..], b"\xff\0\0\0\0\0\0\0\0"].concat();
    let document = rdb(&["json"], &file).well().json();
    assert_eq!(document["keys"][0]["value"], json!({ "f": { "value": "v", "expire_at_ms": 77 }, "g": "w" }));
}

#[test]
fn modules_are_written_part_by_part() {
    // A module called AAAAAAAAB, encoding 3: signed 5 as it is written, a string, a double.
    let id = ((1_u64) << 10) | 3;
    let module =
        [&[0x81], &id.to_be_bytes()[..], &[2, 5, 5], &string("s"), &[4], &2.5_f64.to_le_bytes(), &[0]].concat();
    let parts = value(&[], &key(7, "m", &module))["parts"].clone();
    assert_eq!(
        parts,
        json!([{ "module": "AAAAAAAAB", "encoding_version": 3 }, { "unsigned": 5 }, { "string": "s" }, { "double": 2.5 }])
    );
}

#[test]
fn strings_of_bytes_can_be_told() {
    let record = text_key(b"k\xff", b"caf\xe9 \xc3\xa9");
    let written = |how| {
        let line = lines(&["--bytes", how], &snapshot(&[&record])).remove(0);
        (line["key"].as_str().unwrap().to_owned(), line["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(written("text"), ("k\u{efff}".to_owned(), "caf\u{efe9} é".to_owned()));
    assert_eq!(written("latin1"), ("k\u{ff}".to_owned(), "caf\u{e9} \u{c3}\u{a9}".to_owned()));
    assert_eq!(written("base64"), ("a/8=".to_owned(), "Y2Fm6SDDqQ==".to_owned()));
}

#[test]
fn a_string_in_pieces_is_one_string() {
    // Larger than what is read whole; characters of three bytes lie across every boundary.
    let text = "€".repeat(300_000);
    assert_eq!(value(&[], &text_key("large", &text)), json!(text));
    let noise: Vec<u8> = (0..900_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let written = value(&["--bytes", "latin1"], &text_key("noise", &noise));
    let bytes: Vec<u8> = written.as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert!(bytes == noise);
}

#[test]
fn real_files_are_valid_json_and_lines_are_the_same_keys() {
    for (name, bytes) in fixtures() {
        for how in ["text", "latin1", "base64"] {
            let document = rdb(&["json", "--bytes", how], &bytes).well().json();
            assert!(["verified", "off"].contains(&document["checksum"].as_str().unwrap()), "{name}");
            assert_eq!(document["keys"], Value::from(lines(&["--bytes", how], &bytes)), "{name}");
        }
    }
}

#[test]
fn streams_have_entries_groups_and_consumers() {
    let (_, bytes) = fixtures().into_iter().find(|(name, _)| name.contains("redis-7.0")).unwrap();
    let streams = lines(&["--type", "stream"], &bytes);
    let has = |what: &dyn Fn(&Value) -> bool| assert!(streams.iter().any(|key| what(&key["value"])));
    has(&|stream| stream["entries"][0]["fields"][0].as_array().is_some_and(|pair| pair.len() == 2));
    has(&|stream| stream["groups"].as_array().is_some_and(|groups| groups.len() > 1));
    has(&|stream| stream["groups"][0]["consumers"][0]["name"].is_string());
    for key in &streams {
        let value = &key["value"];
        assert_eq!(value["length"], value["entries"].as_array().unwrap().len(), "{}", key["key"]);
        for group in value["groups"].as_array().into_iter().flatten() {
            let len = |list: &Value| list.as_array().map_or(0, Vec::len);
            let owned: usize =
                group["consumers"].as_array().into_iter().flatten().map(|one| len(&one["pending"])).sum();
            assert_eq!(owned, len(&group["pending"]), "{}", key["key"]);
        }
    }
}

#[test]
fn a_damaged_value_says_so_and_the_others_follow() {
    let file = snapshot(&[&text_key("a", "1"), &damaged_key("b"), &text_key("c", "2")]);
    let ran = rdb(&["json"], &file);
    assert!(ran.failed(1).contains("bad packed header at offset"), "{}", ran.err);
    let document = ran.json();
    let keys = document["keys"].as_array().unwrap();
    assert_eq!((keys.len(), &keys[2]["value"]), (3, &json!("2")));
    let sentence = "bad packed header at offset 18 while reading a hash-ziplist value, in the value of key \"b\"";
    assert_eq!(keys[1]["damaged"], sentence);
}

#[test]
fn it_is_valid_json_wherever_the_file_is_cut() {
    let large = "x".repeat(600_000);
    let file = snapshot(&[
        &aux("redis-ver", "7.2.4"),
        &key(4, "h", &hash(&[("f", "v")])),
        &key(4, "large", &hash(&[("f", &large), ("g", &large)])),
    ]);
    for end in (1..120).chain([300_000, 700_000, file.len() - 20, file.len() - 1]) {
        let ran = rdb(&["json"], &file[..end]);
        ran.failed(1);
        assert!(ran.json()["error"].as_str().unwrap().contains("unexpected end of input"), "{end}");
    }
    let cut = rdb(&["json"], &file[..700_000]).json();
    assert_eq!(cut["keys"][1]["key"], "large");
    assert!(cut["keys"][1]["damaged"].is_string());
}

#[test]
fn filters_choose_keys() {
    let file = snapshot(&[
        b"\xfe\x00",
        &text_key("user:1", "a"),
        &key(2, "user:2", &strings(&["x"])),
        &text_key("large:1", "x".repeat(500_000)),
        b"\xfe\x01",
        &text_key("user:3", "b"),
    ]);
    let names = |args: &[&str]| -> Vec<String> {
        lines(args, &file).iter().map(|key| key["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["--key", "user:*"]), ["user:1", "user:2", "user:3"]);
    assert_eq!(names(&["--db", "1"]), ["user:3"]);
    assert_eq!(names(&["--type", "set", "--type", "string", "--db", "0"]), ["user:1", "user:2", "large:1"]);
    assert_eq!(names(&["--key", "user:?", "--type", "string"]), ["user:1", "user:3"]);
}
