use resp::ErrorReply;

use crate::redirect::{Redirect, RedirectError};

/// Why a target does not do what it was told: an error reply, told apart by its first word.
///
/// Never by its text, which differs between servers and versions. The one exception is a payload that is not
/// understood: there servers have no word but `ERR`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `MOVED`: the slot belongs to another node.
    Moved(Redirect),
    /// `ASK`: the slot is on its way to another node, and this key is there already.
    Ask(Redirect),
    /// `MOVED` or `ASK` without an address that could be used.
    BadRedirect(RedirectError),
    /// `TRYAGAIN`: the slot is on its way, and the keys of the command are at both ends.
    TryAgain,
    /// `CLUSTERDOWN`: the cluster, or the slot, is not served.
    ClusterDown,
    /// `LOADING`: the node reads its data from disk or from its primary.
    Loading,
    /// `MASTERDOWN`: a replica without its primary.
    MasterDown,
    /// `READONLY`: a replica.
    ReadOnly,
    /// `OOM`: memory has run out.
    Oom,
    /// `MISCONF`: the node cannot save, and takes no writes for that.
    Misconf,
    /// `NOREPLICAS`: too few replicas are in step.
    NoReplicas,
    /// `BUSY`: a script or function runs for too long.
    Busy,
    /// `BUSYKEY`: the key of a `RESTORE` is there already.
    BusyKey,
    /// `BUSYGROUP`: the consumer group is there already.
    BusyGroup,
    /// `NOGROUP`: the stream, or its consumer group, is not there.
    NoGroup,
    /// `CROSSSLOT`: keys of several slots.
    CrossSlot,
    /// `EXECABORT`: a command of the transaction was refused when it was queued; nothing was done.
    ExecAbort,
    /// `WRONGTYPE`: the key holds another kind of value.
    WrongType,
    /// `NOAUTH`: a password is wanted.
    NoAuth,
    /// `NOPERM`: the user may not do this.
    NoPerm,
    /// `WRONGPASS`: user or password are wrong, or the user is disabled.
    WrongPass,
    /// `DENIED`: the node talks to its own host only (protected mode).
    Denied,
    /// `NOSCRIPT`: the script of an `EVALSHA` is not known.
    NoScript,
    /// The payload of a `RESTORE` is of a version or a kind that the target cannot read.
    BadPayload,
    /// Anything else.
    Other,
}

/// What is to be done about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Response {
    /// Go where the slot is, in order for each slot, and learn the slot map anew.
    Follow,
    /// Wait, connect again and resume: it passes by itself.
    Hold,
    /// Wait and tell people: it passes when somebody does something about it. Nothing is skipped.
    HoldAndSay,
    /// What the user chose for keys that are there already.
    Policy,
    /// Send the value as plain commands.
    PlainCommands,
    /// Send the script whole, then go on.
    SendScript,
    /// What the refusal of the command inside of the transaction calls for.
    AsCause,
    /// The target's data is not what the command expects: stop, or settle the key, as the user chose.
    Conflict,
    /// Stop and tell people: it will not pass without another configuration.
    Stop,
}

impl Refusal {
    /// Tells what an error reply says. `asked` is the host that it came from, for redirects without one.
    #[must_use]
    pub fn of(reply: &ErrorReply, asked: &str) -> Self {
        match reply.code() {
            b"MOVED" => Redirect::parse(reply, asked).map_or_else(Self::BadRedirect, Self::Moved),
            b"ASK" => Redirect::parse(reply, asked).map_or_else(Self::BadRedirect, Self::Ask),
            b"ERR" if is_bad_payload(reply.message()) => Self::BadPayload,
            code => Self::by_word(code),
        }
    }

    fn by_word(code: &[u8]) -> Self {
        match code {
            b"TRYAGAIN" => Self::TryAgain,
            b"CLUSTERDOWN" => Self::ClusterDown,
            b"LOADING" => Self::Loading,
            b"MASTERDOWN" => Self::MasterDown,
            b"READONLY" => Self::ReadOnly,
            b"OOM" => Self::Oom,
            b"MISCONF" => Self::Misconf,
            b"NOREPLICAS" => Self::NoReplicas,
            b"BUSY" => Self::Busy,
            b"BUSYKEY" => Self::BusyKey,
            b"BUSYGROUP" => Self::BusyGroup,
            b"NOGROUP" => Self::NoGroup,
            b"CROSSSLOT" => Self::CrossSlot,
            b"EXECABORT" => Self::ExecAbort,
            b"WRONGTYPE" => Self::WrongType,
            b"NOAUTH" => Self::NoAuth,
            b"NOPERM" => Self::NoPerm,
            b"WRONGPASS" => Self::WrongPass,
            b"DENIED" => Self::Denied,
            b"NOSCRIPT" => Self::NoScript,
            _ => Self::Other,
        }
    }

