//! Lists, sets and hashes.

use super::{ALL, FIELD_EXPIRY, Operation, op};
use crate::cmd;

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = lists();
    operations.extend(sets());
    operations.extend(hashes());
    operations.extend(fields_with_expiry());
    operations
}

/// Members come from a small range, so that commands which look for one find it.
fn lists() -> Vec<Operation> {
    vec![
        op("RPUSH", ALL, |s| vec![cmd("RPUSH").arg(s.any("list")).arg(s.member()).arg(s.text()).arg(s.member())]),
        op("LPUSH", ALL, |s| vec![cmd("LPUSH").arg(s.any("list")).arg(s.member())]),
        op("RPUSHX", ALL, |s| vec![cmd("RPUSHX").arg(s.any("list")).arg(s.text())]),
        op("LPUSHX", ALL, |s| vec![cmd("LPUSHX").arg(s.any("list")).arg(s.number(1_000))]),
        op("LPOP", ALL, |s| vec![cmd("LPOP").arg(s.any("list"))]),
        op("RPOP", ALL, |s| vec![cmd("RPOP").arg(s.any("list"))]),
        op("LPOP count", 602, |s| vec![cmd("LPOP").arg(s.any("list")).arg(2)]),
        op("LMPOP", 700, |s| vec![cmd("LMPOP 2").arg(s.any("list")).arg(s.any("list")).arg("RIGHT")]),
        op("LINSERT", ALL, |s| vec![cmd("LINSERT").arg(s.any("list")).arg("BEFORE").arg(s.member()).arg(s.text())]),
        op("LREM", ALL, |s| vec![cmd("LREM").arg(s.any("list")).arg(1).arg(s.member())]),
        op("LSET", ALL, |s| {
            let key = s.any("list");
            vec![cmd("RPUSH").arg(&key).arg(s.text()), cmd("LSET").arg(key).arg("-1").arg(s.text())]
        }),
        op("LTRIM", ALL, |s| vec![cmd("LTRIM").arg(s.any("list")).arg(0).arg(40)]),
        op("LMOVE", 602, |s| vec![cmd("LMOVE").arg(s.any("list")).arg(s.any("list")).args(["LEFT", "RIGHT"])]),
        op("RPOPLPUSH", ALL, |s| vec![cmd("RPOPLPUSH").arg(s.any("list")).arg(s.any("list"))]),
        op("BLPOP", ALL, |s| {
            // What it waits for is pushed just before: it must not block the connection.
            let key = s.any("list");
            vec![cmd("RPUSH").arg(&key).arg(s.text()), cmd("BLPOP").arg(key).arg(1)]
        }),
    ]
}

fn sets() -> Vec<Operation> {
    vec![
        op("SADD", ALL, |s| vec![cmd("SADD").arg(s.any("set")).arg(s.member()).arg(s.member())]),
        op("SADD integers", ALL, |s| vec![cmd("SADD").arg(s.any("set")).arg(s.number(500))]),
        op("SREM", ALL, |s| vec![cmd("SREM").arg(s.any("set")).arg(s.member()).arg(s.number(500))]),
        op("SPOP", ALL, |s| vec![cmd("SPOP").arg(s.any("set"))]),
        op("SPOP count", ALL, |s| vec![cmd("SPOP").arg(s.any("set")).arg(3)]),
        op("SMOVE", ALL, |s| vec![cmd("SMOVE").arg(s.any("set")).arg(s.any("set")).arg(s.member())]),
        op("SUNIONSTORE", ALL, |s| vec![cmd("SUNIONSTORE").arg(s.any("set")).arg(s.any("set")).arg(s.any("set"))]),
        op("SINTERSTORE", ALL, |s| vec![cmd("SINTERSTORE").arg(s.fresh("set")).arg(s.any("set")).arg(s.any("set"))]),
        op("SDIFFSTORE", ALL, |s| vec![cmd("SDIFFSTORE").arg(s.any("set")).arg(s.any("set")).arg(s.any("set"))]),
    ]
}

fn hashes() -> Vec<Operation> {
    vec![
        op("HSET", ALL, |s| {
            vec![cmd("HSET").arg(s.any("hash")).arg(s.member()).arg(s.text()).arg(s.member()).arg(s.text())]
        }),
        op("HMSET", ALL, |s| vec![cmd("HMSET").arg(s.any("hash")).arg(s.member()).arg(s.text())]),
        op("HSETNX", ALL, |s| vec![cmd("HSETNX").arg(s.any("hash")).arg(s.member()).arg(s.text())]),
        op("HDEL", ALL, |s| vec![cmd("HDEL").arg(s.any("hash")).arg(s.member()).arg(s.member())]),
        op("HINCRBY", ALL, |s| vec![cmd("HINCRBY").arg(s.any("hash")).arg("count").arg(s.number(100))]),
        op("HINCRBYFLOAT", ALL, |s| vec![cmd("HINCRBYFLOAT").arg(s.any("hash")).arg("float").arg("0.1")]),
    ]
}

fn fields_with_expiry() -> Vec<Operation> {
    vec![
        op("HEXPIRE", FIELD_EXPIRY, |s| {
            let expire = cmd("HEXPIRE").arg(s.any("hash")).arg(s.long_ms() / 1_000).args(["FIELDS", "2"]);
            vec![expire.arg(s.member()).arg(s.member())]
        }),
        op("HPEXPIRE", FIELD_EXPIRY, |s| {
            vec![cmd("HPEXPIRE").arg(s.any("hash")).arg(s.long_ms()).args(["FIELDS", "1"]).arg(s.member())]
        }),
        op("HEXPIRE in the past", FIELD_EXPIRY, |s| {
            vec![cmd("HEXPIRE").arg(s.any("hash")).args(["0", "FIELDS", "1"]).arg(s.member())]
        }),
        op("HPERSIST", FIELD_EXPIRY, |s| {
            vec![cmd("HPERSIST").arg(s.any("hash")).args(["FIELDS", "2"]).arg(s.member()).arg(s.member())]
        }),
        op("HSETEX", FIELD_EXPIRY, |s| {
            let set = cmd("HSETEX").arg(s.any("hash")).arg("PX").arg(s.long_ms()).args(["FIELDS", "1"]);
            vec![set.arg(s.member()).arg(s.text())]
        }),
        op("HGETEX", FIELD_EXPIRY, |s| {
            vec![cmd("HGETEX").arg(s.any("hash")).arg("PX").arg(s.long_ms()).args(["FIELDS", "1"]).arg(s.member())]
        }),
        // One field expires soon, and nothing touches the hash ever again.
        op("HPEXPIRE, soon expired", FIELD_EXPIRY, |s| {
            let key = s.fresh("hash");
            let set = cmd("HSET").arg(&key).arg("brief").arg(s.text()).arg("lasting").arg(s.text());
            vec![set, cmd("HPEXPIRE").arg(key).arg(200 + s.number(3_000)).args(["FIELDS", "1", "brief"])]
        }),
    ]
}
