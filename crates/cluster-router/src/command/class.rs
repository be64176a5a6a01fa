use super::args::Args;
use super::spec::CommandSpec;

/// How a command may be delivered when what was sent before a break may have to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Sent again, together with all that followed it and in the same order, it ends in the same state.
    Idempotent,
    /// Doing it twice differs from doing it once, or it reads what other commands wrote: to be applied exactly once,
    /// in one unit with its position.
    Atomic,
    /// Changes or tells something, and no key says where: `FLUSHALL`, `FUNCTION LOAD`, `PUBLISH`.
    Keyless,
    /// Belongs to the connection or the stream and carries no data: `SELECT`, `MULTI`, `EXEC`, `PING`, `REPLCONF`,
    /// and the marks that valkey leaves of moving slots.
    Framing,
    /// Changes no data.
    NotAWrite,
}

impl CommandSpec {
    /// The class of the command as these arguments make it: `SET k v` is idempotent, `SET k v NX` is not.
    ///
    /// Subcommands are looked up; an unknown one has the class of its container.
    #[must_use]
    pub fn class(&self, args: Args<'_>) -> Class {
        let spec = self.subcommand(args).unwrap_or(self);
        match spec.exception {
            Some(exception) if exception.when.applies(args) => exception.class,
            _ => spec.class,
        }
    }
}

/// The class that a command has under a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exception {
    pub(super) class: Class,
    pub(super) when: When,
}

/// What the arguments must be for an exception to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// One of the arguments from `from` up to `to` is one of the words. A value that happens to read like an option
    /// is taken for it: exceptions lead to the stricter class, so that costs a little time and never correctness.
    Option { from: usize, to: usize, words: &'static [&'static str] },
    /// A `RESTORE` that may find the key there, or whose time to live counts from its arrival.
    RestoreDepends,
}

impl When {
    fn applies(self, args: Args<'_>) -> bool {
        match self {
            Self::Option { from, to, words } => (from..=to.min(args.len().saturating_sub(1)))
                .any(|index| words.iter().any(|word| args.is_word(index, word))),
            Self::RestoreDepends => {
                let has = |word| (RESTORE_OPTIONS..args.len()).any(|index| args.is_word(index, word));
                !has("REPLACE") || (args.arg(RESTORE_TTL) != Some(b"0") && !has("ABSTTL"))
            }
        }
    }
}

/// `RESTORE key ttl payload [option ...]`
const RESTORE_TTL: usize = 2;
const RESTORE_OPTIONS: usize = 4;

#[cfg(test)]
mod tests {
    use super::Class::{Atomic, Framing, Idempotent, Keyless, NotAWrite};
    use super::*;
    use crate::command::lookup;

    #[test]
    fn classes_follow_from_the_arguments() {
        let cases = [
            (Idempotent, "SET a v"),
            (Idempotent, "set a v PXAT 1700000000000 KEEPTTL"),
            (Atomic, "set a v nx"),
            (Atomic, "SET a v px 10"),
            (Atomic, "SET a v IFEQ w"),
            (Idempotent, "SET NX XX"),
            (Idempotent, "ZADD a CH 1 x"),
            (Atomic, "ZADD a gt CH 1 x"),
            (Atomic, "ZADD a CH INCR 1 x"),
            (Idempotent, "PEXPIREAT a 1700000000000"),
            (Atomic, "PEXPIREAT a 1700000000000 GT"),
            (Atomic, "PEXPIRE a 10"),
            (Idempotent, "HPEXPIREAT a 1700000000000 FIELDS 1 NX"),
            (Atomic, "HPEXPIREAT a 1700000000000 NX FIELDS 1 f"),
            (Idempotent, "HSETEX a PXAT 1700000000000 FIELDS 1 f v"),
            (Atomic, "HSETEX a FNX FIELDS 1 f v"),
            (Idempotent, "RESTORE a 0 payload REPLACE"),
            (Idempotent, "restore-asking a 5 payload absttl replace"),
            (Atomic, "RESTORE a 0 payload"),
            (Atomic, "RESTORE a 5 payload REPLACE"),
            (Idempotent, "BITFIELD a SET u8 0 1"),
            (Atomic, "BITFIELD a SET u8 0 1 INCRBY u8 8 1"),
            (NotAWrite, "SORT a"),
            (Atomic, "SORT a STORE b"),
            (Atomic, "XGROUP CREATE a g 0"),
            (Idempotent, "xgroup setid a g 0"),
            (Atomic, "COPY a b"),
            (Keyless, "FLUSHALL"),
            (Keyless, "FUNCTION LOAD code"),
            (NotAWrite, "FUNCTION LIST"),
            (Framing, "MULTI"),
            (Framing, "CLUSTER SYNCSLOTS ACK"),
            (NotAWrite, "GET a"),
        ];
        for (class, line) in cases {
            let start = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
            let ranges: Vec<_> = line.split(' ').map(|word| start(word)..start(word) + word.len()).collect();
            let spec = lookup(line.split(' ').next().unwrap().as_bytes()).unwrap();
            assert_eq!(spec.class(Args::new(line.as_bytes(), &ranges)), class, "{line}");
        }
    }
}
