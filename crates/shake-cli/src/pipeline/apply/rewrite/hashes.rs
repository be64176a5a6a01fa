//! Hashes: expiries of their fields, and what is short for several commands.
//!
//! Where fields cannot expire, they stay until the source's own HDEL arrives, which it sends when one has expired.

use bytes::BytesMut;

use super::expiry::{self, Counts, Expiry};
use super::{Omission, Rewritten, put};
use crate::pipeline::apply::said::Said;
use crate::pipeline::target::Target;

/// `HEXPIRE key n [condition] FIELDS n field ...` and its like.
pub(super) fn expire(said: Said<'_>, counts: Counts, target: Target, out: &mut BytesMut) -> Rewritten {
    if !target.has_field_expiry() {
        return Rewritten::Without(Omission::FieldExpiry, 0);
    }
    match counts.at(said, 2) {
        Some(at) if matches!(counts, Counts::SecondsFromNow | Counts::MillisFromNow) => {
            put(out, &[b"HPEXPIREAT", said.arg(1), at.to_string().as_bytes()], said.args, 3, &[]);
            Rewritten::Commands(1)
        }
        _ => Rewritten::Same,
    }
}

/// `HPERSIST key FIELDS n field ...`
pub(super) fn persist(target: Target) -> Rewritten {
    if target.has_field_expiry() { Rewritten::Same } else { Rewritten::Commands(0) }
}

/// `HSETEX key [condition] [expiry] FIELDS n field value ...`
pub(super) fn setex(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    let Some((expiry, fields)) = options(said, &["FNX", "FXX"]) else { return Rewritten::Same };
    let key = said.arg(1);
    match expiry {
        Expiry::None => put(out, &[b"HSET", key], said.args, fields + 2, &[]),
        Expiry::At(at) if target.has_hsetex() => {
            put(out, &[b"HSETEX", key, b"PXAT", at.to_string().as_bytes()], said.args, fields, &[]);
        }
        Expiry::Keep if target.has_hsetex() => put(out, &[b"HSETEX", key, b"KEEPTTL"], said.args, fields, &[]),
        Expiry::At(at) if target.has_field_expiry() => {
            put(out, &[b"HSET", key], said.args, fields + 2, &[]);
            let values: Vec<usize> = (fields + 3..said.args.len()).step_by(2).collect();
            put(out, &[b"HPEXPIREAT", key, at.to_string().as_bytes()], said.args, fields, &values);
            return Rewritten::Commands(2);
        }
        // Nothing else keeps the expiry of a field that is set.
        Expiry::Keep if target.has_field_expiry() => return Rewritten::Same,
        Expiry::Keep => put(out, &[b"HSET", key], said.args, fields + 2, &[]),
        Expiry::At(_) => {
            put(out, &[b"HSET", key], said.args, fields + 2, &[]);
            return Rewritten::Without(Omission::FieldExpiry, 1);
        }
    }
    Rewritten::Commands(1)
}

/// `HGETEX key [PERSIST | expiry] FIELDS n field ...`: what it answers is of no use.
pub(super) fn getex(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    let key = said.arg(1);
    match options(said, &["PERSIST"]) {
        _ if said.args.is_word(2, "PERSIST") && target.has_field_expiry() => {
            put(out, &[b"HPERSIST", key], said.args, 3, &[]);
            Rewritten::Commands(1)
        }
        Some((Expiry::At(_), _)) if !target.has_field_expiry() => Rewritten::Without(Omission::FieldExpiry, 0),
        Some((Expiry::At(at), fields)) => {
            put(out, &[b"HPEXPIREAT", key, at.to_string().as_bytes()], said.args, fields, &[]);
            Rewritten::Commands(1)
        }
        Some(_) => Rewritten::Commands(0),
        None => Rewritten::Same,
    }
}

