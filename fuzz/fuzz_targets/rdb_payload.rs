//! Any bytes as a `DUMP` payload, signed: what comes of it, in bounded memory, and that a changed byte is noticed.
#![no_main]

use crc_fast::{CrcAlgorithm, checksum};
use fuzz::peak;
use libfuzzer_sys::fuzz_target;
use rdb::{Digester, DumpPayload, ElementReader, Options};

/// Small enough for an input of a few kilobytes to exceed it.
const MAX_STRING: usize = 1 << 15;

fuzz_target!(|data: &[u8]| {
    let Some((&[place, change, version @ ..], body)) = data.split_first_chunk::<4>() else { return };
    let _ = DumpPayload::parse(body);
    let signed = [body, &version].concat();
    let mut payload = [&signed[..], &checksum(CrcAlgorithm::Crc64Redis, &signed).to_le_bytes()].concat();
    let peak = peak::during(|| read(&payload));
    assert!(peak <= 2 * data.len() + 6 * MAX_STRING + (1 << 16), "{peak} bytes for {}", data.len());
    let place = usize::from(place) % payload.len();
    payload[place] ^= change;
    assert!(change == 0 || DumpPayload::parse(&payload).is_err(), "byte {place} changed");
});

fn read(bytes: &[u8]) {
    let result = DumpPayload::parse(bytes);
    assert_eq!(result, DumpPayload::parse_unverified(bytes), "the checksum is right");
    let Ok(payload) = result else { return };
    let value = payload.value();
    assert_eq!(payload.metadata().len() + 1 + value.bytes().len() + 10, bytes.len());
    let mut reader = ElementReader::new(&Options::default().max_string(MAX_STRING as u64));
    let mut digester = Digester::default();
    digester.begin(value.value_type().kind());
    if reader.value(&value, |element| digester.element(&element)).is_ok() {
        let _ = digester.finish();
    }
}
