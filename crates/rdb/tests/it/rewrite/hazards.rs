//! Values that are easily got wrong, made on real servers.

use rdb::{LossKind, Losses, Options, RewriteOptions, Target};
use testbed::{Conn, Server, cmd};

use super::contents;
use super::transfer::{check, check_chunks, check_gathered, load, save, start};

/// A server with the values that these commands make; lines that start with a version are for servers from that on.
pub(super) fn source(name: &str, scripts: &[&str]) -> Server {
    let server = start(name);
    let mut conn = server.conn().unwrap();
    for line in scripts.iter().flat_map(|script| script.lines()) {
        run_line(&mut conn, line.trim(), name.parse().unwrap());
    }
    server
}

fn run_line(conn: &mut Conn, line: &str, version: Target) {
    let command = match line.strip_prefix("7.0:") {
        Some(_) if !version.has_stream_counters() => return,
        Some(command) => command,
        None => line,
    };
    if !command.is_empty() {
        conn.call(command).unwrap();
    }
}

/// Pending entries that were deleted, in the middle, at the end, or trimmed; alone or beside others.
const DANGLING: &str = "
    XADD deleted 1-1 a 1
    XADD deleted 2-1 a 2
    XADD deleted 3-1 a 3
    XADD deleted 4-1 a 4
    XADD deleted 5-1 a 5
    XGROUP CREATE deleted g 0
    XGROUP CREATE deleted other 2-1
    XREADGROUP GROUP g alice COUNT 2 STREAMS deleted >
    XREADGROUP GROUP g bob STREAMS deleted >
    XREADGROUP GROUP other alice STREAMS deleted >
    XDEL deleted 1-1 3-1 5-1
    XADD trimmed 1-1 a 1
    XADD trimmed 1-2 a 2
    XADD trimmed 3-1 a 3
    XGROUP CREATE trimmed g 0
    XREADGROUP GROUP g alice STREAMS trimmed >
    XTRIM trimmed MAXLEN 1
    XADD both 1-1 a 1
    XADD both 2-1 a 2
    XADD both 3-1 a 3
    XADD both 4-1 a 4
    XGROUP CREATE both g 0
    XREADGROUP GROUP g alice STREAMS both >
    XTRIM both MAXLEN 3
    XDEL both 3-1
    XADD emptied 1-1 a 1
    XADD emptied 2-1 a 1
    XGROUP CREATE emptied g 0
    XREADGROUP GROUP g alice STREAMS emptied >
    XDEL emptied 1-1 2-1
    XADD trimmed:empty 1-1 a 1
    XADD trimmed:empty 2-1 a 1
    XGROUP CREATE trimmed:empty g 0
    XREADGROUP GROUP g alice STREAMS trimmed:empty >
    XTRIM trimmed:empty MAXLEN 0
    XADD later 1-1 a 1
    XGROUP CREATE later g 0
    XREADGROUP GROUP g alice STREAMS later >
    XDEL later 1-1
    XADD later 9-9 a 9
    XDEL later 9-9
    XSETID later 20-20
";

/// Streams without entries, counters that do not follow from what is there, consumers without anything.
const COUNTERS: &str = "
    XGROUP CREATE never g 0 MKSTREAM
    XGROUP CREATE gone g 0 MKSTREAM
    XGROUP DESTROY gone g
    XGROUP CREATE ahead g 7-7 MKSTREAM
    XADD used 5-5 a b
    XDEL used 5-5
    XADD used:trimmed 5-5 a b
    XTRIM used:trimmed MAXLEN 0
    XADD set 1-1 a b
    XADD set 2-1 a b
    XADD set 3-1 a b
    XDEL set 2-1
    7.0: XSETID set 9-9 ENTRIESADDED 100 MAXDELETEDID 8-8
    XGROUP CREATE set start 0
    XGROUP CREATE set end $
    XGROUP CREATE set gap 0
    XGROUP SETID set gap 2-1
    7.0: XGROUP CREATE set read 1-1 ENTRIESREAD 98
    7.0: XGROUP SETID set end 3-1 ENTRIESREAD 99
    XREADGROUP GROUP start alice COUNT 1 STREAMS set >
    XREADGROUP GROUP start alice COUNT 1 STREAMS set 0
    XREADGROUP GROUP start bob COUNT 1 STREAMS set >
    XREADGROUP GROUP start idle STREAMS set 0
    XREADGROUP GROUP end idle STREAMS set 0
    XCLAIM set start bob 0 1-1 TIME 1700000000001 RETRYCOUNT 17 FORCE JUSTID
    XCLAIM set start carol 0 3-1 TIME 1700000000002 RETRYCOUNT 0 FORCE JUSTID
    XACK set start 3-1
    XGROUP CREATE set many 0
    XCLAIM set many a 0 1-1 3-1 TIME 1700000000001 RETRYCOUNT 1 FORCE JUSTID
    XADD expiring 1-1 a b
    PEXPIREAT expiring 4102444800000