/// `HGETDEL key FIELDS n field ...`
pub(super) fn getdel(said: Said<'_>, out: &mut BytesMut) -> Rewritten {
    match options(said, &[]) {
        Some((Expiry::None, fields)) => {
            put(out, &[b"HDEL", said.arg(1)], said.args, fields + 2, &[]);
            Rewritten::Commands(1)
        }
        _ => Rewritten::Same,
    }
}

/// The expiry among the options from the third word on, and where the word `FIELDS` stands; `words` are options that
/// are left out. As many fields follow as there are arguments left.
fn options(said: Said<'_>, words: &[&str]) -> Option<(Expiry, usize)> {
    let (mut expiry, mut index) = (Expiry::None, 2);
    while !said.args.is_word(index, "FIELDS") {
        index += match expiry::option(said, index) {
            Some((asked, words)) => {
                expiry = asked;
                words
            }
            None if said.is_any(index, words) => 1,
            None => return None,
        };
    }
    said.integer(index + 1).map(|_| (expiry, index))
}

#[cfg(test)]
mod tests {
    use super::super::bench::{NOW, becomes};

    #[test]
    fn fields_expire_where_they_can() {
        let cases = [
            ("HPEXPIREAT h 7 FIELDS 1 f", "= HPEXPIREAT h 7 FIELDS 1 f", "= HPEXPIREAT h 7 FIELDS 1 f", "without it"),
            ("HPERSIST h FIELDS 1 f", "= HPERSIST h FIELDS 1 f", "= HPERSIST h FIELDS 1 f", ""),
            ("HSETEX h FNX FIELDS 1 f v", "HSET h f v", "HSET h f v", "HSET h f v"),
            (
                "HSETEX h KEEPTTL FIELDS 1 f v",
                "HSETEX h KEEPTTL FIELDS 1 f v",
                "= HSETEX h KEEPTTL FIELDS 1 f v",
                "HSET h f v",
            ),
            (
                "HSETEX h PXAT 7 FIELDS 2 f v g w",
                "HSETEX h PXAT 7 FIELDS 2 f v g w",
                "HSET h f v g w; HPEXPIREAT h 7 FIELDS 2 f g",
                "HSET h f v g w without it",
            ),
            (
                "HGETEX h EXAT 7 FIELDS 1 f",
                "HPEXPIREAT h 7000 FIELDS 1 f",
                "HPEXPIREAT h 7000 FIELDS 1 f",
                "without it",
            ),
            ("HGETEX h PERSIST FIELDS 1 f", "HPERSIST h FIELDS 1 f", "HPERSIST h FIELDS 1 f", ""),
            ("HGETEX h FIELDS 1 f", "", "", ""),
            ("HGETDEL h FIELDS 2 f g", "HDEL h f g", "HDEL h f g", "HDEL h f g"),
            ("HSETNX h f v", "HSET h f v", "HSET h f v", "HSET h f v"),
            ("HGETDEL h f g", "= HGETDEL h f g", "= HGETDEL h f g", "= HGETDEL h f g"),
        ];
        for (from, valkey_9, redis_74, redis_70) in cases {
            assert_eq!(becomes("valkey-9.0", from), valkey_9, "{from}");
            assert_eq!(becomes("redis-8.0", from), valkey_9, "{from}");
            assert_eq!(becomes("redis-7.4", from), redis_74, "{from}");
            assert_eq!(becomes("redis-7.0", from), redis_70, "{from}");
            assert_eq!(becomes("valkey-8.1", from), redis_70, "{from}");
        }
    }

    #[test]
    fn their_expiries_count_from_the_receipt() {
        let at = NOW + 2000;
        let becomes = |line| becomes("redis-8.0", line);
        assert_eq!(becomes("HEXPIRE h 2 NX FIELDS 1 f"), format!("HPEXPIREAT h {at} NX FIELDS 1 f"));
        assert_eq!(becomes("HPEXPIRE h 2000 FIELDS 1 f"), format!("HPEXPIREAT h {at} FIELDS 1 f"));
        assert_eq!(becomes("HSETEX h EX 2 FXX FIELDS 1 f v"), format!("HSETEX h PXAT {at} FIELDS 1 f v"));
    }
}
