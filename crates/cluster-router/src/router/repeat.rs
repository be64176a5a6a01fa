//! Errors that a command gets because it has taken effect already.

use resp::{CommandScanner, ErrorReply};

use crate::Refusal;

/// Whether `error` may be what the command or transaction in `bytes` gets when it is done a second time: because of its
/// own first time, or because of what came behind it then.
///
/// An error that it would have got the first time as well does not count: a command that the node does not know.
pub(super) fn explains(error: &ErrorReply, bytes: &[u8]) -> bool {
    match Refusal::of(error, "") {
        Refusal::BusyKey | Refusal::BusyGroup | Refusal::NoGroup | Refusal::WrongType => true,
        Refusal::Other if error.is("ERR") => first_word(bytes).is_some_and(|name| depends_on_data(&name)),
        _ => false,
    }
}

fn first_word(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut scanner = CommandScanner::default();
    scanner.scan(bytes).ok()??;
    Some(bytes.get(scanner.args().first()?.clone())?.to_ascii_uppercase())
}

/// Commands that answer with a plain `ERR` to data that they do not find as they expect it. A transaction that was
/// executed counts as well: its commands had been accepted.
fn depends_on_data(name: &[u8]) -> bool {
    const COMMANDS: [&str; 17] = [
        "XADD",
        "XSETID",
        "XGROUP",
        "RENAME",
        "RENAMENX",
        "COPY",
        "LSET",
        "FUNCTION",
        "INCR",
        "INCRBY",
        "DECR",
        "DECRBY",
        "INCRBYFLOAT",
        "HINCRBY",
        "HINCRBYFLOAT",
        "ZINCRBY",
        "MULTI",
    ];
    COMMANDS.iter().any(|command| command.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    #[test]
    fn what_a_second_time_explains() {
        let cases = [
            ("ERR The ID specified in XADD is equal or smaller", "XADD k 1-1 f v", true),
            ("BUSYGROUP Consumer Group name already exists", "XGROUP CREATE k g 0", true),
            ("ERR no such key", "rename a b", true),
            ("WRONGTYPE Operation against a key", "HSET k f v", true),
            ("ERR unknown command", "SETRANGE k 1 v", false),
            ("ERR DB index is out of range", "SELECT 3", false),
            ("NOPERM no", "XADD k 1-1 f v", false),
        ];
        for (error, command, explained) in cases {
            let mut bytes = BytesMut::new();
            resp::put_command(&mut bytes, &command.split(' ').collect::<Vec<_>>());
            assert_eq!(explains(&ErrorReply::parse(error.as_bytes()), &bytes), explained, "{command}: {error}");
        }
    }
}
