//! The comparison: equal data is equal, and every planted difference is found.

use std::time::Duration;

use testbed::{
    Cluster, ClusterSpec, Command, Comparison, Dataset, Error, Router, Server, ServerSpec, Unit, cmd, compare,
    wait_equal,
};

use crate::OLD;

/// One key of every type on both sides, made by the same commands, with what the dump cannot hold made equal.
const SAMPLE: &[&str] = &[
    "SET string value",
    "RPUSH list a b c",
    "SADD set a b c",
    "ZADD zset 0.1 a 2 b",
    "HSET hash a 1 b 2",
    "XADD stream 5-1 field value",
    "XADD stream 6-1 field value",
    "XGROUP CREATE stream group 0",
    "XCLAIM stream group alice 0 5-1 TIME 1700000000000 RETRYCOUNT 3 FORCE JUSTID",
    "PFADD hll a b c",
    "GEOADD geo 13 52 berlin",
    "SETBIT bitmap 100 1",
    "SET expiring value",
    "PEXPIREAT expiring 4110000000000",
];

/// What is done to the second side, the key that differs then, and a word of the message.
const PLANTED: &[(&str, &str, &str)] = &[
    ("SET string other", "string", "other"),
    ("LSET list 1 x", "list", "part 1"),
    ("RPUSH list d", "list", "3 parts against 4"),
    ("SADD set d", "set", "against d"),
    ("ZADD zset 0.10000000000000002 a", "zset", "0.10000000000000002"),
    ("HSET hash a 3", "hash", "a 1 against a 3"),
    ("XADD stream 7-1 field value", "stream", "stream"),
    ("XDEL stream 6-1", "stream", "stream"),
    ("XGROUP CREATE stream another 0", "stream", "another"),
    ("XGROUP CREATECONSUMER stream group bob", "stream", "bob"),
    ("XACK stream group 5-1", "stream", "5-1 alice"),
    ("XCLAIM stream group alice 0 5-1 TIME 1700000000001 RETRYCOUNT 3 FORCE JUSTID", "stream", "1700000000001"),
    ("XCLAIM stream group alice 0 5-1 TIME 1700000000000 RETRYCOUNT 4 FORCE JUSTID", "stream", "alice 1700000000000 4"),
    ("XSETID stream 6-1 ENTRIESADDED 9 MAXDELETEDID 0-0", "stream", "entries-added 9"),
    ("XSETID stream 6-1 ENTRIESADDED 2 MAXDELETEDID 1-1", "stream", "max-deleted-entry-id 1-1"),
    ("XSETID stream 9-9", "stream", "last-generated-id 9-9"),
    ("XGROUP SETID stream group 5-1", "stream", "5-1"),
    ("PFADD hll d", "hll", "string"),
    ("GEOADD geo 13.1 52 berlin", "geo", "zset"),
    ("SETBIT bitmap 7 1", "bitmap", "string"),
    ("PEXPIREAT expiring 4110000000001", "expiring", "4110000000000 ms against 4110000000001 ms"),
    ("PERSIST expiring", "expiring", "against never"),
    ("PEXPIREAT string 4110000000000", "string", "never against"),
    ("DEL hash", "hash", "missing (hash)"),
    ("SET further value", "further", "extra (string)"),
];

#[test]
fn every_planted_difference_is_found() -> Result<(), Error> {
    let (a, b) = (Server::start(ServerSpec::new(OLD))?, Server::start(ServerSpec::new(OLD))?);
    let sample: Vec<Command> = SAMPLE.iter().map(|line| (*line).into()).collect();
    for (change, key, words) in PLANTED {
        for server in [&a, &b] {
            let mut conn = server.conn()?;
            conn.call("FLUSHALL")?;
            assert!(conn.pipeline(&sample)?.iter().all(|reply| reply.error().is_none()));
        }
        let before = compare(&a, &b)?;
        assert!(before.is_equal(), "before `{change}`: {before}");
        assert_eq!(before.keys, 10);

        b.conn()?.call(*change)?;
        let diff = compare(&a, &b)?;
        assert_eq!(diff.total(), 1, "after `{change}`: {diff}");
        assert_eq!(diff.examples[0].key, key.as_bytes(), "after `{change}`");
        assert!(diff.to_string().contains(words), "after `{change}`: {diff}");
    }
    Ok(())
}

/// A group's count of entries read is not in the stream of redis 7.0, but in its snapshots.
#[test]
fn what_only_snapshots_tell() -> Result<(), Error> {
    let (a, b) = (Server::start(ServerSpec::new(OLD))?, Server::start(ServerSpec::new(OLD))?);
    for (server, read) in [(&a, "1"), (&b, "2")] {
        let mut conn = server.conn()?;
        for key in ["data:1", "other"] {
            conn.call(cmd("XADD").arg(key).args(["5-1", "field", "value"]))?;
            conn.call(cmd("XGROUP CREATE").arg(key).args(["group", "5-1", "ENTRIESREAD", read]))?;
        }
    }
    assert!(compare(&a, &b)?.is_equal());
    let diff = Comparison::default().of_snapshots().only_prefix("data:").run(&a, &b)?;
    assert_eq!((diff.keys, diff.different), (1, 1), "{diff}");
    assert!(diff.to_string().contains("entries-read 1"), "{diff}");
    Ok(())
}

