//! Strings, counters, bitmaps and HyperLogLogs.

use super::{ALL, Operation, op};
use crate::cmd;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        op("SET", ALL, |s| vec![cmd("SET").arg(s.any("str")).arg(s.text())]),
        op("SET NX", ALL, |s| vec![cmd("SET").arg(s.any("str")).arg(s.text()).arg("NX")]),
        op("SET XX", ALL, |s| vec![cmd("SET").arg(s.any("str")).arg(s.text()).arg("XX")]),
        op("SET EX", ALL, |s| vec![cmd("SET").arg(s.any("str")).arg(s.text()).arg("EX").arg(s.long_ms() / 1_000)]),
        op("SET PX", ALL, |s| vec![cmd("SET").arg(s.any("str")).arg(s.text()).arg("PX").arg(s.long_ms())]),
        op("SET KEEPTTL", ALL, |s| vec![cmd("SET").arg(s.any("str")).arg(s.text()).arg("KEEPTTL")]),
        op("SET GET", 602, |s| vec![cmd("SET").arg(s.any("str")).arg(s.text()).arg("GET")]),
        op("SET EXAT", 602, |s| vec![cmd("SET").arg(s.any("str")).arg(s.text()).arg("EXAT").arg(FAR_FUTURE_S)]),
        op("SETEX", ALL, |s| vec![cmd("SETEX").arg(s.any("str")).arg(s.long_ms() / 1_000).arg(s.text())]),
        op("PSETEX", ALL, |s| vec![cmd("PSETEX").arg(s.any("str")).arg(s.long_ms()).arg(s.text())]),
        op("SETNX", ALL, |s| vec![cmd("SETNX").arg(s.any("str")).arg(s.text())]),
        op("MSET", ALL, |s| vec![cmd("MSET").arg(s.any("str")).arg(s.text()).arg(s.any("str")).arg(s.text())]),
        op("MSETNX", ALL, |s| vec![cmd("MSETNX").arg(s.any("str")).arg(s.text()).arg(s.fresh("str")).arg(s.text())]),
        op("GETSET", ALL, |s| vec![cmd("GETSET").arg(s.any("str")).arg(s.text())]),
        op("GETDEL", 602, |s| vec![cmd("GETDEL").arg(s.any("str"))]),
        op("GETEX", 602, |s| vec![cmd("GETEX").arg(s.any("str")).arg("PX").arg(s.long_ms())]),
        op("APPEND", ALL, |s| {
            // Begins anew now and then, so that it does not grow for ever.
            let key = s.any("str");
            if s.number(20) == 0 {
                vec![cmd("SET").arg(key).arg("")]
            } else {
                vec![cmd("APPEND").arg(key).arg(s.text())]
            }
        }),
        op("SETRANGE", ALL, |s| vec![cmd("SETRANGE").arg(s.any("str")).arg(s.number(200)).arg(s.text())]),
        op("INCR", ALL, |s| vec![cmd("INCR").arg(s.any("int"))]),
        op("INCRBY", ALL, |s| vec![cmd("INCRBY").arg(s.any("int")).arg(s.number(1_000))]),
        op("DECR", ALL, |s| vec![cmd("DECR").arg(s.any("int"))]),
        op("DECRBY", ALL, |s| vec![cmd("DECRBY").arg(s.any("int")).arg(s.number(1_000))]),
        op("INCRBYFLOAT", ALL, |s| {
            vec![cmd("INCRBYFLOAT").arg(s.any("float")).arg(format!("0.{:06}", s.number(1_000_000)))]
        }),
        op("SETBIT", ALL, |s| vec![cmd("SETBIT").arg(s.any("bits")).arg(s.number(2_000)).arg(s.number(2))]),
        op("BITFIELD SET", ALL, |s| {
            vec![cmd("BITFIELD").arg(s.any("bits")).arg("SET").arg("u16").arg(s.number(500)).arg(s.number(65_536))]
        }),
        op("BITFIELD INCRBY", ALL, |s| {
            vec![
                cmd("BITFIELD")
                    .arg(s.any("bits"))
                    .args(["OVERFLOW", "SAT", "INCRBY"])
                    .arg("u8")
                    .arg(s.number(500))
                    .arg(s.number(100)),
            ]
        }),
        op("BITOP", ALL, |s| vec![cmd("BITOP XOR").arg(s.any("bits")).arg(s.any("bits")).arg(s.any("bits"))]),
        op("BITOP NOT", ALL, |s| vec![cmd("BITOP NOT").arg(s.any("bits")).arg(s.any("bits"))]),
        op("PFADD", ALL, |s| vec![cmd("PFADD").arg(s.any("hll")).arg(s.text()).arg(s.text())]),
        op("PFMERGE", ALL, |s| vec![cmd("PFMERGE").arg(s.any("hll")).arg(s.any("hll")).arg(s.any("hll"))]),
        op("PFCOUNT", ALL, |s| vec![cmd("PFCOUNT").arg(s.any("hll"))]),
    ]
}

/// Some time in the year 2100.
const FAR_FUTURE_S: u64 = 4_110_000_000;
