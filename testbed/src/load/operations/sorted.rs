//! Sorted sets and places.

use super::{ALL, Operation, op};
use crate::{Command, cmd, load::script::Script};

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = zsets();
    operations.extend(places());
    operations
}

fn zsets() -> Vec<Operation> {
    vec![
        op("ZADD", ALL, |s| {
            vec![cmd("ZADD").arg(s.any("zset")).arg(s.score()).arg(s.member()).arg(s.score()).arg(s.member())]
        }),
        op("ZADD NX", ALL, |s| vec![zadd(s, &["NX"])]),
        op("ZADD XX CH", ALL, |s| vec![zadd(s, &["XX", "CH"])]),
        op("ZADD GT", 602, |s| vec![zadd(s, &["GT"])]),
        op("ZADD LT", 602, |s| vec![zadd(s, &["LT"])]),
        op("ZADD INCR", ALL, |s| vec![zadd(s, &["INCR"])]),
        op("ZINCRBY", ALL, |s| vec![cmd("ZINCRBY").arg(s.any("zset")).arg(s.score()).arg(s.member())]),
        op("ZREM", ALL, |s| vec![cmd("ZREM").arg(s.any("zset")).arg(s.member()).arg(s.member())]),
        op("ZPOPMIN", ALL, |s| vec![cmd("ZPOPMIN").arg(s.any("zset"))]),
        op("ZPOPMAX", ALL, |s| vec![cmd("ZPOPMAX").arg(s.any("zset")).arg(2)]),
        op("ZMPOP", 700, |s| vec![cmd("ZMPOP 2").arg(s.any("zset")).arg(s.any("zset")).arg("MAX")]),
        op("ZREMRANGEBYRANK", ALL, |s| vec![cmd("ZREMRANGEBYRANK").arg(s.any("zset")).arg("40").arg("-1")]),
        op("ZREMRANGEBYSCORE", ALL, |s| vec![cmd("ZREMRANGEBYSCORE").arg(s.any("zset")).arg("-inf").arg(s.number(20))]),
        op("ZREMRANGEBYLEX", ALL, |s| vec![cmd("ZREMRANGEBYLEX").arg(s.fresh("zset")).arg("[a").arg("[z")]),
        op("ZUNIONSTORE", ALL, |s| {
            let store = cmd("ZUNIONSTORE").arg(s.any("zset")).arg(2).arg(s.any("zset")).arg(s.any("zset"));
            vec![store.args(["WEIGHTS", "0.5", "0.25", "AGGREGATE", "MAX"])]
        }),
        op("ZINTERSTORE", ALL, |s| {
            vec![cmd("ZINTERSTORE").arg(s.any("zinter")).arg(2).arg(s.any("zset")).arg(s.any("zset"))]
        }),
        op("ZDIFFSTORE", 602, |s| {
            vec![cmd("ZDIFFSTORE").arg(s.any("zdiff")).arg(2).arg(s.any("zset")).arg(s.any("zset"))]
        }),
        op("ZRANGESTORE", 602, |s| vec![cmd("ZRANGESTORE").arg(s.any("zrange")).arg(s.any("zset")).arg(0).arg(10)]),
    ]
}

fn zadd(s: &mut Script, flags: &[&str]) -> Command {
    cmd("ZADD").arg(s.any("zset")).args(flags.iter().copied()).arg(s.score()).arg(s.member())
}

fn places() -> Vec<Operation> {
    vec![
        op("GEOADD", ALL, |s| {
            let (longitude, latitude) =
                (format!("13.{:06}", s.number(1_000_000)), format!("52.{:06}", s.number(1_000_000)));
            vec![cmd("GEOADD").arg(s.any("geo")).arg(longitude).arg(latitude).arg(s.member())]
        }),
        op("GEORADIUS STORE", ALL, |s| {
            let search = cmd("GEORADIUS").arg(s.any("geo")).args(["13.5", "52.5", "60", "km"]);
            vec![search.arg("STORE").arg(s.any("geofound"))]
        }),
        op("GEORADIUS STOREDIST", ALL, |s| {
            let search = cmd("GEORADIUS").arg(s.any("geo")).args(["13.5", "52.5", "60", "km"]);
            vec![search.arg("STOREDIST").arg(s.any("geodist"))]
        }),
        op("GEOSEARCHSTORE", 602, |s| {
            let search = cmd("GEOSEARCHSTORE").arg(s.any("geofound")).arg(s.any("geo"));
            vec![search.args(["FROMLONLAT", "13.5", "52.5", "BYRADIUS", "50", "km", "ASC", "COUNT", "10"])]
        }),
    ]
}
