//! Payloads made from snapshots are those that the servers make themselves, but for the version they are signed with.

use std::collections::HashMap;
use std::path::Path;

use crc_fast::{CrcAlgorithm, checksum};
use rdb::{DUMP_FOOTER_LEN, Decoder, Item, Options};

use crate::fixtures;

#[test]
fn payloads_are_those_of_the_server_with_the_lowest_version() {
    for (name, file) in fixtures::all() {
        let mut dumps = read_dumps(name);
        assert!(dumps.len() > 15, "{name}");
        let mut decoder = Decoder::new(Options::default());
        decoder.feed(&file);
        while let Some(item) = decoder.next_item().expect(name) {
            let Item::Entry(entry) = item else { continue };
            let Some(theirs) = dumps.remove(entry.key.name) else { continue };
            let mut ours = Vec::new();
            entry.dump_into(&mut ours);
            compare(&ours, &theirs, entry.key.value_type.dump_version().number());
        }
        assert!(dumps.is_empty(), "{name}: not in the snapshot: {:?}", dumps.keys());
    }
}

fn compare(ours: &[u8], theirs: &[u8], version: u16) {
    let (our_value, our_footer) = ours.split_at(ours.len() - DUMP_FOOTER_LEN);
    let (their_value, their_footer) = theirs.split_at(theirs.len() - DUMP_FOOTER_LEN);
    assert_eq!(our_value, their_value);
    assert_eq!(our_footer[..2], version.to_le_bytes());
    assert!(version <= u16::from_le_bytes([their_footer[0], their_footer[1]]));
    for payload in [ours, theirs] {
        let (signed, crc) = payload.split_at(payload.len() - 8);
        assert_eq!(checksum(CrcAlgorithm::Crc64Redis, signed).to_le_bytes(), crc);
    }
}

fn read_dumps(name: &str) -> HashMap<Vec<u8>, Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.dumps"));
    let text = std::fs::read_to_string(path).expect("a fixture");
    let lines = text.lines().map(|line| line.split_once(' ').expect("key and payload"));
    lines.map(|(key, payload)| (decode_hex(key), decode_hex(payload))).collect()
}

fn decode_hex(text: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("a byte");
    text.as_bytes().chunks(2).map(pair).collect()
}
