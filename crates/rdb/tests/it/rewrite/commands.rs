//! The exact commands that values become.

use bytes::BytesMut;
use rdb::{Decoder, Item, LossKind, Options, RewriteErrorKind, RewriteOptions, Rewriter, Target};

use crate::file::build;

use super::stream_commands::stream;

pub(super) const REDIS_6: Target = Target::redis(6, 0);
pub(super) const REDIS_7: Target = Target::redis(7, 0);
pub(super) const REDIS_8: Target = Target::redis(8, 0);

/// The commands of these records, one a line, and what was lost.
pub(super) fn rewrite(
    target: Target,
    options: RewriteOptions,
    decoder: Options,
    records: &[&[u8]],
) -> (String, Vec<(LossKind, u64)>) {
    let mut rewriter = Rewriter::new(target, options);
    let mut decoder = Decoder::new(decoder);
    let mut out = BytesMut::new();
    decoder.feed(&build("REDIS0014", records));
    while let Some(item) = decoder.next_item().unwrap() {
        rewriter.item(&item, &mut out).unwrap();
    }
    (lines(&out), rewriter.all_losses().iter().collect())
}

/// Commands as lines of words.
pub(super) fn lines(mut resp: &[u8]) -> String {
    let mut text = String::new();
    while !resp.is_empty() {
        let words: usize = header(&mut resp, b'*');
        for word in 0..words {
            let len = header(&mut resp, b'$');
            text.push_str(if word == 0 { "\n" } else { " " });
            text.push_str(&resp[..len].escape_ascii().to_string());
            assert_eq!(&resp[len..len + 2], b"\r\n");
            resp = &resp[len + 2..];
        }
    }
    text.trim_start().to_owned()
}

fn header(resp: &mut &[u8], kind: u8) -> usize {
    let end = resp.iter().position(|&byte| byte == b'\r').unwrap();
    assert_eq!((resp[0], resp[end + 1]), (kind, b'\n'));
    let number = std::str::from_utf8(&resp[1..end]).unwrap().parse().unwrap();
    *resp = &resp[end + 2..];
    number
}

#[track_caller]
pub(super) fn check(target: Target, options: RewriteOptions, records: &[&[u8]], expected: &[&str]) {
    let (text, losses) = rewrite(target, options, Options::default(), records);
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    assert_eq!(losses, []);
}

/// 10000 in front of the next key.
pub(super) const EXPIRES: &[u8] = b"\xfc\x10\x27\0\0\0\0\0\0";

#[test]
fn a_command_is_an_array_of_bulk_strings() {
    let mut rewriter = Rewriter::new(REDIS_7, RewriteOptions::default());
    let mut out = BytesMut::from("before".as_bytes());
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(&build("REDIS0009", &[b"\xfe\x03", b"\x00\x02k\n\x02v\0"]));
    while let Some(item) = decoder.next_item().unwrap() {
        rewriter.item(&item, &mut out).unwrap();
    }
    assert_eq!(out, b"before*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET\r\n$2\r\nk\n\r\n$2\r\nv\0\r\n".as_slice());
}

#[test]
fn strings_are_set_with_their_expiry() {
    let records = [EXPIRES, b"\x00\x01k\xc0\x07", b"\x00\x01l\x00"];
    check(REDIS_7, RewriteOptions::default(), &records, &["SET k 7 PXAT 10000", "SET l "]);
    check(REDIS_6, RewriteOptions::default(), &records, &["SET k 7", "PEXPIREAT k 10000", "SET l "]);
    let replace = RewriteOptions::default().replace(true);
    check(REDIS_6, replace.clone(), &[b"\x00\x01k\x01v"], &["UNLINK k", "SET k v"]);
    check(Target::redis(3, 2), replace, &[b"\x00\x01k\x01v"], &["DEL k", "SET k v"]);
    let past = b"\xfc\xfe\xff\xff\xff\xff\xff\xff\xff";
    check(REDIS_7, RewriteOptions::default(), &[past, b"\x00\x01k\x01v"], &["SET k v PXAT 1"]);
}

