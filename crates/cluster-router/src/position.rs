use std::fmt;

/// How far a link has come: a place between two commands of one source shard's history.
///
/// Positions of one generation are in the order in which their commands must take effect. A generation starts with
/// each full resync; offsets of different generations say nothing about each other, and the later generation is
/// greater whatever its offsets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Counts the full resyncs of the link.
    pub generation: u64,
    /// Snapshot or stream: the whole snapshot comes first.
    pub phase: Phase,
    /// Bytes of the snapshot that are covered, or the replication offset that is: the number of the last byte.
    pub offset: u64,
    /// Commands covered of the group that starts at `offset`; zero outside groups.
    pub index: u32,
    /// The database that is selected here: after a partial resync a source does not repeat its `SELECT`.
    pub db: u32,
}

/// The part of a history that a position is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Phase {
    /// In the snapshot that a full resync starts with.
    #[default]
    Snapshot,
    /// In the stream of commands behind it.
    Stream,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.phase {
            Phase::Snapshot => write!(f, "snapshot byte {}", self.offset),
            Phase::Stream => write!(f, "offset {}", self.offset),
        }?;
        if self.generation > 1 { write!(f, " of generation {}", self.generation) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generation_then_phase_then_offset() {
        let at = |generation, phase, offset| Position { generation, phase, offset, ..Position::default() };
        let ordered = [
            at(1, Phase::Snapshot, 9),
            at(1, Phase::Stream, 3),
            at(1, Phase::Stream, 4),
            at(2, Phase::Snapshot, 0),
            at(2, Phase::Stream, 1),
        ];
        assert!(ordered.is_sorted());
    }
}
