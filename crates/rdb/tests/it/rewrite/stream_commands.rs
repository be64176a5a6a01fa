//! The exact commands that streams become.

use rdb::{LossKind, Options, RewriteErrorKind, RewriteOptions};

use super::commands::{EXPIRES, REDIS_6, REDIS_7, check, check_failure, rewrite};

/// No nodes, length 0, last ID 5-5; first ID, highest deleted ID and entries added in the second type only.
const EMPTY_STREAM: &[u8] = b"\x0f\x01s\x00\x00\x05\x05\x00";
const COUNTED_STREAM: &[u8] = b"\x13\x01s\x00\x00\x05\x05\x00\x00\x05\x05\x09\x00";

#[test]
fn a_stream_without_entries_leaves_no_trace_of_how_it_was_made() {
    check(
        REDIS_7,
        RewriteOptions::default(),
        &[EMPTY_STREAM],
        &["XADD s MAXLEN 0 5-5  ", "XSETID s 5-5 ENTRIESADDED 0 MAXDELETEDID 0-0"],
    );
    check(REDIS_6, RewriteOptions::default(), &[EMPTY_STREAM], &["XADD s MAXLEN 0 5-5  "]);
    check(
        REDIS_7,
        RewriteOptions::default(),
        &[COUNTED_STREAM],
        &["XADD s MAXLEN 0 5-5  ", "XSETID s 5-5 ENTRIESADDED 9 MAXDELETEDID 5-5"],
    );
    check(
        REDIS_6,
        RewriteOptions::default(),
        &[b"\x0f\x01s\x00\x00\x00\x00\x00"],
        &["XADD s MAXLEN 0 0-1  ", "XSETID s 0-0"],
    );
    let (text, losses) = rewrite(REDIS_6, RewriteOptions::default(), Options::default(), &[COUNTED_STREAM]);
    assert_eq!((text.as_str(), losses), ("XADD s MAXLEN 0 5-5  ", vec![(LossKind::StreamCounters, 1)]));
}

/// Entry 1-0 (`f` is `v`); the group `g` has 1-0 and 0-7, which was trimmed, pending: both for `c`, none for `d`.
pub(super) fn stream() -> Vec<u8> {
    let id = |ms: u64, seq: u64| [ms.to_be_bytes(), seq.to_be_bytes()].concat();
    let listpack: &[u8] = b"\x01\x01\x00\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81v\x02\x04\x01\xff";
    let listpack = [&u32::try_from(listpack.len() + 6).unwrap().to_le_bytes(), b"\x0a\0".as_slice(), listpack].concat();
    let mut out = b"\x13\x01s\x01\x10".to_vec();
    out.extend(id(1, 0));
    out.push(u8::try_from(listpack.len()).unwrap());
    out.extend(listpack);
    // Length, last, first and highest deleted ID, entries added.
    out.extend(b"\x01\x02\x00\x01\x00\x00\x00\x03");
    // One group, which read two entries; two pending.
    out.extend(b"\x01\x01g\x01\x00\x02\x02");
    for id in [id(0, 7), id(1, 0)] {
        out.extend(id);
        out.extend(1000_i64.to_le_bytes());
        out.push(3);
    }
    out.extend(b"\x02\x01c\0\0\0\0\0\0\0\0\x02");
    out.extend(id(0, 7));
    out.extend(id(1, 0));
    out.extend(b"\x01d\0\0\0\0\0\0\0\0\x00");
    out
}

/// The commands of that stream on Redis 7.0.
const WHOLE: [&str; 11] = [
    "XADD s 0-7  ",
    "XGROUP CREATE s g 0",
    "XCLAIM s g c 0 0-7 TIME 1000 RETRYCOUNT 3 FORCE JUSTID",
    "XTRIM s MAXLEN 0",
    "XSETID s 0-0",
    "XADD s 1-0 f v",
    "XSETID s 2-0 ENTRIESADDED 3 MAXDELETEDID 0-0",
    "XGROUP SETID s g 1-0 ENTRIESREAD 2",
    "XCLAIM s g c 0 1-0 TIME 1000 RETRYCOUNT 3 FORCE JUSTID",
    "XGROUP CREATECONSUMER s g d",
    "PEXPIREAT s 10000",
];

/// The same when it is not known at the start what is pending without an entry.
const IN_CHUNKS: [&str; 6] = [
    "XADD s 1-0 f v",
    "XSETID s 2-0 ENTRIESADDED 3 MAXDELETEDID 0-0",
    "XGROUP CREATE s g 1-0 ENTRIESREAD 2",
    "XCLAIM s g c 0 1-0 TIME 1000 RETRYCOUNT 3 FORCE JUSTID",
    "XGROUP CREATECONSUMER s g d",
    "PEXPIREAT s 10000",
];

