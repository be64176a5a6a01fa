//! Strings: `SET` in all its forms, and what is short for it.

use bytes::BytesMut;

use super::Rewritten;
use super::expiry::{self, Counts, Expiry};
use crate::pipeline::apply::said::Said;
use crate::pipeline::target::Target;

/// `SET key value [condition] [GET] [expiry]`
pub(super) fn set(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    let is_as_it_should_be = match said.args.len() {
        3 => true,
        4 => target.has_set_keepttl() && said.args.is_word(3, "KEEPTTL"),
        5 => target.has_set_pxat() && said.args.is_word(3, "PXAT"),
        _ => false,
    };
    match set_options(said) {
        Some(expiry) if !is_as_it_should_be => {
            Rewritten::Commands(put_set(out, said.arg(1), said.arg(2), expiry, target))
        }
        _ => Rewritten::Same,
    }
}

fn set_options(said: Said<'_>) -> Option<Expiry> {
    let (mut expiry, mut index) = (Expiry::None, 3);
    while index < said.args.len() {
        index += match expiry::option(said, index) {
            Some((asked, words)) => {
                expiry = asked;
                words
            }
            None if said.is_any(index, &["NX", "XX", "GET"]) => 1,
            None if said.is_any(index, &["IFEQ", "IFNE", "IFDEQ", "IFDNE"]) => 2,
            None => return None,
        };
    }
    Some(expiry)
}

/// `SETEX key n value`
pub(super) fn setex(said: Said<'_>, counts: Counts, target: Target, out: &mut BytesMut) -> Rewritten {
    match counts.at(said, 2) {
        Some(at) => Rewritten::Commands(put_set(out, said.arg(1), said.arg(3), Expiry::At(at), target)),
        None => Rewritten::Same,
    }
}

/// The keys of an `MSETEX numkeys key value ... [condition] [expiry]`, which becomes a `SET` for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline::apply) struct MultiSet {
    /// Behind the last value.
    pub(in crate::pipeline::apply) end: usize,
    expiry: Expiry,
}

impl MultiSet {
    /// Where its first key is.
    pub(in crate::pipeline::apply) const FIRST: usize = 2;

    pub(in crate::pipeline::apply) fn read(said: Said<'_>) -> Option<Self> {
        let keys = usize::try_from(said.integer(1)?).ok()?;
        let end = keys.checked_mul(2)?.checked_add(Self::FIRST).filter(|&end| end <= said.args.len())?;
        let (mut expiry, mut index) = (Expiry::None, end);
        while index < said.args.len() {
            index += match expiry::option(said, index) {
                Some((asked, words)) => {
                    expiry = asked;
                    words
                }
                None if said.is_any(index, &["NX", "XX"]) => 1,
                None => return None,
            };
        }
        Some(Self { end, expiry })
    }

    /// Sets the key at that index; answers how many commands it takes.
    pub(in crate::pipeline::apply) fn put(self, said: Said<'_>, key: usize, target: Target, out: &mut BytesMut) -> u32 {
        put_set(out, said.arg(key), said.arg(key + 1), self.expiry, target)
    }
}

/// `MSETEX` whose keys all lie in one slot.
pub(super) fn msetex(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    let Some(set) = MultiSet::read(said) else { return Rewritten::Same };
    let keys = (MultiSet::FIRST..set.end).step_by(2);
    Rewritten::Commands(keys.map(|key| set.put(said, key, target, out)).sum())
}

/// Sets a key, for older servers in more than one command; answers in how many.
fn put_set(out: &mut BytesMut, key: &[u8], value: &[u8], expiry: Expiry, target: Target) -> u32 {
    match expiry {
        Expiry::None => resp::put_command(out, &[b"SET", key, value]),
        Expiry::At(at) => {
            let at = at.to_string();
            if !target.has_set_pxat() {
                resp::put_command(out, &[b"SET", key, value]);
                resp::put_command(out, &[b"PEXPIREAT", key, at.as_bytes()]);
                return 2;
            }
            resp::put_command(out, &[b"SET", key, value, b"PXAT", at.as_bytes()]);
        }
        Expiry::Keep if target.has_set_keepttl() => resp::put_command(out, &[b"SET", key, value, b"KEEPTTL"]),
        Expiry::Keep => resp::put_command(out, &[b"EVAL", KEEPING, b"1", key, value]),
    }
    1
}

/// `SET key value KEEPTTL` for servers before 6.0.
const KEEPING: &[u8] = b"local ttl = redis.call('PTTL', KEYS[1]) redis.call('SET', KEYS[1], ARGV[1]) \
                         if ttl > 0 then redis.call('PEXPIRE', KEYS[1], ttl) end";

#[cfg(test)]
mod tests {
    use super::super::bench::{NOW, becomes};

    #[test]
    fn what_was_set_is_set() {
        for (from, to) in [
            ("SET k v NX", "SET k v".to_owned()),
            ("set k v GET XX", "SET k v".to_owned()),
            ("SET k v IFEQ IFEQ", "SET k v".to_owned()),
            ("SET k v IFDEQ 1f", "SET k v".to_owned()),
            ("SET k v NX EX 10", format!("SET k v PXAT {}", NOW + 10_000)),
            ("SET k v px 10 nx", format!("SET k v PXAT {}", NOW + 10)),
            ("SET k v EXAT 10", "SET k v PXAT 10000".to_owned()),
            ("SET k v XX KEEPTTL", "SET k v KEEPTTL".to_owned()),
            ("SET k v GET PXAT 10", "SET k v PXAT 10".to_owned()),
            ("SETEX k 10 v", format!("SET k v PXAT {}", NOW + 10_000)),
            ("PSETEX k 10 v", format!("SET k v PXAT {}", NOW + 10)),
            ("SETNX k v", "SET k v".to_owned()),
            ("MSETNX {k}1 v {k}2 w", "MSET {k}1 v {k}2 w".to_owned()),
            ("MSETEX 2 a 1 b 2 NX PX 7", format!("SET a 1 PXAT {0}; SET b 2 PXAT {0}", NOW + 7)),
            ("MSETEX 1 a 1", "SET a 1".to_owned()),
            ("GETDEL k", "DEL k".to_owned()),
            ("DELIFEQ k v", "DEL k".to_owned()),
            ("DELEX k IFNE v", "DEL k".to_owned()),
        ] {
            assert_eq!(becomes("redis-7.0", from), to, "{from}");
        }
    }

    #[test]
    fn what_can_be_said_as_it_is_stays() {
        let lines = ["SET k v", "set EX PX", "SET k v PXAT 7", "SET k v keepttl", "SET k v NEW", "SET k v EX x"];
        for line in lines {
            assert_eq!(becomes("redis-7.0", line), format!("= {line}"));
        }
        assert_eq!(becomes("redis-7.0", "MSETEX 9 a 1"), "= MSETEX 9 a 1");
    }

    #[test]
    fn older_servers_take_two_commands_or_a_script() {
        assert_eq!(becomes("redis-6.0", "SET k v PXAT 7"), "SET k v; PEXPIREAT k 7");
        assert_eq!(becomes("redis-6.0", "MSETEX 1 k v EX 0"), format!("SET k v; PEXPIREAT k {NOW}"));
        assert_eq!(becomes("redis-6.0", "SET k v KEEPTTL"), "= SET k v KEEPTTL");
        let script = becomes("redis-5.0", "SET k v KEEPTTL");
        assert!(script.starts_with("EVAL ") && script.ends_with(" 1 k v"), "{script}");
    }
}
