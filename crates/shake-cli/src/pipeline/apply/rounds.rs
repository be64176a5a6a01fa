use std::collections::VecDeque;

use cluster_router::{Phase, Position};

use super::Sink;

/// The rounds within a value. Their positions are that before the value, with an index: to go on from one of them is to
/// go on with the whole value. They only tell that the bytes of confirmed parts need not be kept.
#[derive(Debug)]
pub(super) struct Rounds {
    start: Position,
    count: u32,
    /// For each round that may not be confirmed, where it ends in the snapshot.
    points: VecDeque<(u32, u64)>,
}

impl Rounds {
    /// Those of a value whose record begins at `start`.
    pub(super) fn new(start: Position) -> Self {
        Self { start, count: 0, points: VecDeque::new() }
    }

    /// The value is submitted up to `offset` of the snapshot.
    pub(super) fn end(&mut self, offset: u64, sink: &mut dyn Sink) {
        if self.points.back().is_some_and(|&(_, last)| last == offset) {
            return;
        }
        self.count = self.count.saturating_add(1);
        self.points.push_back((self.count, offset));
        sink.end_round(Position { phase: Phase::Snapshot, index: self.count, ..self.start });
    }

    /// Up to where the snapshot is not needed any more when the round with this index is confirmed.
    pub(super) fn release_point(&mut self, index: u32) -> Option<u64> {
        let mut found = None;
        while let Some(&(round, offset)) = self.points.front().filter(|(round, _)| *round <= index) {
            found = (round == index).then_some(offset);
            self.points.pop_front();
        }
        found
    }
}