#[test]
fn what_is_pending_without_an_entry_is_made_before_all_else() {
    check(REDIS_7, RewriteOptions::default(), &[EXPIRES, &stream()], &WHOLE);
    let (text, losses) = rewrite(REDIS_6, RewriteOptions::default().max_elements(1), Options::default(), &[&stream()]);
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "XADD s 0-7  ",
            "XGROUP CREATE s g 0",
            "XCLAIM s g c 0 0-7 TIME 1000 RETRYCOUNT 3 FORCE JUSTID",
            "XTRIM s MAXLEN 0",
            "XSETID s 0-0",
            "XADD s 1-0 f v",
            "XSETID s 2-0",
            "XGROUP SETID s g 1-0",
            "XCLAIM s g c 0 1-0 TIME 1000 RETRYCOUNT 3 FORCE JUSTID",
            "XREADGROUP GROUP g d STREAMS s 0",
        ]
    );
    assert_eq!(losses, [(LossKind::StreamCounters, 1), (LossKind::EntriesRead, 1)]);
}

#[test]
fn a_stream_in_chunks_is_held_until_it_is_whole() {
    let records = [EXPIRES, &stream()];
    for size in [1, 50] {
        let chunks = Options::default().whole_value_limit(0).chunk_size(size);
        let (text, losses) = rewrite(REDIS_7, RewriteOptions::default(), chunks, &records);
        assert_eq!(text.lines().collect::<Vec<_>>(), WHOLE);
        assert_eq!(losses, []);
    }
}

#[test]
fn a_stream_that_is_too_large_to_be_held_goes_on_in_chunks() {
    let chunks = Options::default().whole_value_limit(0).chunk_size(1);
    let held = |bytes| RewriteOptions::default().max_gathered(bytes);
    let most = RewriteOptions::default();
    let limits =
        [held(0), held(30), held(stream().len() - 4), most.clone().max_output(1000), most.max_gathered_output(500)];
    for options in limits {
        let (text, losses) = rewrite(REDIS_7, options, chunks.clone(), &[EXPIRES, &stream()]);
        assert_eq!(text.lines().collect::<Vec<_>>(), IN_CHUNKS);
        assert_eq!(losses, [(LossKind::DanglingPending, 1)]);
    }
    let (text, losses) = rewrite(REDIS_7, held(stream().len() - 3), chunks, &[EXPIRES, &stream()]);
    assert_eq!((text.lines().count(), losses), (WHOLE.len(), vec![]));
}

#[test]
fn a_stream_that_no_server_has_is_an_error() {
    let no_fields: &[u8] = b"\x01\x01\x00\x01\x00\x01\x00\x01\x02\x01\x00\x01\x01\x01\x03\x01\xff";
    let twice: &[u8] = b"\x02\x01\x00\x01\x00\x01\x00\x01\x00\x01\x00\x01\x00\x01\x01\x01\x81f\x02\x81v\x02\x06\x01\
        \x00\x01\x00\x01\x00\x01\x01\x01\x81f\x02\x81v\x02\x06\x01\xff";
    let once: &[u8] = b"\x01\x01\x00\x01\x00\x01\x00\x01\x00\x01\x00\x01\x00\x01\x01\x01\x81f\x02\x81v\x02\x06\x01\xff";
    // Length, last, first and highest deleted ID, entries added, no groups.
    let good = b"\x01\x05\x05\x01\x00\x00\x00\x01\x00".as_slice();
    check(
        REDIS_7,
        RewriteOptions::default(),
        &[&of(once, good)],
        &["XADD s 1-0 f v", "XSETID s 5-5 ENTRIESADDED 1 MAXDELETEDID 0-0"],
    );
    let many = b"\x81\x80\0\0\0\0\0\0\0";
    let group = [b"\x01\x05\x05\x01\x00\x00\x00\x01\x01\x01g\x00\x00".as_slice(), many, b"\x00\x00"].concat();
    let mut delivered = stream();
    let count = delivered.windows(9).position(|window| window == b"\xe8\x03\0\0\0\0\0\0\x03").unwrap() + 8;
    delivered.splice(count..=count, many.iter().copied());
    for record in [
        of(no_fields, good),
        of(twice, b"\x02\x05\x05\x01\x00\x00\x00\x02\x00"),
        of(once, b"\x01\x00\x05\x01\x00\x00\x00\x01\x00"),
        of(once, b"\x01\x05\x05\x01\x00\x05\x06\x01\x00"),
        of(once, b"\x01\x05\x05\x01\x00\x00\x00\x00\x00"),
        of(once, &[b"\x01\x05\x05\x01\x00\x00\x00".as_slice(), many, b"\x00"].concat()),
        of(once, &group),
        delivered,
    ] {
        check_failure(REDIS_7, Options::default(), &record, RewriteErrorKind::ImpossibleStream, "");
        let chunks = Options::default().whole_value_limit(0).chunk_size(5);
        check_failure(REDIS_7, chunks, &record, RewriteErrorKind::ImpossibleStream, "");
    }
}

/// A stream of one node, whose first ID is 1-0, and what is behind the nodes.
fn of(listpack: &[u8], rest: &[u8]) -> Vec<u8> {
    let id = [1_u64.to_be_bytes(), [0; 8]].concat();
    let len = u8::try_from(listpack.len() + 6).unwrap();
    let head = [&u32::from(len).to_le_bytes(), b"\xff\xff".as_slice()].concat();
    [b"\x13\x01s\x01\x10", id.as_slice(), &[len], &head, listpack, rest].concat()
}
