use resp::Reply;

use super::args::Args;

/// What a server says of a command that is not in the table: a module's, or one that is newer than the table
/// (`COMMAND INFO`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Described {
    /// Index of the first key; 0 when there is none in a fixed place.
    pub first: i64,
    /// Index of the last key, from the end when negative.
    pub last: i64,
    /// Distance from key to key.
    pub step: i64,
    /// Whether the keys' places depend on the arguments (`movablekeys`): the server has to be asked each time.
    pub movable: bool,
}

impl Described {
    /// Reads the answer to `COMMAND INFO name`; `None` when the server does not know the command.
    #[must_use]
    pub fn of(reply: &Reply) -> Option<Self> {
        let row = reply.as_array()?.first()?.as_array()?;
        let integer = |index: usize| row.get(index).and_then(Reply::as_integer);
        let flags = row.get(FLAGS).and_then(Reply::as_array).unwrap_or_default();
        let movable = flags.iter().any(|flag| flag.as_bytes().is_some_and(|flag| &flag[..] == b"movablekeys"));
        Some(Self { first: integer(FIRST)?, last: integer(LAST)?, step: integer(STEP)?, movable })
    }

    /// Whether the places of the keys follow from the number of arguments alone.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        !self.movable && self.first > 0
    }

    /// The indexes of the keys, where these are [fixed](Self::is_fixed); those that are not there are left out.
    pub fn keys(&self, args: Args<'_>) -> impl Iterator<Item = usize> + use<> {
        let len = args.len();
        let first = usize::try_from(self.first).unwrap_or(len);
        let from_end = usize::try_from(self.last.unsigned_abs()).unwrap_or(len);
        let end = if self.last < 0 { (len + 1).saturating_sub(from_end) } else { len.min(from_end.saturating_add(1)) };
        (first..end).step_by(usize::try_from(self.step).unwrap_or(1).max(1))
    }
}

/// Where `COMMAND INFO` has its facts.
const FLAGS: usize = 2;
const FIRST: usize = 3;
const LAST: usize = 4;
const STEP: usize = 5;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn described(first: i64, last: i64, step: i64, flag: &str) -> Option<Described> {
        let text = format!("*1\r\n*6\r\n$1\r\nX\r\n:-3\r\n*1\r\n+{flag}\r\n:{first}\r\n:{last}\r\n:{step}\r\n");
        Described::of(&Reply::parse(Bytes::from(text)).unwrap())
    }

    fn keys(described: Described, args: usize) -> Vec<usize> {
        let ranges = vec![0..1; args];
        described.keys(Args::new(b"x", &ranges)).collect()
    }

    #[test]
    fn keys_are_where_a_server_says() {
        for (first, last, step, args, expected) in [
            (1, 1, 1, 4, vec![1]),
            (1, -1, 1, 4, vec![1, 2, 3]),
            (1, -1, 2, 5, vec![1, 3]),
            (2, -2, 1, 6, vec![2, 3, 4]),
            (1, 5, 1, 3, vec![1, 2]),
            (1, -9, 1, 3, vec![]),
            (7, 7, 1, 3, vec![]),
        ] {
            let described = described(first, last, step, "write").unwrap();
            assert!(described.is_fixed());
            assert_eq!(keys(described, args), expected, "{described:?} {args}");
        }
    }

    #[test]
    fn unknown_keyless_and_movable_ones() {
        assert_eq!(Described::of(&Reply::parse(Bytes::from("*1\r\n*-1\r\n")).unwrap()), None);
        assert_eq!(Described::of(&Reply::parse(Bytes::from("-ERR no\r\n")).unwrap()), None);
        assert!(!described(0, 0, 0, "write").unwrap().is_fixed());
        let movable = described(2, 2, 1, "movablekeys").unwrap();
        assert!(movable.movable && !movable.is_fixed());
    }
}
