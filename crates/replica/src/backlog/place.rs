use std::fmt;

/// A boundary between two bytes of what a source sent, comparable over everything it ever sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// How many full resyncs came before and with it. Offsets of two generations have nothing to do with each other.
    pub generation: u64,
    /// Which part of the generation it lies in.
    pub phase: Phase,
    /// In the snapshot: how many of its bytes lie before. In the stream: the replication offset that is covered.
    pub offset: u64,
}

impl Place {
    /// The boundary before the first byte of a generation's snapshot.
    #[must_use]
    pub const fn snapshot_start(generation: u64) -> Self {
        Self { generation, phase: Phase::Snapshot, offset: 0 }
    }

    /// The boundary behind the byte number `offset` of a generation's stream.
    #[must_use]
    pub const fn stream(generation: u64, offset: u64) -> Self {
        Self { generation, phase: Phase::Stream, offset }
    }

    /// The place `len` bytes further on in the same phase.
    #[must_use]
    pub const fn advanced(self, len: usize) -> Self {
        Self { offset: self.offset.saturating_add(len as u64), ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.generation, self.phase, self.offset)
    }
}

/// The two parts of a generation, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The RDB bytes.
    Snapshot,
    /// The commands after it.
    Stream,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Snapshot => "snapshot",
            Self::Stream => "stream",
        })
    }
}
