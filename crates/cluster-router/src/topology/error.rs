use std::fmt;

/// Why an answer about a cluster cannot be read: what is wrong, where, and in the middle of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopologyError {
    /// What is wrong.
    pub kind: TopologyErrorKind,
    /// Where.
    pub place: Place,
    /// What was being read, in plain words.
    pub reading: &'static str,
}

impl fmt::Display for TopologyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} while reading {}", self.kind, self.place, self.reading)
    }
}

impl std::error::Error for TopologyError {}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopologyErrorKind {
    /// A field or element that must be there is not.
    Missing,
    /// Something else stands there than what was expected.
    Malformed,
    /// The answer is not text.
    NotText,
    /// A number that is no slot, or a range that ends before it begins.
    BadSlot,
}

impl fmt::Display for TopologyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing field",
            Self::Malformed => "malformed field",
            Self::NotText => "bytes that are not UTF-8",
            Self::BadSlot => "slot out of range",
        })
    }
}

/// Where in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In this line of `CLUSTER NODES`, the first one being 1.
    Line(usize),
    /// In this element of `CLUSTER SHARDS` or `CLUSTER SLOTS`, the first one being 1.
    Entry(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Entry(entry) => write!(f, "entry {entry}"),
        }
    }
}