";

const SERVERS: [&str; 4] = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-9.1"];

#[test]
fn streams_come_back_on_every_server() {
    for source_name in SERVERS {
        let file = save(&source(source_name, &[DANGLING, COUNTERS]));
        for target in SERVERS {
            let losses = check(source_name, &file, target, RewriteOptions::default());
            if source_name != "redis-6.0" && target == "redis-6.0" {
                let kinds: Vec<_> = losses.iter().map(|(kind, _)| kind).collect();
                assert_eq!(kinds, [LossKind::StreamCounters, LossKind::EntriesRead]);
            } else {
                assert_eq!(losses, Losses::default(), "{source_name} to {target}");
            }
        }
    }
}

#[test]
fn streams_in_chunks_lose_only_what_is_pending_without_an_entry_if_they_are_not_held() {
    let chunks = Options::default().whole_value_limit(0).chunk_size(50);
    for name in SERVERS {
        let file = save(&source(name, &[COUNTERS]));
        let losses = check_chunks(name, &file, chunks.clone(), name, RewriteOptions::default().max_elements(1));
        assert_eq!(losses, Losses::default(), "{name}");
        let file = save(&source(name, &[DANGLING]));
        let losses = check_chunks(name, &file, chunks.clone(), name, RewriteOptions::default());
        assert_eq!(losses.iter().collect::<Vec<_>>(), [(LossKind::DanglingPending, 14)], "{name}");
        assert_eq!(check_gathered(name, &file, chunks.clone(), name), Losses::default(), "{name}");
    }
}

#[test]
fn scores_keep_every_bit_in_sets_of_any_size() {
    let scores = ["0.30000000000000004", "1e300", "-1.7976931348623157e308", "5e-324", "-2.2250738585072009e-308"];
    let more = ["-0", "0", "inf", "-inf", "1", "3.0000000000000004", "9007199254740993", "-1e-7", "123456789.125"];
    let server = start("redis-7.0");
    let mut conn = server.conn().unwrap();
    for (index, score) in scores.iter().chain(&more).enumerate() {
        conn.call(cmd("ZADD").arg("few").arg(*score).arg(format!("member {index}"))).unwrap();
        conn.call(cmd("ZADD").arg("many").arg(*score).arg(format!("member {index}"))).unwrap();
    }
    for index in 0..1000_u32 {
        let score = (f64::from(index) + 0.1).sin() * 10_f64.powi(i32::try_from(index).unwrap() % 600 - 300);
        conn.call(cmd("ZADD").arg("many").arg(format!("{score:e}")).arg(format!("more {index}"))).unwrap();
    }
    let file = save(&server);
    for target in ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-9.1"] {
        assert!(check("scores", &file, target, RewriteOptions::default()).is_empty());
    }
}

