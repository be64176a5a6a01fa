//! What one call may append, what has expired, and which database a key is in.

use bytes::BytesMut;
use rdb::{Decoder, Item, Options, RewriteError, RewriteErrorKind, RewriteOptions, Rewriter, Target};

use crate::file::build;

use super::commands::{EXPIRES, EXPIRING_FIELDS, REDIS_7, REDIS_8, check, lines};

/// A stream whose entries share a long name.
fn shared_name_bomb(name: usize, entries: u32) -> Vec<u8> {
    let int = |value: u32| [b"\xf3".as_slice(), &value.to_le_bytes(), b"\x05"].concat();
    let mut pack = [int(entries), int(0), int(1), b"\xf0".to_vec()].concat();
    pack.extend(u32::try_from(name).unwrap().to_le_bytes());
    pack.extend(vec![b'n'; name]);
    // How long the name's entry is, backwards: seven bits each.
    let len = name + 5;
    let seven = |shift: usize| u8::try_from(len >> shift & 127).unwrap();
    pack.extend([seven(14), seven(7) | 128, seven(0) | 128]);
    pack.extend(int(0));
    for seq in 0..entries {
        pack.extend([int(2), int(0), int(seq), b"\x80\x01".to_vec(), int(4)].concat());
    }
    pack.push(0xff);
    let len = u32::try_from(pack.len() + 6).unwrap();
    let mut out = b"\x0f\x01s\x01\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x80".to_vec();
    out.extend(len.to_be_bytes());
    out.extend(len.to_le_bytes());
    out.extend(b"\xff\xff");
    out.extend(pack);
    // Length, last ID, no groups.
    out.push(0x80);
    out.extend(entries.to_be_bytes());
    out.push(0x01);
    out.push(0x80);
    out.extend(entries.to_be_bytes());
    out.push(0);
    out
}

/// A stream with a group of a long name and a consumer, each of whose pending entries has its own time.
fn long_group_bomb(name: usize, pending: u8) -> Vec<u8> {
    let id = |seq: u8| [[0; 8], u64::from(seq).to_be_bytes()].concat();
    let mut out = b"\x0f\x01s\x00\x00\x05\x05\x01\x80".to_vec();
    out.extend(u32::try_from(name).unwrap().to_be_bytes());
    out.extend(vec![b'g'; name]);
    out.extend([1, 0, 0x40, pending]);
    for seq in 1..=pending {
        out.extend(id(seq));
        out.extend(i64::from(seq).to_le_bytes());
        out.push(1);
    }
    out.extend(b"\x01\x01c\0\0\0\0\0\0\0\0\x40");
    out.push(pending);
    (1..=pending).for_each(|seq| out.extend(id(seq)));
    out
}

/// Rewrites these records between two good ones. The room that it took, and the errors.
fn rewrite(options: &RewriteOptions, decoder: Options, record: &[u8]) -> (usize, Vec<RewriteError>, String) {
    let mut rewriter = Rewriter::new(REDIS_7, options.clone());
    let mut decoder = Decoder::new(decoder);
    let (mut out, mut text, mut room, mut errors) = (BytesMut::new(), String::new(), 0, Vec::new());
    decoder.feed(&build("REDIS0014", &[b"\x00\x01a\x011", record, b"\x00\x01z\x012"]));
    while let Some(item) = decoder.next_item().unwrap() {
        let result = rewriter.item(&item, &mut out);
        room = room.max(out.capacity());
        if result.is_err() {
            assert!(out.is_empty());
        }
        errors.extend(result.err());
        text.push_str(&lines(&out));
        out = BytesMut::new();
    }
    (room, errors, text)
}

#[test]
fn a_small_file_appends_no_more_than_it_may() {
    let options = RewriteOptions::default().max_output(1 << 20);
    let (whole, chunks) = (Options::default(), Options::default().whole_value_limit(0).chunk_size(1 << 20));
    let (names, groups) = (shared_name_bomb(70_000, 300), long_group_bomb(70_000, 60));
    for (options, decoder, bomb) in [
        (options.clone(), &whole, &names),
        (options.clone(), &chunks, &names),
        (options.clone().max_gathered(0), &chunks, &names),
        (options.clone(), &whole, &groups),
    ] {
        let (room, errors, text) = rewrite(&options, decoder.clone(), bomb);
        assert_eq!(errors.iter().map(RewriteError::kind).collect::<Vec<_>>(), [RewriteErrorKind::TooLarge]);
        assert_eq!(text, "SET a 1SET z 2");
        assert!(room < 4 << 20, "{room}");
    }
    let (room, errors, _) = rewrite(&options, chunks, &groups);
    assert!(errors.is_empty() && room < 4 << 20, "{room} {errors:?}");
    for bomb in [names, groups] {
        let enough = RewriteOptions::default().max_output(64 << 20);
        assert_eq!(rewrite(&enough, whole.clone(), &bomb).1, []);
    }
}

