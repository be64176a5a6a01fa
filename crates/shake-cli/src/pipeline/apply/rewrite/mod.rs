//! What a primary tells its replicas, in words that a client may say to this target.
//!
//! A replica takes forms that a client may not use, and the target may be older than the source, or of the other family.
//! What is in a stream took effect at the source: conditions have been met, and are left out where they stand alone. An
//! expiry that counts from now counts from when it was received.

mod expiry;
mod functions;
mod hashes;
mod streams;
mod strings;

use bytes::BytesMut;
use cluster_router::command::Args;

use super::said::Said;
use crate::pipeline::target::Target;
use expiry::Counts;
pub(super) use expiry::{restore_expiry, restore_with};
pub(super) use strings::MultiSet;

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rewritten {
    /// It can be passed on as it is.
    Same,
    /// So many commands were written in its place; none, when there is nothing to be done at the target.
    Commands(u32),
    /// So many commands were written in its place, and something was left out.
    Without(Omission, u32),
}

/// What cannot be carried over to an older target, and is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Omission {
    /// Libraries of functions.
    Functions,
    /// Expiries of fields of hashes.
    FieldExpiry,
}

/// Writes what the target is to be told in place of a command, unless that is the same.
pub(super) fn rewrite(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    match said.spec.name {
        "SET" => strings::set(said, target, out),
        "EXPIRE" => expiry::expire(said, Counts::SecondsFromNow, out),
        "PEXPIRE" => expiry::expire(said, Counts::MillisFromNow, out),
        "EXPIREAT" => expiry::expire(said, Counts::Seconds, out),
        "PEXPIREAT" => expiry::expire(said, Counts::Millis, out),
        "SETEX" => strings::setex(said, Counts::SecondsFromNow, target, out),
        "PSETEX" => strings::setex(said, Counts::MillisFromNow, target, out),
        "SETNX" => renamed(b"SET", said, out),
        "MSETNX" => renamed(b"MSET", said, out),
        "MSETEX" => strings::msetex(said, target, out),
        "GETEX" => expiry::getex(said, out),
        "GETDEL" | "DELIFEQ" | "DELEX" => {
            resp::put_command(out, &[b"DEL", said.arg(1)]);
            Rewritten::Commands(1)
        }
        "RESTORE" | "RESTORE-ASKING" => expiry::restore(said, out),
        "HEXPIRE" => hashes::expire(said, Counts::SecondsFromNow, target, out),
        "HPEXPIRE" => hashes::expire(said, Counts::MillisFromNow, target, out),
        "HEXPIREAT" => hashes::expire(said, Counts::Seconds, target, out),
        "HPEXPIREAT" => hashes::expire(said, Counts::Millis, target, out),
        "HPERSIST" => hashes::persist(target),
        "HSETEX" => hashes::setex(said, target, out),
        "HGETEX" => hashes::getex(said, target, out),
        "HGETDEL" => hashes::getdel(said, out),
        "HSETNX" => renamed(b"HSET", said, out),
        "XADD" | "XTRIM" => streams::add_or_trim(said, target, out),
        "XGROUP" => streams::group(said, target, out),
        "XSETID" => streams::set_id(said, target, out),
        "FUNCTION" => functions::function(said, target, out),
        "SPUBLISH" if !target.has_shard_channels() => Rewritten::Commands(0),
        _ => Rewritten::Same,
    }
}

/// The same arguments under another name.
fn renamed(name: &[u8], said: Said<'_>, out: &mut BytesMut) -> Rewritten {
    put(out, &[name], said.args, 1, &[]);
    Rewritten::Commands(1)
}

/// Writes `first`, then `args` from `from` on without those at `left_out`, which are in order.
fn put(out: &mut BytesMut, first: &[&[u8]], args: Args<'_>, from: usize, left_out: &[usize]) {
    let is_left_out = |index: &usize| left_out.binary_search(index).is_ok();
    let rest = || (from..args.len()).filter(|index| !is_left_out(index));
    resp::put_array(out, first.len() + rest().count());
    first.iter().for_each(|word| resp::put_bulk(out, word));
    rest().for_each(|index| resp::put_bulk(out, args.arg(index).unwrap_or_default()));
}

#[cfg(test)]
mod bench {
    use cluster_router::command::lookup;
    use replica::UnixMillis;
    use resp::CommandScanner;

    use super::*;

    /// When what is rewritten here was received.
    pub(super) const NOW: u64 = 1_700_000_000_000;

    /// The commands that a command becomes, `;` between them; `= command` when it stays as it is.
    pub(super) fn becomes(target: &str, line: &str) -> String {
        becomes_args(target, &line.split(' ').map(str::as_bytes).collect::<Vec<_>>())
    }

    pub(super) fn becomes_args(target: &str, words: &[&[u8]]) -> String {
        let mut frame = BytesMut::new();
        resp::put_command(&mut frame, words);
        let mut scanner = CommandScanner::default();
        scanner.scan(&frame).unwrap().unwrap();
        let args = Args::new(&frame, scanner.args());
        let said = Said { spec: lookup(words[0]).unwrap(), frame: &frame, args, received: UnixMillis(NOW) };
        let mut out = BytesMut::new();
        let rewritten = rewrite(said, Target::cluster(target), &mut out);
        let (count, commands) = commands(&out);
        match rewritten {
            Rewritten::Same => format!("= {}", String::from_utf8_lossy(&words.join(&b' '))),
            Rewritten::Commands(said) => {
                assert_eq!(said, count, "{commands}");
                commands
            }
            Rewritten::Without(omission, said) => {
                assert_eq!(said, count, "{commands}");
                let what = if omission == Omission::Functions { "without them" } else { "without it" };
                format!("{commands} {what}").trim_start().to_owned()
            }
        }
    }

    fn commands(bytes: &[u8]) -> (u32, String) {
        let (mut scanner, mut at, mut commands) = (CommandScanner::default(), 0, Vec::new());
        while at < bytes.len() {
            let len = scanner.scan(&bytes[at..]).unwrap().unwrap();
            let words = scanner.args().iter().map(|arg| bytes[at..][arg.clone()].escape_ascii().to_string());
            commands.push(words.collect::<Vec<_>>().join(" "));
            at += len;
        }
        (u32::try_from(commands.len()).unwrap(), commands.join("; "))
    }
}
