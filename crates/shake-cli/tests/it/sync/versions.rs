//! Snapshots from every version into every other, also where the target cannot load what the source wrote.

use testbed::{Comparison, Conn, Dataset, Server, ServerSpec, cmd};

use super::keyspace;
use super::tool::{PATIENCE, Tool, config};

fn server(name: &str) -> Server {
    Server::start(ServerSpec::new(name)).unwrap()
}

fn has_field_expiry(conn: &mut Conn) -> bool {
    conn.call("COMMAND INFO HPEXPIRE").unwrap().items().first().is_some_and(|item| !item.items().is_empty())
}

/// What the data set has not: values that come in chunks, pending entries of deleted ones, scores and IDs at the edges.
fn fill_more(conn: &mut Conn) {
    let many = |name: &str, of: &dyn Fn(usize) -> Vec<String>| {
        let mut command = cmd(name).arg(format!("large:{name}"));
        for index in 0..20_000 {
            command = command.args(of(index));
        }
        command
    };
    let filler = |index: usize| format!("{index}:{}", "abcdefgh".repeat(8 + index % 5));
    conn.call(many("RPUSH", &|index| vec![filler(index)])).unwrap();
    conn.call(many("SADD", &|index| vec![filler(index)])).unwrap();
    conn.call(many("HSET", &|index| vec![index.to_string(), filler(index)])).unwrap();
    conn.call(many("ZADD", &|index| vec![format!("{}.1{index}", index % 700), filler(index)])).unwrap();
    conn.call("PEXPIREAT large:ZADD 4102444800123").unwrap();
    for index in 1..=4 {
        conn.call(cmd("XADD dangling").arg(format!("{index}-1")).arg("f").arg(index)).unwrap();
    }
    conn.call("XGROUP CREATE dangling g 0").unwrap();
    conn.call("XREADGROUP GROUP g alice COUNT 3 STREAMS dangling >").unwrap();
    conn.call("XDEL dangling 2-1").unwrap();
    conn.call("XADD empty 7-7 f v").unwrap();
    conn.call("XDEL empty 7-7").unwrap();
    conn.call("ZADD scores inf a -inf b 5e-324 c 0.1 d 1e17 e").unwrap();
    conn.call("SADD small a b 3").unwrap();
    conn.call("HSET small:hash a b").unwrap();
    conn.call("PEXPIREAT small:hash 4102444800456").unwrap();
}

/// Copies from one version into another, and compares everything.
fn copies(source: &str, target: &str, fields_expire: bool) {
    let (source, target) = (server(source), server(target));
    let mut conn = source.conn().unwrap();
    // Fields that expire only where the target can be told.
    let fields_expire = fields_expire && has_field_expiry(&mut conn);
    Dataset::new(11).keys(3_000).short_lived(false).field_expiry(fields_expire).fill(&source).unwrap();
    fill_more(&mut conn);
    let mut old = target.conn().unwrap();
    old.call("SET large:RPUSH old").unwrap();
    old.call("SADD small old").unwrap();
    let mut tool =
        Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), "backlog_memory = \"4mb\""));
    tool.wait_for_log("following the stream");
    let comparison = Comparison::default();
    comparison
        .wait_equal(source.addr(), target.addr(), PATIENCE)
        .unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    // Redis 6 has no counters in its streams, and the comparison knows that.
    let known = |line: &&str| line.contains("counters of streams") || line.contains("entries read by groups");
    let lost = tool.log().lines().filter(|line| line.contains("not carried over") && !known(line)).count();
    assert_eq!(lost, 0, "{}", tool.log());
    let left = keyspace::passing(&mut old);
    assert!(left.is_empty(), "{left:?}");
    tool.end();
}

#[test]
fn redis_8_into_redis_7() {
    copies("redis-8.0", "redis-7.0", false);
}

#[test]
fn redis_7_into_redis_6() {
    copies("redis-7.0", "redis-6.0", false);
}

#[test]
fn valkey_9_into_redis_8() {
    copies("valkey-9.1", "redis-8.0", true);
}

#[test]
#[ignore = "long: make test-long"]
fn redis_6_into_redis_7() {
    copies("redis-6.0", "redis-7.0", true);
}

#[test]
#[ignore = "long: make test-long"]
fn redis_8_into_valkey_8() {
    copies("redis-8.0", "valkey-8.1", false);
}

#[test]
#[ignore = "long: make test-long"]
fn redis_8_into_valkey_9() {
    copies("redis-8.0", "valkey-9.1", true);
}

#[test]
#[ignore = "long: make test-long"]
fn redis_8_into_redis_6() {
    copies("redis-8.0", "redis-6.0", false);
}

#[test]
#[ignore = "long: make test-long"]
fn valkey_9_into_valkey_8() {
    copies("valkey-9.1", "valkey-8.0", false);
}

#[test]
#[ignore = "long: make test-long"]
fn valkey_8_into_redis_7() {
    copies("valkey-8.1", "redis-7.0", true);
}

#[test]
#[ignore = "long: make test-long"]
fn redis_6_into_valkey_9() {
    copies("redis-6.0", "valkey-9.1", true);
}

#[test]
#[ignore = "long: make test-long"]
fn valkey_9_into_redis_6() {
    copies("valkey-9.1", "redis-6.0", false);
}

