//! Commands on keys of any type, expiries, transactions and scripts.

use super::{ALL, Operation, op};
use crate::{cmd, load::script::Script};

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = expiries();
    operations.extend(keys());
    operations.extend(groups());
    operations
}

fn expiries() -> Vec<Operation> {
    vec![
        op("EXPIRE", ALL, |s| vec![cmd("EXPIRE").arg(s.any("hash")).arg(s.long_ms() / 1_000)]),
        op("PEXPIRE", ALL, |s| vec![cmd("PEXPIRE").arg(s.any("list")).arg(s.long_ms())]),
        op("EXPIREAT", ALL, |s| vec![cmd("EXPIREAT").arg(s.any("zset")).arg(FAR_FUTURE_MS / 1_000 + s.number(1_000))]),
        op("PEXPIREAT", ALL, |s| vec![cmd("PEXPIREAT").arg(s.any("set")).arg(FAR_FUTURE_MS + s.number(1_000))]),
        op("EXPIRE NX", 700, |s| vec![cmd("EXPIRE").arg(s.any("str")).arg(s.long_ms() / 1_000).arg("NX")]),
        op("EXPIRE GT", 700, |s| vec![cmd("EXPIRE").arg(s.any("str")).arg(s.long_ms() / 1_000).arg("GT")]),
        op("EXPIRE in the past", ALL, |s| {
            let key = s.fresh("str");
            vec![cmd("SET").arg(&key).arg(s.text()), cmd("EXPIRE").arg(key).arg("-1")]
        }),
        op("PERSIST", ALL, |s| vec![cmd("PERSIST").arg(s.any("hash"))]),
        // Expires soon, and nothing touches it ever again.
        op("SET, soon expired", ALL, |s| {
            vec![cmd("SET").arg(s.fresh("brief")).arg(s.text()).arg("PX").arg(200 + s.number(3_000))]
        }),
    ]
}

fn keys() -> Vec<Operation> {
    vec![
        op("DEL", ALL, |s| vec![cmd("DEL").arg(s.any("list")).arg(s.any("str"))]),
        op("UNLINK", ALL, |s| vec![cmd("UNLINK").arg(s.any("hash"))]),
        op("RENAME", ALL, |s| {
            let key = s.fresh("str");
            vec![cmd("SET").arg(&key).arg(s.text()), cmd("RENAME").arg(key).arg(s.any("str"))]
        }),
        op("RENAMENX", ALL, |s| {
            let key = s.fresh("list");
            vec![cmd("RPUSH").arg(&key).arg(s.text()), cmd("RENAMENX").arg(key).arg(s.any("list"))]
        }),
        op("COPY", 602, |s| vec![cmd("COPY").arg(s.any("zset")).arg(s.fresh("zset"))]),
        op("COPY REPLACE", 602, |s| {
            let (from, to) = (s.key(":hash:0"), s.key(":hash:1"));
            vec![cmd("COPY").arg(from).arg(to).arg("REPLACE")]
        }),
        op("SORT STORE", ALL, |s| {
            vec![cmd("SORT").arg(s.any("list")).args(["ALPHA", "LIMIT", "0", "20", "STORE"]).arg(s.any("sorted"))]
        }),
        op("RESTORE", ALL, |s| vec![cmd("RESTORE").arg(s.any("restored")).arg("0").arg(DUMPED).arg("REPLACE")]),
        op("RESTORE with expiry", ALL, |s| {
            vec![cmd("RESTORE").arg(s.any("restored")).arg(s.long_ms()).arg(DUMPED).arg("REPLACE")]
        }),
    ]
}

fn groups() -> Vec<Operation> {
    vec![
        op("MULTI", ALL, |s| {
            let incr = cmd("INCR").arg(s.any("int"));
            let push = cmd("RPUSH").arg(s.any("list")).arg(s.text());
            let set = cmd("HSET").arg(s.any("hash")).arg(s.member()).arg(s.text());
            Script::transaction([incr, push, set])
        }),
        op("MULTI of one", ALL, |s| Script::transaction([cmd("INCR").arg(s.any("int"))])),
        op("MULTI, many", ALL, |s| {
            let key = s.any("int");
            Script::transaction((0..10).map(|_| cmd("INCR").arg(&key)))
        }),
        op("EVAL", ALL, |s| {
            let script = "redis.call('INCR', KEYS[1]); return redis.call('SADD', KEYS[2], ARGV[1])";
            vec![cmd("EVAL").arg(script).arg(2).arg(s.any("int")).arg(s.any("set")).arg(s.member())]
        }),
        op("EVAL of one", ALL, |s| {
            vec![cmd("EVAL").arg("return redis.call('SET', KEYS[1], ARGV[1])").arg(1).arg(s.any("str")).arg(s.text())]
        }),
    ]
}

/// Some time in the year 2100.
const FAR_FUTURE_MS: u64 = 4_110_000_000_000;

/// `DUMP` of the string "restored value", in the oldest version in use (RDB 9), which every server loads.
const DUMPED: &[u8] = b"\x00\x0erestored value\t\x00 `T\xd8\xf4\xc8\xf17";
