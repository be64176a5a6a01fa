//! Commands written as text.

use std::ops::Range;

use cluster_router::command::Args;

/// One command, in the shape in which a scanner hands it over.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) words: Vec<Vec<u8>>,
    buf: Vec<u8>,
    ranges: Vec<Range<usize>>,
}

impl Sample {
    /// Words separated by spaces; `''` is an empty one.
    pub(crate) fn parse(line: &str) -> Self {
        Self::new(line.split_whitespace().map(|word| if word == "''" { Vec::new() } else { word.into() }).collect())
    }

    pub(crate) fn new(words: Vec<Vec<u8>>) -> Self {
        let mut buf = Vec::new();
        let ranges = words.iter().map(|word| {
            let start = buf.len();
            buf.extend_from_slice(word);
            start..buf.len()
        });
        let ranges = ranges.collect();
        Self { words, buf, ranges }
    }

    pub(crate) fn args(&self) -> Args<'_> {
        Args::new(&self.buf, &self.ranges)
    }
}