#[test]
fn fields_that_expire_stop_the_copy_where_they_cannot_or_are_counted() {
    let (source, target) = (server("redis-8.0"), server("redis-7.0"));
    let mut conn = source.conn().unwrap();
    conn.call("HSET h f v g w").unwrap();
    conn.call("HPEXPIRE h 3600000 FIELDS 1 f").unwrap();
    let settings = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let mut tool = Tool::start(&settings);
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    let log = tool.log();
    assert!(log.contains("redis-7.0 cannot be told the expiry of hash fields of key h (1 of them)"), "{log}");
    assert_eq!(target.conn().unwrap().call("EXISTS h").unwrap().integer(), Some(0));

    let mut tool = Tool::start(&settings.replace("[advanced]", "[sync]\non_loss = \"warn\"\n[advanced]"));
    tool.wait_for_log("following the stream");
    tool.wait_for_log("following,");
    assert!(tool.log().contains("expiry of hash fields"), "{}", tool.log());
    let values = target.conn().unwrap().call("HMGET h f g").unwrap();
    assert_eq!(values.items().iter().map(|value| value.text()).collect::<Vec<_>>(), ["v", "w"]);
    tool.end();
}

#[test]
fn keys_that_the_target_has_are_kept_or_reported_where_commands_make_them() {
    let source = server("redis-8.0");
    let mut conn = source.conn().unwrap();
    conn.call("SADD small new").unwrap();
    conn.call("SADD only here").unwrap();
    conn.call("PEXPIREAT only 4102444800456").unwrap();
    let run = |behavior: &str| {
        let target = server("redis-7.0");
        target.conn().unwrap().call("SADD small old").unwrap();
        let advanced = format!("rdb_restore_command_behavior = \"{behavior}\"");
        (Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), &advanced)), target)
    };
    let members = |target: &Server, key: &str| {
        let members = target.conn().unwrap().call(cmd("SMEMBERS").arg(key)).unwrap();
        members.items().iter().map(|member| member.text()).collect::<Vec<_>>()
    };

    let (mut tool, target) = run("skip");
    tool.wait_for_log("following the stream");
    tool.wait_for_log("following,");
    assert_eq!(
        (members(&target, "small"), members(&target, "only")),
        (vec!["old".to_owned()], vec!["here".to_owned()])
    );
    let expiry = target.conn().unwrap().call("PEXPIRETIME only").unwrap();
    assert_eq!(expiry.integer(), Some(4_102_444_800_456));
    assert!(keyspace::passing(&mut target.conn().unwrap()).is_empty());
    tool.end();

    let (mut tool, target) = run("panic");
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    let log = tool.log();
    assert!(log.contains("refused EXISTS small") && log.contains("BUSYKEY"), "{log}");
    assert_eq!(members(&target, "small"), ["old"]);
}

#[test]
fn payloads_in_the_stream_are_made_such_that_the_target_takes_them() {
    let (source, target) = (server("redis-8.0"), server("redis-7.0"));
    let mut conn = source.conn().unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), ""));
    tool.wait_for_log("following the stream");
    fill_more(&mut conn);
    for key in ["small", "scores", "dangling", "empty", "small:hash", "large:SADD", "large:HSET", "large:ZADD"] {
        let payload = conn.call(cmd("DUMP").arg(key)).unwrap();
        let restore = |name: &str| cmd("RESTORE").arg(format!("{name}:{key}")).arg("0").arg(payload.bytes().unwrap());
        conn.call(restore("alone")).unwrap();
        conn.call(cmd("RESTORE").arg(format!("timed:{key}")).arg("7200000").arg(payload.bytes().unwrap())).unwrap();
        conn.pipeline(&[
            "MULTI".into(),
            restore("among"),
            cmd("SET").arg(format!("with:{key}")).arg("x"),
            "EXEC".into(),
        ])
        .unwrap();
    }
    Comparison::default()
        .wait_equal(source.addr(), target.addr(), PATIENCE)
        .unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

/// A payload may be signed with a version that does not have its type, and servers take that. Nothing about it tells
/// that an older target does not.
#[test]
fn a_payload_that_is_refused_all_the_same_becomes_commands() {
    let (source, target) = (server("redis-8.0"), server("redis-7.0"));
    let mut conn = source.conn().unwrap();
    let mut tool = Tool::start(&config(("standalone", source.addr()), ("standalone", target.addr()), ""));
    tool.wait_for_log("following the stream");
    // Small sets have a type of their own since Redis 7.2; this one is signed by Redis 6.
    let body = b"\x14\x0d\x0d\0\0\0\x02\0\x81a\x02\x81b\x02\xff\x09\x00";
    let payload = [&body[..], &crc64(body).to_le_bytes()].concat();
    for key in 0..50 {
        conn.call(cmd("SET").arg(format!("k{key}")).arg("before")).unwrap();
        conn.call(cmd("RESTORE").arg(format!("k{key}")).arg("7200000").arg(&payload).arg("REPLACE")).unwrap();
        conn.call(cmd("SADD").arg(format!("k{key}")).arg("c")).unwrap();
    }
    Comparison::default()
        .wait_equal(source.addr(), target.addr(), PATIENCE)
        .unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

/// CRC-64 of Redis, bit by bit.
fn crc64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(
            crc ^ u64::from(byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x95AC_9329_AC4B_C9B5 } else { crc >> 1 },
        )
    })
}