#[test]
fn functions_belong_on_every_primary() -> Result<(), Error> {
    let a = Cluster::start(ClusterSpec::new(OLD).primaries(2).replicas(0))?;
    let b = Cluster::start(ClusterSpec::new("valkey-8.1").primaries(2).replicas(0))?;
    let load = |cluster: &Cluster, node: usize, result: u32| {
        let code = format!("#!lua name=lib\nredis.register_function('f', function() return {result} end)");
        cluster.conn(node)?.call(["FUNCTION", "LOAD", "REPLACE", &code])
    };
    load(&a, 1, 1)?;
    let missing = compare(&a, &b)?;
    assert_eq!((missing.keys, missing.missing), (0, 1), "{missing}");
    load(&b, 0, 1)?;
    let partly = compare(&a, &b)?;
    assert!(partly.to_string().contains("lib: missing on a primary"), "{partly}");
    load(&b, 1, 2)?;
    let other = compare(&a, &b)?;
    assert!(other.different == 1 && other.to_string().contains("other code"), "{other}");
    load(&b, 1, 1)?;
    assert!(compare(&a, &b)?.is_equal());
    a.conn(1)?.call("FUNCTION FLUSH")?;
    let extra = compare(&a, &b)?;
    assert_eq!((extra.total(), extra.extra), (1, 1), "{extra}");
    Ok(())
}

#[test]
fn another_type_and_another_encoding() -> Result<(), Error> {
    let (a, b) = (Server::start(ServerSpec::new(OLD))?, Server::start(ServerSpec::new("valkey-9.1"))?);
    b.conn()?.call("CONFIG SET hash-max-listpack-entries 1")?;
    for command in ["HSET h a 1 b 2", "ZADD z 0.1 a 1e-9 b", "SADD s a b c", "SET shake:own 1"] {
        a.conn()?.call(command)?;
    }
    for command in ["HSET h b 2 a 1", "ZADD z 1e-9 b 0.1 a", "SADD s c b a", "RPUSH ignored:list a"] {
        b.conn()?.call(command)?;
    }
    assert_eq!(b.conn()?.call("OBJECT ENCODING h")?.text(), "hashtable");
    let comparison = Comparison::default().ignore_prefix("ignored:");
    let diff = comparison.run(&a, &b)?;
    assert!(diff.is_equal() && diff.keys == 3, "{diff}");

    b.conn()?.call("DEL h")?;
    b.conn()?.call("SET h text")?;
    let diff = comparison.run(&a, &b)?;
    assert_eq!((diff.missing, diff.extra, diff.different), (0, 0, 1));
    assert!(diff.to_string().contains("a hash became a string"), "{diff}");
    Ok(())
}

#[test]
fn a_copy_of_a_whole_cluster_is_equal() -> Result<(), Error> {
    let a = Cluster::start(ClusterSpec::new(OLD).replicas(0))?;
    let b = Cluster::start(ClusterSpec::new("valkey-8.1").primaries(2).replicas(0))?;
    Dataset::new(7).keys(3_000).fill(&a)?;
    let missing = compare(&a, &b)?;
    assert_eq!(missing.missing, missing.total());
    assert!(missing.keys > 2_900, "{missing}");

    copy(&a, &b)?;
    let diff = wait_equal(&a, &b, Duration::from_secs(20))?;
    assert!(diff.keys > 2_900, "{diff}");

    let mut router = Router::connect(&b)?;
    router.call("data:1", "DEL data:1")?;
    router.call("new", "SET new 1")?;
    let diff = compare(&a, &b)?;
    assert_eq!((diff.missing, diff.extra, diff.different), (1, 1, 0), "{diff}");
    let error = wait_equal(&a, &b, Duration::from_millis(1)).expect_err("they are not equal");
    assert!(error.to_string().contains("data:1: missing"), "{error}");
    Ok(())
}

#[test]
fn a_dataset_depends_on_its_seed_alone() -> Result<(), Error> {
    let servers: Vec<_> = (0..3).map(|_| Server::start(ServerSpec::new(OLD))).collect::<Result<_, _>>()?;
    for (server, seed) in servers.iter().zip([1, 1, 2]) {
        let filled = Dataset::new(seed).keys(400).short_lived(false).fill(server)?;
        assert_eq!(filled.keys, 400);
        assert_eq!(server.conn()?.call("DBSIZE")?.integer(), Some(400));
    }
    let comparison = Comparison::default().expiry_tolerance(Duration::from_secs(30));
    let same = comparison.run(&servers[0], &servers[1])?;
    // Only when an entry of a group was read is told by the clock.
    assert!(same.examples.iter().all(|difference| difference.what.starts_with("stream")), "{same}");
    assert!(same.total() <= 20, "{same}");
    assert!(comparison.run(&servers[0], &servers[2])?.total() > 300);
    Ok(())
}

/// Copies every key as a dump with its expiry.
fn copy(a: &Cluster, b: &Cluster) -> Result<(), Error> {
    let (from, mut to) = (Router::connect(a)?, Router::connect(b)?);
    for addr in from.primaries() {
        let mut conn = testbed::Conn::connect(addr)?;
        let keys = conn.call("KEYS *")?;
        for key in keys.items() {
            let key = key.bytes().unwrap();
            let dump = conn.call(cmd("DUMP").arg(key))?;
            let expiry = conn.call(cmd("PEXPIRETIME").arg(key))?.integer().unwrap();
            let Some(dump) = dump.bytes() else { continue };
            let restore = cmd("RESTORE").arg(key).arg(expiry.max(0)).arg(dump).args(["REPLACE", "ABSTTL"]);
            to.run(&[Unit::new(key, restore)])?;
        }
    }
    Ok(())
}
