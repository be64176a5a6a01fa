//! The lines that a primary starts replication with.

use crate::{Offset, ReplId};

/// What a primary answers to PSYNC when it agrees.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PsyncReply {
    FullResync { replid: ReplId, offset: Offset },
    Continue { replid: Option<ReplId> },
}

impl PsyncReply {
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let mut words = line.split(|&b| b == b' ').filter(|word| !word.is_empty());
        let reply = match words.next()? {
            b"+FULLRESYNC" => {
                let replid = ReplId::parse(words.next()?)?;
                Self::FullResync { replid, offset: Offset(number(words.next()?)?) }
            }
            b"+CONTINUE" => match words.next() {
                Some(replid) => Self::Continue { replid: Some(ReplId::parse(replid)?) },
                None => Self::Continue { replid: None },
            },
            _ => return None,
        };
        words.next().is_none().then_some(reply)
    }
}

/// How a snapshot ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SnapshotHeader {
    Len(u64),
    Mark([u8; MARK_LEN]),
}

impl SnapshotHeader {
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(b"$")?;
        match line.strip_prefix(b"EOF:") {
            Some(mark) => mark.try_into().ok().map(Self::Mark),
            None => number(line).map(Self::Len),
        }
    }
}

/// Length of the mark behind a snapshot of unknown length (`CONFIG_RUN_ID_SIZE`).
pub(super) const MARK_LEN: usize = 40;

fn number(digits: &[u8]) -> Option<u64> {
    // `parse` alone would take a plus sign as well.
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn replies_to_psync() {
        let replid = ReplId::parse(ID.as_bytes()).unwrap();
        let parse = |line: &str| PsyncReply::parse(line.as_bytes());
        let full = PsyncReply::FullResync { replid, offset: Offset(1260) };
        assert_eq!(parse(&format!("+FULLRESYNC {ID} 1260")), Some(full));
        assert_eq!(parse(&format!("+CONTINUE {ID}")), Some(PsyncReply::Continue { replid: Some(replid) }));
        assert_eq!(parse("+CONTINUE"), Some(PsyncReply::Continue { replid: None }));
        for bad in ["", "+", "+OK", "+CONTINUE x", "+FULLRESYNC", "+DUALCHANNELSYNC"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        for bad in ["", " x", " -1", " +1", " 1 2", " 99999999999999999999"] {
            assert_eq!(parse(&format!("+FULLRESYNC {ID}{bad}")), None, "{bad:?}");
        }
    }

    #[test]
    fn snapshot_headers() {
        assert_eq!(SnapshotHeader::parse(b"$0"), Some(SnapshotHeader::Len(0)));
        assert_eq!(SnapshotHeader::parse(b"$18446744073709551615"), Some(SnapshotHeader::Len(u64::MAX)));
        let mark = ID.as_bytes().try_into().unwrap();
        assert_eq!(SnapshotHeader::parse(format!("$EOF:{ID}").as_bytes()), Some(SnapshotHeader::Mark(mark)));
        for bad in ["", "$", "$-1", "$EOF:", "$EOF:abc", "$ENDOFF:1 2 3 4", "+OK"] {
            assert_eq!(SnapshotHeader::parse(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