#[test]
fn fields_expire_where_they_can() {
    for source_name in ["redis-8.0", "valkey-9.1"] {
        let server = source(
            source_name,
            &["HSET small a 1 b 2 c 3 d 4
            HPEXPIREAT small 4102444800000 FIELDS 2 a c
            HPEXPIREAT small 4102444800001 FIELDS 1 d
            HSET late a 1
            HPEXPIREAT late 70368744177663 FIELDS 1 a
            PEXPIREAT late 80368744177663"],
        );
        let mut conn = server.conn().unwrap();
        for index in 0..2000 {
            conn.call(cmd("HSET").arg("large").arg(format!("field {index}")).arg("v")).unwrap();
            if index % 3 > 0 {
                let at = format!("{}", 4_102_444_800_000_u64 + index % 7);
                let command = cmd("HPEXPIREAT").arg("large").arg(at).args(["FIELDS", "1"]);
                conn.call(command.arg(format!("field {index}"))).unwrap();
            }
        }
        let file = save(&server);
        for target in ["redis-8.0", "valkey-9.1"] {
            assert!(check(source_name, &file, target, RewriteOptions::default()).is_empty());
            let chunks = Options::default().whole_value_limit(100).chunk_size(1000);
            assert!(check_chunks(source_name, &file, chunks, target, RewriteOptions::default()).is_empty());
        }
        let losses = check(source_name, &file, "redis-7.0", RewriteOptions::default());
        assert_eq!(losses.iter().collect::<Vec<_>>(), [(LossKind::FieldExpiry, 4 + 1333)]);
    }
}

#[test]
fn a_time_that_redis_does_not_take_is_a_loss() {
    let server = source("valkey-9.1", &["HSET h a 1 b 2\nHPEXPIREAT h 70368744177664 FIELDS 1 a"]);
    let target = start("redis-8.0");
    let losses = load(&save(&server), Options::default(), &target, "redis-8.0", RewriteOptions::default());
    assert_eq!(losses.iter().collect::<Vec<_>>(), [(LossKind::FieldExpiry, 1)]);
    assert_eq!(target.conn().unwrap().call("HLEN h").unwrap().integer(), Some(2));
}

#[test]
fn what_has_expired_is_gone() {
    let server = start("redis-8.0");
    let mut conn = server.conn().unwrap();
    for line in ["DEBUG SET-ACTIVE-EXPIRE 0", "SET string v", "RPUSH list v", "HSET hash f v", "HSET field f v g w"] {
        conn.call(line).ok();
    }
    let file = contents_with_past_expiry(&save(&server));
    for name in ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-9.1"] {
        let target = start(name);
        load(&file, Options::default(), &target, name, RewriteOptions::default());
        // What is only found expired when it is asked for is not counted here.
        assert_eq!(target.conn().unwrap().call("KEYS *").unwrap().items(), [], "{name}");
    }
}

/// The keys of a snapshot, each with an expiry that has passed, as a snapshot.
fn contents_with_past_expiry(file: &[u8]) -> Vec<u8> {
    let mut decoder = rdb::Decoder::new(Options::default());
    let mut records = vec![b"\xfe\x00".to_vec()];
    decoder.feed(file);
    let mut times = [-5_i64, 0, 1, 1_000_000].into_iter().cycle();
    while let Some(item) = decoder.next_item().unwrap() {
        let rdb::Item::Entry(entry) = item else { continue };
        let mut record = vec![0xfc];
        record.extend_from_slice(&times.next().unwrap().to_le_bytes());
        record.push(entry.key.value_type.code());
        record.push(u8::try_from(entry.key.name.len()).unwrap());
        record.extend_from_slice(entry.key.name);
        record.extend_from_slice(entry.value.bytes());
        records.push(record);
    }
    crate::file::build("REDIS0012", &records.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn huge_values_go_in_commands_of_bounded_size() {
    let server = start("redis-8.0");
    let mut conn = server.conn().unwrap();
    for start in (0..30_000).step_by(1000) {
        let indexes = || (start..start + 1000).map(|index| format!("{index}:{}", "x".repeat(index % 50)));
        conn.call(cmd("RPUSH").arg("list").args(indexes())).unwrap();
        conn.call(cmd("HSET").arg("hash").args(indexes().flat_map(|field| [field.clone(), field]))).unwrap();
        conn.call(cmd("SADD").arg("set\r\n\0\u{ff}").args(indexes())).unwrap();
    }
    conn.call(cmd("SET").arg("text").arg("0123456789".repeat(100_000))).unwrap();
    conn.call(
        cmd("SET")
            .arg("noise")
            .arg((0..400_000_u32).map(|n| (n.wrapping_mul(n) >> 7).to_le_bytes()[0]).collect::<Vec<_>>()),
    )
    .unwrap();
    for key in ["list", "hash", "text", "noise"] {
        conn.call(cmd("PEXPIREAT").arg(key).arg("4102444800000")).unwrap();
    }
    let file = save(&server);
    let chunks = Options::default().whole_value_limit(10_000).chunk_size(30_000);
    for target in ["redis-6.0", "redis-8.0", "valkey-9.1"] {
        assert!(check_chunks("huge", &file, chunks.clone(), target, RewriteOptions::default()).is_empty());
    }
}

#[test]
fn replacing_removes_what_was_there() {
    let server = source("redis-7.0", &["RPUSH k a b\nXADD s 5-5 a b\nSET t v"]);
    let target = source("redis-7.0", &["RPUSH k z\nXADD s 9-9 a b\nRPUSH t v"]);
    load(&save(&server), Options::default(), &target, "redis-7.0", RewriteOptions::default().replace(true));
    assert_eq!(contents::read(&save(&target)), contents::read(&save(&server)));
}
