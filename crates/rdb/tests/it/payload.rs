//! Payloads are read as the servers made them; damaged ones are refused, at one level or another.

use std::path::Path;

use rdb::{Decoder, Digester, DumpPayload, ElementReader, Error, ErrorKind, Item, Options};
use serde_json::Value;

use crate::{corpus, fixtures, manifest};

#[test]
fn payloads_of_servers_hold_the_value_of_the_snapshot() {
    for (name, file) in fixtures::all() {
        let dumps = read_dumps(name);
        let (mut decoder, mut compared) = (Decoder::new(Options::default()), 0);
        decoder.feed(&file);
        while let Some(item) = decoder.next_item().expect(name) {
            let Item::Entry(entry) = item else { continue };
            let mut ours = Vec::new();
            entry.dump_into(&mut ours);
            let theirs = dumps.iter().find(|(key, _)| key == entry.key.name).map(|(_, payload)| payload);
            for payload in [Some(&ours), theirs.filter(|_| entry.key.db.0 == 0)].into_iter().flatten() {
                let payload = DumpPayload::parse(payload).expect(name);
                assert_eq!(payload.value_type(), entry.key.value_type, "{name}");
                assert_eq!(payload.value().bytes(), entry.value.bytes(), "{name}");
                assert_eq!((payload.metadata(), payload.value().offset()), (&b""[..], 1));
                compared += 1;
            }
        }
        assert!(compared > 100, "{name}: only {compared}");
    }
}

#[test]
fn any_flipped_bit_is_refused() {
    let (_, payload) = read_dumps("redis-8.0").swap_remove(5);
    for bit in 0..payload.len() * 8 {
        let mut flipped = payload.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        DumpPayload::parse(&flipped).expect_err("the checksum is wrong");
    }
}

#[test]
fn payloads_that_crashed_servers_are_refused_or_read() {
    let corpus = corpus::path();
    let path = corpus.join("given/corrupt/corrupt_dump_payloads.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        manifest::say_skipped(&corpus);
        return;
    };
    let json: Value = serde_json::from_str(&text).expect("JSON");
    let payloads = json["payloads"].as_array().expect("payloads");
    let (mut badly_signed, mut counts) = (0, [0; 3]);
    for payload in payloads {
        let bytes = decode_base64(payload["payload_b64"].as_str().expect("base64"));
        badly_signed +=
            usize::from(DumpPayload::parse(&bytes).is_err_and(|error| error.kind() == ErrorKind::ChecksumMismatch));
        counts[level(&bytes)] += 1;
    }
    assert_eq!((payloads.len(), badly_signed), (48, 31));
    assert_eq!(counts, [7, 33, 8], "refused for their structure, for their elements, read");
}

/// Where a payload is refused, its checksum apart: the servers' tests switch that off.
fn level(payload: &[u8]) -> usize {
    let Ok(payload) = DumpPayload::parse_unverified(payload) else { return 0 };
    if digest(&payload).is_err() { 1 } else { 2 }
}

fn digest(payload: &DumpPayload<'_>) -> Result<(), Error> {
    let mut digester = Digester::default();
    digester.begin(payload.value_type().kind());
    ElementReader::new(&Options::default()).value(&payload.value(), |element| digester.element(&element))
}

fn read_dumps(name: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.dumps"));
    let text = std::fs::read_to_string(path).expect("a fixture");
    let lines = text.lines().map(|line| line.split_once(' ').expect("key and payload"));
    lines.map(|(key, payload)| (decode_hex(key), decode_hex(payload))).collect()
}

fn decode_hex(text: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("a byte");
    text.as_bytes().chunks(2).map(pair).collect()
}

fn decode_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter_map(|byte| DIGITS.iter().position(|&digit| digit == byte)) {
        bits = bits << 6 | u32::try_from(digit).expect("six bits");
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
    }
    bytes
}
