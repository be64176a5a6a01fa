//! Files made by hand: what no server at hand writes, and what is wrong on purpose.

use rdb::{Checksum, Decoder, ErrorKind, Eviction, Item, Options};

use crate::file::{build, events, summarize};

/// Decodes a file, expecting it to be good, to the text of its items.
fn items(file: &[u8]) -> Vec<String> {
    let mut decoder = Decoder::new(Options::default());
    let mut items = Vec::new();
    decoder.feed(file);
    while let Some(item) = decoder.next_item().expect("a good file") {
        items.push(format!("{item:?}"));
    }
    decoder.finish().expect("a whole file");
    items
}

#[track_caller]
fn fails(header: &str, records: &[&[u8]], expected: &str) {
    assert_eq!(summarize(&build(header, records)).expect_err("a bad file").to_string(), expected);
}

#[test]
fn every_bit_that_flips_is_noticed() {
    let records: [&[u8]; 5] = [
        b"\xfa\x03ver\x05value",
        b"\xfe\x00",
        b"\xfb\x02\x01",
        b"\xfc\0\0\0\0\0\x01\0\0\x00\x01k\x05hello",
        b"\x0b\x01s\x08\x02\0\0\0\0\0\0\0",
    ];
    for header in ["REDIS0009", "REDIS0012", "VALKEY080"] {
        let file = build(header, &records);
        assert_eq!(summarize(&file).unwrap().checksum, Some(Checksum::Verified));
        for bit in 0..file.len() * 8 {
            let mut flipped = file.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let noticed = summarize(&flipped).is_err() || !items_and_end(&flipped);
            assert!(noticed, "{header}: bit {bit}");
        }
    }
}

/// Whether the file decodes and ends where its bytes end.
fn items_and_end(file: &[u8]) -> bool {
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(file);
    while let Ok(Some(_)) = decoder.next_item() {}
    decoder.finish().is_ok()
}

#[test]
fn attributes_belong_to_the_next_key_only() {
    let file = build(
        "REDIS0009",
        &[b"\xf8\x40\xff\xfd\x02\0\0\0\x00\x01a\x01x", b"\xf9\xff\x00\x01b\x01y", b"\x00\x01c\x01z"],
    );
    let mut decoder = Decoder::new(Options::default());
    let mut attributes = Vec::new();
    decoder.feed(&file);
    while let Some(item) = decoder.next_item().unwrap() {
        if let Item::Entry(entry) = item {
            attributes.push((entry.key.expire_at_ms, entry.key.eviction));
        }
    }
    let expected = [(Some(2000), Some(Eviction::IdleSeconds(255))), (None, Some(Eviction::Freq(255))), (None, None)];
    assert_eq!(attributes, expected);
}

#[test]
fn key_metadata_is_part_of_the_payload() {
    let meta = b"\xf3\x01ABCD\x02\x07\x05\x02hi\x00";
    let file = build("REDIS0013", &[meta, b"\x00\x01k\x01v", b"\x00\x01l\x01w"]);
    let mut decoder = Decoder::new(Options::default());
    let mut payloads = Vec::new();
    decoder.feed(&file);
    while let Some(item) = decoder.next_item().unwrap() {
        if let Item::Entry(entry) = item {
            let mut payload = Vec::new();
            entry.dump_into(&mut payload);
            payload.truncate(payload.len() - 8);
            payloads.push(payload);
        }
    }
    assert_eq!(payloads, [[meta.as_slice(), b"\x00\x01v\x0d\x00"].concat(), b"\x00\x01w\x06\x00".to_vec()]);
}

#[test]
fn modules_slots_and_pre_release_functions_are_handed_out() {
    let id = b"\x81\xb5\xeb\x2d\x9a\x87\x7e\xc4\x01";
    let aux = [b"\xf7".as_slice(), id, b"\x02\x01\x05\x03aux\x00"].concat();
    let found = items(&build("REDIS0012", &[&aux, b"\xf4\x40\x63\x02\x01", b"\xf6\x01f\x03LUA\x00\x04code"]));
    assert_eq!(found[1], items_of_module_aux(id));
    assert_eq!(found[2], "SlotInfo { slot: 99, keys: 2, expires: 1 }");
    assert!(found[3].starts_with("FunctionPreGa"), "{}", found[3]);
    let import = [b"\xf3\x28".as_slice(), &[b'a'; 40], b"\x01\x00\x40\xff"].concat();
    assert!(items(&build("VALKEY080", &[&import]))[1].starts_with("SlotImport"));
}

fn items_of_module_aux(id: &[u8]) -> String {
    let number = u64::from_be_bytes(id[1..].try_into().unwrap());
    let body = [id, b"\x02\x01\x05\x03aux\x00"].concat();
    format!("ModuleAux(ModuleAux {{ module: ModuleId({number}), when: 1, body: {body:?} }})")
}