    /// What is to be done about it.
    #[must_use]
    pub const fn response(&self) -> Response {
        match self {
            Self::Moved(_) | Self::Ask(_) | Self::TryAgain => Response::Follow,
            Self::BadRedirect(_) | Self::ClusterDown | Self::Loading | Self::MasterDown | Self::ReadOnly => {
                Response::Hold
            }
            Self::Oom | Self::Misconf | Self::NoReplicas | Self::Busy => Response::HoldAndSay,
            Self::BusyKey => Response::Policy,
            Self::BadPayload => Response::PlainCommands,
            Self::NoScript => Response::SendScript,
            Self::ExecAbort => Response::AsCause,
            Self::WrongType | Self::BusyGroup | Self::NoGroup | Self::Other => Response::Conflict,
            Self::NoAuth | Self::NoPerm | Self::WrongPass | Self::Denied | Self::CrossSlot => Response::Stop,
        }
    }
}

/// The only texts that are looked at (`restoreCommand`): servers give them no word of their own.
fn is_bad_payload(message: &[u8]) -> bool {
    message.starts_with(b"DUMP payload version or checksum") || message.starts_with(b"Bad data format")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replies as servers send them, and what is to be done.
    const CASES: &[(&str, Response)] = &[
        ("MOVED 3999 127.0.0.1:6381", Response::Follow),
        ("ASK 3999 127.0.0.1:6381", Response::Follow),
        ("MOVED 3999", Response::Hold),
        ("TRYAGAIN Multiple keys request during rehashing of slot", Response::Follow),
        ("CLUSTERDOWN Hash slot not served", Response::Hold),
        ("LOADING Valkey is loading the dataset in memory", Response::Hold),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", Response::Hold),
        ("READONLY You can't write against a read only replica.", Response::Hold),
        ("OOM command not allowed when used memory > 'maxmemory'.", Response::HoldAndSay),
        ("MISCONF Redis is configured to save RDB snapshots", Response::HoldAndSay),
        ("NOREPLICAS Not enough good replicas to write.", Response::HoldAndSay),
        ("BUSY Valkey is busy running a script.", Response::HoldAndSay),
        ("BUSYKEY Target key name already exists.", Response::Policy),
        ("ERR DUMP payload version or checksum are wrong", Response::PlainCommands),
        ("ERR Bad data format", Response::PlainCommands),
        ("NOSCRIPT No matching script.", Response::SendScript),
        ("EXECABORT Transaction discarded because of previous errors.", Response::AsCause),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", Response::Conflict),
        ("BUSYGROUP Consumer Group name already exists", Response::Conflict),
        ("ERR no such key", Response::Conflict),
        ("SOMETHING new", Response::Conflict),
        ("", Response::Conflict),
        ("CROSSSLOT Keys in request don't hash to the same slot", Response::Stop),
        ("NOAUTH Authentication required.", Response::Stop),
        ("NOPERM this user has no permissions", Response::Stop),
        ("WRONGPASS invalid username-password pair or user is disabled.", Response::Stop),
        ("DENIED Redis is running in protected mode", Response::Stop),
    ];

    #[test]
    fn every_refusal_has_its_response() {
        for (text, response) in CASES {
            let refusal = Refusal::of(&ErrorReply::parse(text.as_bytes()), "asked");
            assert_eq!(refusal.response(), *response, "{text}: {refusal:?}");
        }
    }

    #[test]
    fn the_text_behind_the_word_does_not_matter() {
        for (text, response) in CASES.iter().filter(|(text, _)| !text.starts_with("ERR ") && !text.contains(':')) {
            let word = text.split(' ').next().unwrap();
            let refusal = Refusal::of(&ErrorReply::parse(format!("{word} in other words").as_bytes()), "asked");
            assert_eq!(refusal.response(), *response, "{word}: {refusal:?}");
        }
    }
}
