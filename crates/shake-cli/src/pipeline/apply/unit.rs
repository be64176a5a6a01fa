use std::ops::Range;

use bytes::BytesMut;
use cluster_router::{Outgoing, Phase, Route};
use resp::{CommandScanner, Limits};

use super::Sink;

/// Commands of one slot that take effect together or not at all: one alone, or a transaction.
#[derive(Debug, Default)]
pub(super) struct Unit {
    bytes: BytesMut,
    /// Where each command ends.
    ends: Vec<usize>,
}

/// Where a unit goes, and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub(super) route: Route,
    pub(super) db: u32,
    /// The offset in the snapshot that messages name.
    pub(super) offset: u64,
}

impl Unit {
    /// Appends a command.
    pub(super) fn push(&mut self, words: &[&[u8]]) {
        resp::put_command(&mut self.bytes, words);
        self.ends.push(self.bytes.len());
    }

    /// Appends a command that is encoded already.
    pub(super) fn push_frame(&mut self, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many commands there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of the commands.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The commands, encoded, one behind the other.
    pub(super) fn commands(&self) -> &[u8] {
        &self.bytes
    }

    /// The commands, encoded.
    #[cfg(test)]
    pub(super) fn frames(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.bytes.get(start..end).unwrap_or_default())
    }

    /// How many replies it gets.
    pub(super) fn replies(&self) -> u32 {
        let commands = u32::try_from(self.len()).unwrap_or(u32::MAX - 2);
        if commands == 1 { 1 } else { commands + 2 }
    }

    /// Appends it as it is sent.
    pub(super) fn put(&self, out: &mut BytesMut) {
        out.reserve(self.bytes.len() + MULTI_AND_EXEC);
        if self.len() > 1 {
            resp::put_command(out, &["MULTI"]);
        }
        out.extend_from_slice(&self.bytes);
        if self.len() > 1 {
            resp::put_command(out, &["EXEC"]);
        }
    }

    /// Submits it, unless there is nothing in it. Where it is `forgiving`, a data error is as good as a success.
    pub(super) fn submit(&self, address: Address, forgiving: bool, sink: &mut dyn Sink) {
        if self.is_empty() {
            return;
        }
        let Address { route, db, offset } = address;
        let outgoing = Outgoing { route, replies: self.replies(), db, phase: Phase::Snapshot, offset, forgiving };
        sink.submit(outgoing, &mut |out| self.put(out));
    }
}

const MULTI_AND_EXEC: usize = 32;

/// Takes commands of our own making apart.
#[derive(Debug)]
pub(super) struct Frames(CommandScanner);

impl Frames {
    pub(super) fn new() -> Self {
        // What the target takes is for the target to say.
        Self(CommandScanner::new(Limits { max_bulk: usize::MAX, ..Limits::SERVER }))
    }

    /// The first command of `bytes` and its words, if there is any.
    pub(super) fn first<'a>(&mut self, bytes: &'a [u8]) -> Option<(&'a [u8], &[Range<usize>])> {
        let len = self.0.scan(bytes).ok().flatten().filter(|&len| len > 0)?;
        Some((bytes.get(..len)?, self.0.args()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_is_no_transaction() {
        let mut unit = Unit::default();
        unit.push(&[b"DEL", b"a"]);
        let mut out = BytesMut::new();
        unit.put(&mut out);
        assert_eq!((&out[..], unit.replies()), (&b"*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"[..], 1));
        unit.push_frame(b"*1\r\n$4\r\nPING\r\n");
        out.clear();
        unit.put(&mut out);
        let text = String::from_utf8_lossy(&out);
        assert!(text.starts_with("*1\r\n$5\r\nMULTI\r\n*2\r\n") && text.ends_with("PING\r\n*1\r\n$4\r\nEXEC\r\n"));
        assert_eq!((unit.replies(), unit.frames().count()), (4, 2));
    }
}
