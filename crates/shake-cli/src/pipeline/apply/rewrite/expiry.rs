//! Expiries: those that count from now are counted from when they were received.

use bytes::BytesMut;

use super::Rewritten;
use crate::pipeline::apply::said::Said;

/// What a command does to an expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// There is none afterwards.
    None,
    /// Milliseconds since 1970.
    At(i64),
    /// It stays.
    Keep,
}

/// What a number that says when something expires counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    Seconds,
    Millis,
    SecondsFromNow,
    MillisFromNow,
}

impl Counts {
    /// When the number at `index` says that something expires. Servers have taken it, so it is one that fits.
    pub(super) fn at(self, said: Said<'_>, index: usize) -> Option<i64> {
        let number = said.integer(index)?;
        let unit = if matches!(self, Self::Seconds | Self::SecondsFromNow) { 1000 } else { 1 };
        let from_now = matches!(self, Self::SecondsFromNow | Self::MillisFromNow);
        let start = if from_now { i64::try_from(said.received.0).ok()? } else { 0 };
        // No server takes zero, and it is as past as one.
        Some(number.checked_mul(unit)?.checked_add(start)?.max(1))
    }
}

/// The expiry that an option at `index` asks for, and of how many words it is.
pub(super) fn option(said: Said<'_>, index: usize) -> Option<(Expiry, usize)> {
    if said.args.is_word(index, "KEEPTTL") {
        return Some((Expiry::Keep, 1));
    }
    let (_, counts) = OPTIONS.iter().find(|(word, _)| said.args.is_word(index, word))?;
    Some((Expiry::At(counts.at(said, index + 1)?), 2))
}

const OPTIONS: [(&str, Counts); 4] = [
    ("PXAT", Counts::Millis),
    ("PX", Counts::MillisFromNow),
    ("EX", Counts::SecondsFromNow),
    ("EXAT", Counts::Seconds),
];

/// `EXPIRE key n [NX|XX|GT|LT]` and its like.
pub(super) fn expire(said: Said<'_>, counts: Counts, out: &mut BytesMut) -> Rewritten {
    if matches!(counts, Counts::Seconds | Counts::Millis) && said.args.len() == 3 {
        return Rewritten::Same;
    }
    match counts.at(said, 2) {
        Some(at) => put_pexpireat(out, said.arg(1), at),
        None => Rewritten::Same,
    }
}

/// `GETEX key [PERSIST | expiry]`: what it answers is of no use.
pub(super) fn getex(said: Said<'_>, out: &mut BytesMut) -> Rewritten {
    if said.args.is_word(2, "PERSIST") {
        resp::put_command(out, &[b"PERSIST", said.arg(1)]);
        return Rewritten::Commands(1);
    }
    match option(said, 2) {
        Some((Expiry::At(at), _)) => put_pexpireat(out, said.arg(1), at),
        _ if said.args.len() == 2 => Rewritten::Commands(0),
        _ => Rewritten::Same,
    }
}

fn put_pexpireat(out: &mut BytesMut, key: &[u8], at: i64) -> Rewritten {
    resp::put_array(out, 3);
    resp::put_bulk(out, b"PEXPIREAT");
    resp::put_bulk(out, key);
    resp::put_integer_bulk(out, at);
    Rewritten::Commands(1)
}

/// `RESTORE key ttl payload [option ...]`, and `RESTORE-ASKING`, which from a client would need an importing slot: it is
/// what `MIGRATE` leaves in the stream of the node that got the key. The key was not there at the source, or it was to be
/// replaced: here it is always.
pub(super) fn restore(said: Said<'_>, out: &mut BytesMut) -> Rewritten {
    restore_with(said, said.arg(RESTORE_PAYLOAD), out)
}

/// The same with another payload.
pub(in super::super) fn restore_with(said: Said<'_>, payload: &[u8], out: &mut BytesMut) -> Rewritten {
    let (replaces, is_absolute) = (has_option(said, "REPLACE"), has_option(said, "ABSTTL"));
    let at = Counts::MillisFromNow.at(said, RESTORE_TTL);
    let at = at.filter(|_| !is_absolute && said.arg(RESTORE_TTL) != b"0");
    resp::put_array(out, said.args.len() + usize::from(!replaces) + usize::from(at.is_some()));
    resp::put_bulk(out, b"RESTORE");
    for index in 1..said.args.len() {
        match at {
            Some(at) if index == RESTORE_TTL => resp::put_integer_bulk(out, at),
            _ if index == RESTORE_PAYLOAD => resp::put_bulk(out, payload),
            _ => resp::put_bulk(out, said.arg(index)),
        }
    }
    if at.is_some() {
        resp::put_bulk(out, b"ABSTTL");
    }
    if !replaces {
        resp::put_bulk(out, b"REPLACE");
    }
    Rewritten::Commands(1)
}

/// When the key of a `RESTORE` expires, in milliseconds since the epoch, if it does.
pub(in super::super) fn restore_expiry(said: Said<'_>) -> Option<i64> {
    let counts = if has_option(said, "ABSTTL") { Counts::Millis } else { Counts::MillisFromNow };
    counts.at(said, RESTORE_TTL).filter(|_| said.arg(RESTORE_TTL) != b"0")
}

fn has_option(said: Said<'_>, word: &str) -> bool {
    (RESTORE_OPTIONS..said.args.len()).any(|index| said.args.is_word(index, word))
}

const RESTORE_TTL: usize = 2;
const RESTORE_PAYLOAD: usize = 3;
const RESTORE_OPTIONS: usize = 4;

#[cfg(test)]
mod tests {
    use super::super::bench::{NOW, becomes};

    #[test]
    fn expiries_count_from_their_receipt() {
        let at = |ms: i64| (i64::try_from(NOW).unwrap() + ms).to_string();
        for (from, to) in [
            ("EXPIRE k 10", format!("PEXPIREAT k {}", at(10_000))),
            ("pexpire k 10", format!("PEXPIREAT k {}", at(10))),
            ("EXPIRE k -1 NX", format!("PEXPIREAT k {}", at(-1000))),
            ("EXPIREAT k 7 GT", "PEXPIREAT k 7000".to_owned()),
            ("EXPIREAT k 0 GT", "PEXPIREAT k 1".to_owned()),
            ("GETEX k EX 10", format!("PEXPIREAT k {}", at(10_000))),
            ("GETEX k pxat 10", "PEXPIREAT k 10".to_owned()),
            ("GETEX k PERSIST", "PERSIST k".to_owned()),
            ("RESTORE k 5000 p", format!("RESTORE k {} p ABSTTL REPLACE", at(5000))),
            ("RESTORE-ASKING k 5000 p REPLACE", format!("RESTORE k {} p REPLACE ABSTTL", at(5000))),
            ("RESTORE-ASKING k 5000 p absttl", "RESTORE k 5000 p absttl REPLACE".to_owned()),
            ("RESTORE k 0 p IDLETIME 9", "RESTORE k 0 p IDLETIME 9 REPLACE".to_owned()),
            ("RESTORE k 0 REPLACE", "RESTORE k 0 REPLACE REPLACE".to_owned()),
        ] {
            assert_eq!(becomes("redis-7.0", from), to, "{from}");
        }
    }

    #[test]
    fn what_is_absolute_or_makes_no_sense_stays() {
        for line in ["PEXPIREAT k 7", "EXPIREAT k 7", "EXPIRE k x", "EXPIRE k 9223372036854775807", "GETEX k PX"] {
            assert_eq!(becomes("redis-7.0", line), format!("= {line}"));
        }
        assert_eq!(becomes("redis-7.0", "GETEX k"), "");
    }
}