#[test]
fn strings_in_pieces_expire_last() {
    let chunks = Options::default().whole_value_limit(0).chunk_size(4);
    let records = [EXPIRES, b"\x00\x01k\x09abcdefghi".as_slice()];
    let (text, _) = rewrite(REDIS_7, RewriteOptions::default().max_bytes(5), chunks.clone(), &records);
    assert_eq!(text, "SET k abc\nAPPEND k defg\nAPPEND k hi\nPEXPIREAT k 10000");
    let (text, _) = rewrite(REDIS_7, RewriteOptions::default(), chunks, &records);
    assert_eq!(text, "SET k abcdefghi PXAT 10000");
}

#[test]
fn collections_go_in_commands_of_bounded_size() {
    let list = b"\x01\x01l\x05\x01a\x01b\xc0\x03\x01d\x01e".as_slice();
    check(REDIS_7, RewriteOptions::default(), &[list], &["RPUSH l a b 3 d e"]);
    let two = RewriteOptions::default().max_elements(2);
    check(REDIS_7, two.clone(), &[EXPIRES, list], &["RPUSH l a b", "RPUSH l 3 d", "RPUSH l e", "PEXPIREAT l 10000"]);
    check(REDIS_7, two, &[b"\x02\x01s\x02\x01a\x01b"], &["SADD s a b"]);
    let bytes = RewriteOptions::default().max_bytes(2);
    check(REDIS_7, bytes.clone(), &[list], &["RPUSH l a b", "RPUSH l 3 d", "RPUSH l e"]);
    check(
        REDIS_7,
        bytes,
        &[b"\x01\x01l\x02\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x01b"],
        &["RPUSH l aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "RPUSH l b"],
    );
    let zset = b"\x05\x01z\x03\x01a\x34\x33\x33\x33\x33\x33\xd3\x3f\x01b\0\0\0\0\0\0\0\x80\x01c\0\0\0\0\0\0\xf0\x7f";
    check(REDIS_7, RewriteOptions::default(), &[zset], &["ZADD z 0.30000000000000004 a -0 b inf c"]);
    let hash = b"\x04\x01h\x02\x01a\x011\x01b\x012";
    check(REDIS_7, RewriteOptions::default(), &[hash], &["HSET h a 1 b 2"]);
    check(Target::redis(3, 2), RewriteOptions::default(), &[hash], &["HMSET h a 1 b 2"]);
}

/// Four fields: a and c expire at 10000, b at 9999, d does not.
pub(super) const EXPIRING_FIELDS: &[u8] =
    b"\x18\x01h\x0f\x27\0\0\0\0\0\0\x04\x02\x01a\x011\x01\x01b\x012\x02\x01c\x013\x00\x01d\x014";

#[test]
fn fields_of_one_time_expire_by_one_command() {
    let expected = ["HSET h a 1 b 2 c 3 d 4", "HPEXPIREAT h 9999 FIELDS 1 b", "HPEXPIREAT h 10000 FIELDS 2 a c"];
    check(REDIS_8, RewriteOptions::default(), &[EXPIRING_FIELDS], &expected);
    check(Target::valkey(9, 0), RewriteOptions::default(), &[EXPIRING_FIELDS], &expected);
    let (text, losses) = rewrite(REDIS_7, RewriteOptions::default(), Options::default(), &[EXPIRING_FIELDS]);
    assert_eq!((text.as_str(), losses), (expected[0], vec![(LossKind::FieldExpiry, 3)]));
}

#[test]
fn databases_scripts_and_functions() {
    let function: &[u8] = b"\xf5\x06#!lua ";
    let records: [&[u8]; 5] =
        [b"\xfa\x03lua\x08return 1", b"\xfa\x01x\x01y", b"\xfe\x00\xfe\x00\xfb\x01\x00", function, b"\xfe\x05"];
    let expected = ["SCRIPT LOAD return 1", "SELECT 0", "FUNCTION LOAD REPLACE #!lua ", "SELECT 5"];
    check(REDIS_7, RewriteOptions::default(), &records, &expected);
    check(REDIS_7, RewriteOptions::default().select(false), &records, &[expected[0], expected[2]]);
}

#[test]
fn an_empty_collection_is_no_key() {
    let (text, losses) = rewrite(REDIS_7, RewriteOptions::default(), Options::default(), &[EXPIRES, b"\x01\x01l\x00"]);
    assert_eq!((text.as_str(), losses), ("", vec![(LossKind::EmptyCollection, 1)]));
}

/// A key that fails between two that do not.
#[track_caller]
pub(super) fn check_failure(target: Target, decoder: Options, record: &[u8], kind: RewriteErrorKind, commands: &str) {
    let mut rewriter = Rewriter::new(target, RewriteOptions::default());
    let mut decoder = Decoder::new(decoder);
    let (mut out, mut errors) = (BytesMut::new(), Vec::new());
    decoder.feed(&build("REDIS0014", &[b"\x00\x01a\x011", record, b"\x00\x01z\x012"]));
    while let Some(item) = decoder.next_item().unwrap() {
        let is_key = matches!(item, Item::Entry(_) | Item::ValueBegin(_) | Item::ValueChunk(_) | Item::ValueEnd);
        let before = out.len();
        if let Err(error) = rewriter.item(&item, &mut out) {
            assert_eq!((error.target(), error.offset()), (target, if is_key { 14 } else { 0 }));
            assert_eq!(out.len(), before);
            errors.push(error.kind());
        }
    }
    assert_eq!(errors, [kind]);
    assert_eq!(lines(&out), format!("SET a 1\n{commands}SET z 2"));
}

#[test]
fn what_cannot_be_written_fails_alone() {
    use RewriteErrorKind::{Array, Contradiction, FunctionPreGa, Module, ModuleAux, NoFunctions, NoStreams};
    let module = b"\x07\x01m\x81\0\0\0\0\0\0\0\x01\x02\x05\x00";
    let array = b"\x1c\x01r\x01\x00\x05\x00\x01v";
    let mut stranger = stream();
    let len = stranger.len();
    stranger[len - 27..len - 11].copy_from_slice(&[9; 16]);
    for decoder in [Options::default(), Options::default().whole_value_limit(0).chunk_size(3)] {
        check_failure(REDIS_8, decoder.clone(), module, Module, "");
        check_failure(Target::redis(8, 8), decoder.clone(), array, Array, "");
        check_failure(Target::redis(4, 0), decoder.clone(), &stream(), NoStreams, "");
        check_failure(REDIS_6, decoder.clone(), b"\xf5\x06#!lua ", NoFunctions, "");
        check_failure(REDIS_8, decoder.clone(), b"\xf6\x01n\x01e\x00\x01c", FunctionPreGa, "");
        check_failure(REDIS_8, decoder, b"\xf7\x81\0\0\0\0\0\0\0\x01\x02\x01\x00", ModuleAux, "");
    }
    check_failure(REDIS_7, Options::default(), &stranger, Contradiction, "");
}

#[test]
fn a_damaged_value_fails_alone() {
    let record = b"\x01\x01l\x03\x01a\x01b\xc3\x01\x05\x00";
    let kind = |decoder: Options| {
        let mut decoder = Decoder::new(decoder);
        let mut rewriter = Rewriter::new(REDIS_7, RewriteOptions::default());
        decoder.feed(&build("REDIS0014", &[b"\x00\x01a\x011", record]));
        loop {
            let item = decoder.next_item().unwrap().unwrap();
            if let Err(error) = rewriter.item(&item, &mut BytesMut::new()) {
                return error;
            }
        }
    };
    let error = kind(Options::default());
    assert_eq!(error.to_string(), "cannot rewrite for redis-7.0 what is at offset 14: the value is damaged");
    let damage = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(damage, "bad LZF data at offset 22 while reading a list-linked value");
    check_failure(REDIS_7, Options::default(), record, error.kind(), "");
    let chunks = Options::default().whole_value_limit(0).chunk_size(2);
    check_failure(REDIS_7, chunks, record, error.kind(), "");
}
