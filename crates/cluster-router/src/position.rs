use std::fmt;
use std::str::FromStr;

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
    /// Within the commands that end at `offset`, or within the value that begins there: how many parts are covered.
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

impl Position {
    /// The text under which a position is kept: `generation:phase:offset:index:db`.
    ///
    /// # Examples
    /// ```
    /// use cluster_router::{Phase, Position};
    /// let position = Position { generation: 2, phase: Phase::Stream, offset: 4711, index: 0, db: 3 };
    /// assert_eq!(position.to_record(), "2:stream:4711:0:3");
    /// assert_eq!("2:stream:4711:0:3".parse(), Ok(position));
    /// ```
    #[must_use]
    pub fn to_record(&self) -> String {
        let Self { generation, phase, offset, index, db } = self;
        let phase = if *phase == Phase::Stream { STREAM } else { SNAPSHOT };
        format!("{generation}:{phase}:{offset}:{index}:{db}")
    }
}

impl FromStr for Position {
    type Err = BadPosition;

    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let bad = || BadPosition(text.into());
        let mut fields = text.split(':');
        let mut field = || fields.next().ok_or_else(bad);
        let number = |text: &str| text.parse().map_err(|_| bad());
        let generation = number(field()?)?;
        let phase = match field()? {
            STREAM => Phase::Stream,
            SNAPSHOT => Phase::Snapshot,
            _ => return Err(bad()),
        };
        let offset = number(field()?)?;
        let mut small = || field()?.parse().map_err(|_| bad());
        let position = Self { generation, phase, offset, index: small()?, db: small()? };
        if fields.next().is_some() { Err(bad()) } else { Ok(position) }
    }
}

/// A text is no [record of a position](Position::to_record).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no position: {0:?}")]
pub struct BadPosition(Box<str>);

const STREAM: &str = "stream";
const SNAPSHOT: &str = "snapshot";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_record() {
        for bad in ["", "1", "1:stream:2:3", "1:stream:2:3:4:5", "1:later:2:3:4", "-1:stream:2:3:4", "1:stream:x:3:4"] {
            assert_eq!(bad.parse::<Position>(), Err(BadPosition(bad.into())));
        }
        let position = Position { generation: u64::MAX, offset: 5, ..Position::default() };
        assert_eq!(position.to_record().parse(), Ok(position));
    }

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
