//! Lists, sets and sorted sets.

use crate::scalar::{Digits, Scalar};

use super::batch::Batch;
use super::number::write_score;
use super::place::Place;

/// Elements of a list, a set or a sorted set under way.
#[derive(Debug, Default)]
pub(super) struct RowWriter {
    pub(super) batch: Batch,
    command: &'static str,
    score: String,
}

impl RowWriter {
    pub(super) fn begin(&mut self, command: &'static str) {
        self.batch.clear();
        self.command = command;
    }

    /// Takes an element of a list or a set.
    pub(super) fn element(&mut self, element: Scalar<'_>, place: &mut Place<'_>) {
        self.make_room(element.len(), place);
        self.batch.add(&[element.as_bytes(&mut Digits::default())], self.command, place);
    }

    /// Takes a member of a sorted set.
    pub(super) fn scored(&mut self, member: Scalar<'_>, score: f64, place: &mut Place<'_>) {
        self.score.clear();
        write_score(score, &mut self.score);
        self.make_room(self.score.len() + member.len(), place);
        self.batch.add(&[self.score.as_bytes(), member.as_bytes(&mut Digits::default())], self.command, place);
    }

    pub(super) fn end(&mut self, place: &mut Place<'_>) {
        self.batch.flush(self.command, place);
    }

    /// Gives back what a giant took.
    pub(super) fn release(&mut self) {
        self.batch.release();
    }

    fn make_room(&mut self, bytes: usize, place: &mut Place<'_>) {
        if self.batch.is_full_for(bytes, place) {
            self.batch.flush(self.command, place);
        }
    }
}