#[test]
fn commands_that_repeat_a_long_key_are_counted() {
    // The commands of the last elements come at the very end.
    let fields = (1..=60_u8).flat_map(|at| [&[at, 1, at, 1][..], b"v"].concat()).collect::<Vec<u8>>();
    let hash = [b"\x18\x80\0\x01\0\0", vec![b'k'; 1 << 16].as_slice(), &[0; 8], &[60], &fields].concat();
    let mut rewriter = Rewriter::new(REDIS_8, RewriteOptions::default().max_output(1 << 20));
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(&build("REDIS0014", &[&hash]));
    let (mut out, mut errors) = (BytesMut::new(), Vec::new());
    while let Some(item) = decoder.next_item().unwrap() {
        errors.extend(rewriter.item(&item, &mut out).map_err(|error| error.kind()).err());
    }
    assert_eq!(errors, [RewriteErrorKind::TooLarge]);
    assert!(out.is_empty() && out.capacity() < 4 << 20);
}

#[test]
fn fields_that_have_expired_are_left_out() {
    let now = |ms| RewriteOptions::default().now_ms(ms);
    let fields = ["HSET h a 1 c 3 d 4", "HPEXPIREAT h 10000 FIELDS 2 a c"];
    check(REDIS_8, now(9999), &[EXPIRING_FIELDS], &fields);
    check(REDIS_7, now(10000), &[EXPIRING_FIELDS], &["HSET h d 4"]);
    // b alone, which expires at 9999.
    let alone = b"\x18\x01h\x0f\x27\0\0\0\0\0\0\x01\x01\x01b\x012".as_slice();
    check(REDIS_8, now(9998), &[alone], &["HSET h b 2", "HPEXPIREAT h 9999 FIELDS 1 b"]);
    for target in [REDIS_7, REDIS_8, Target::valkey(9, 0)] {
        check(target, now(9999), &[EXPIRES, alone], &[]);
    }
}

#[test]
fn an_element_that_fills_a_command_has_its_own() {
    let options = RewriteOptions::default().max_bytes(3);
    let hash = b"\x18\x01h\x0f\x27\0\0\0\0\0\0\x03\x00\x01a\x011\x01\x01b\x04long\x00\x01c\x013";
    let expected = ["HSET h a 1", "HSET h b long", "HSET h c 3", "HPEXPIREAT h 9999 FIELDS 1 b"];
    check(REDIS_8, options, &[hash], &expected);
}

#[test]
fn keys_alone_select_their_database() {
    let module: &[u8] = b"\x07\x01m\x81\0\0\0\0\0\0\0\x01\x02\x05\x00";
    let records: [&[u8]; 7] = [
        b"\x00\x01a\x011",
        b"\xfe\x03",
        module,
        b"\x00\x01b\x011",
        b"\x01\x01c\x01\x011",
        b"\xfe\x00",
        b"\x00\x01d\x011",
    ];
    for (decoder, select) in [
        (Options::default(), true),
        (Options::default().whole_value_limit(0).chunk_size(2), true),
        (Options::default(), false),
    ] {
        let mut rewriter = Rewriter::new(REDIS_7, RewriteOptions::default().select(select));
        let (mut decoder, mut out) = (Decoder::new(decoder), BytesMut::new());
        decoder.feed(&build("REDIS0014", &records));
        while let Some(item) = decoder.next_item().unwrap() {
            if !matches!(item, Item::SelectDb(_)) {
                let result = rewriter.item(&item, &mut out);
                assert!(result.is_ok_and(|()| true) || lines(&out) == "SET a 1");
            }
        }
        let expected = if select { ["\nSELECT 3", "\nSELECT 0"] } else { [""; 2] };
        assert_eq!(lines(&out), format!("SET a 1{}\nSET b 1\nRPUSH c 1{}\nSET d 1", expected[0], expected[1]));
    }
}