#[test]
fn errors_name_code_place_and_offset() {
    fails("REDIS0011", &[b"\x1d\x01k\x00"], "unknown type or opcode 29 at offset 9 while reading the code of a record");
    fails("REDIS0014", &[b"\xf2"], "unknown type or opcode 242 at offset 9 while reading the code of a record");
    fails("VALKEY080", &[b"\x18"], "unknown type or opcode 24 at offset 9 while reading the code of a record");
    fails(
        "REDIS0011",
        &[b"\xfe\x00", b"\x18\x01k"],
        "type or opcode 24 does not exist in RDB version 11 at offset 11 while reading the code of a record",
    );
    fails(
        "REDIS0009",
        &[b"\x06"],
        "module value in a pre-release format at offset 9 while reading the code of a record",
    );
    fails("REDIS0009", &[b"\x00\xbf"], "illegal length byte 0xbf at offset 10 while reading the key of a string value");
    fails("REDIS0009", &[b"\x00\x01k\xc9"], "illegal string encoding 9 at offset 12 while reading a string value");
    fails(
        "REDIS0009",
        &[b"\xfe\x81\0\0\0\x01\0\0\0\0"],
        "database index 4294967296 is out of range at offset 9 while reading a select-db record",
    );
    fails("REDIX0009", &[], "no REDIS or VALKEY magic at offset 0 while reading the header");
    fails("REDIS00x9", &[], "no RDB version behind the magic at offset 0 while reading the header");
}

#[test]
fn bombs_fail_at_once_and_allocate_nothing() {
    fails(
        "REDIS0011",
        &[b"\x00\x01k\x81\x40\0\0\0\0\0\0\0"],
        "4611686018427387904 bytes are over the limit at offset 12 while reading a string value",
    );
    fails(
        "REDIS0011",
        &[b"\x00\x01k\xc3\x03\x80\x10\0\0\0\0ab"],
        "bad LZF data at offset 12 while reading a string value",
    );
    let count = b"REDIS0011\x04\x01k\x81\x10\0\0\0\0\0\0\0\x01f\x01v";
    let error = summarize(count).expect_err("2^60 fields are not there").to_string();
    assert_eq!(error, "unexpected end of input at offset 25 while reading a hash-hashtable value");
    fails(
        "REDIS0011",
        &[b"\x00\xc3\x02\x05\x00a\x01v"],
        "bad LZF data at offset 10 while reading the key of a string value",
    );
}

#[test]
fn a_decoder_that_failed_stays_failed() {
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(b"REDIS0011\x08");
    assert!(decoder.next_item().unwrap().is_some());
    let error = decoder.next_item().unwrap_err();
    decoder.feed(b"\xff");
    assert_eq!(decoder.next_item().unwrap_err(), error);
    assert_eq!(decoder.finish(), Err(error));
}

#[test]
fn what_follows_the_end_is_the_callers() {
    let mut file = build("REDIS0011", &[b"\x00\x01k\x01v"]);
    file.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
    let found = events(&file, &Options::default(), [20, 10, 1, 1]);
    assert!(found[3].starts_with("Err(Error { kind: TrailingBytes, offset: 23"), "{found:?}");
    assert_eq!(summarize(&file).unwrap().trailing, 14);
}

#[test]
fn the_checksum_can_be_off_unchecked_or_wrong() {
    let mut file = build("REDIS0011", &[]);
    file[10] ^= 1;
    assert!(summarize(&file).is_err());
    let found = events(&file, &Options::default().check_crc(false), []);
    assert_eq!(found[1], "18 End { checksum: Unchecked }");
    file.truncate(10);
    file.extend_from_slice(&[0; 8]);
    assert_eq!(summarize(&file).unwrap().checksum, Some(Checksum::Off));
    assert_eq!(summarize(b"REDIS0004\xff").unwrap().checksum, Some(Checksum::Absent));
}

#[test]
fn minus_one_is_no_expiry() {
    let file = build("REDIS0011", &[b"\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x00\x01k\x01v"]);
    assert!(items(&file)[1].contains("expire_at_ms: None"));
}

#[test]
fn versions_that_no_known_server_writes_are_refused() {
    for (header, version) in [("REDIS0015", 15), ("REDIS9999", 9999), ("VALKEY011", 11), ("VALKEY081", 81)] {
        let file = [header.as_bytes(), b"\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0"].concat();
        let mut decoder = Decoder::new(Options::default());
        decoder.feed(&file);
        let error = decoder.next_item().expect_err(header);
        assert_eq!((error.kind(), error.offset()), (ErrorKind::UnknownVersion(version), 0), "{header}");
        let mut decoder = Decoder::new(Options::default().accept_unknown_version(true));
        decoder.feed(&file);
        while decoder.next_item().expect(header).is_some() {}
        decoder.finish().expect(header);
    }
}
