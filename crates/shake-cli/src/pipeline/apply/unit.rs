use std::ops::Range;

use bytes::BytesMut;
use cluster_router::{Delivery, Outgoing, Phase, Route};
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

    /// The commands, given away.
    pub(super) fn into_commands(self) -> BytesMut {
        self.bytes
    }

    /// Submits it, unless there is nothing in it. Where it is `forgiving`, a data error is as good as a success.
    pub(super) fn submit(&self, address: Address, forgiving: bool, sink: &mut dyn Sink) {
        if self.is_empty() {
            return;
        }
        let Address { route, db, offset } = address;
        let commands = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let outgoing = Outgoing { db, forgiving, ..of_snapshot(route, commands, offset) };
        sink.submit(outgoing, &mut |out| {
            out.reserve(self.bytes.len() + MULTI_AND_EXEC);
            out.extend_from_slice(&self.bytes);
        });
    }
}

/// So many commands of a snapshot: what brings its keys may be repeated.
pub(super) fn of_snapshot(route: Route, commands: u32, offset: u64) -> Outgoing {
    let (phase, delivery) = (Phase::Snapshot, Delivery::Repeatable);
    Outgoing { route, commands, db: 0, phase, offset, forgiving: false, delivery }
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
