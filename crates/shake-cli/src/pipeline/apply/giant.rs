//! A value that is too large to be held whole, built from parts.
//!
//! The parts go to a reserved key of the same slot, and when all are confirmed that is renamed in one unit with the
//! expiry. So nobody sees a part of the value, and it does not matter that a part whose reply is lost is sent again, with
//! all that was sent behind it, because each part says where it belongs:
//!
//! * The first one removes what is there. It is sent when nothing else is on its way, so it is repeated alone or together
//!   with all parts behind it.
//! * Elements of a list are appended behind a `LTRIM` to those that came before, in one unit.
//! * Pieces of a string are written at their offset (`SETRANGE`).
//! * Sets, sorted sets and hashes do not mind.
//! * Entries of a stream have their IDs, but one that went missing could not be added behind later ones. So there is one
//!   unit on its way at a time, and a unit that is repeated does nothing, or all that it did not do.
//! * The renaming waits for all of them, and the next giant for the renaming: a part that is repeated behind it would
//!   make the reserved key anew.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use cluster_router::{Phase, Position};
use rdb::{Rewriter, ValueKind};

use super::Sink;
use super::error::ApplyErrorKind;
use super::held_key::HeldKey;
use super::in_place::{building_key, may_have_expired, put_in_place, put_name};
use super::losses::LossBook;
use super::plain::{options, refused, set_clock};
use super::restore::Restore;
use super::unit::{Address, Frames, Unit};
use crate::pipeline::plan::ExistingKeys;

/// A value under construction.
#[derive(Debug)]
pub(super) struct Giant {
    key: HeldKey,
    building: Vec<u8>,
    address: Address,
    restore: Restore,
    rewriter: Rewriter,
    frames: Frames,
    /// Bytes of the value that the rewriter has not seen.
    pending: Bytes,
    /// How many it has seen.
    seen: u64,
    /// Commands of the rewriter that were not submitted.
    out: BytesMut,
    /// Whether all of the value is here.
    ended: bool,
    /// Whether the rewriter has said all.
    flushed: bool,
    /// Whether the first part was submitted.
    begun: bool,
    /// Elements of the list, or bytes of the string, in the parts so far.
    len: u64,
    rounds: Rounds,
}

/// What stands in the way of the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pumped {
    /// The target: too much is on its way, or what is has to be confirmed first.
    Waiting,
    /// More of the value has to come.
    Hungry,
    /// Nothing: the value was submitted to its end.
    Done,
}

impl Giant {
    /// A value of which nothing was written; `start` is the position before its record.
    pub(super) fn new(key: HeldKey, address: Address, start: Position, target: rdb::Target, restore: &Restore) -> Self {
        let building = building_key(&restore.link, &key.name);
        let options = options(restore)
            .max_output(usize::MAX)
            .max_gathered(restore.max_whole / 2)
            .max_gathered_output(restore.max_whole);
        let mut giant = Self {
            rewriter: Rewriter::new(target, options),
            building,
            address,
            restore: restore.clone(),
            frames: Frames::new(),
            pending: Bytes::new(),
            seen: 0,
            out: BytesMut::new(),
            ended: false,
            flushed: false,
            begun: false,
            len: 0,
            rounds: Rounds { start, count: 0, points: VecDeque::new() },
            key,
        };
        set_clock(&mut giant.rewriter);
        giant
    }

    /// Starts the rewriter.
    ///
    /// # Errors
    /// When no commands make a value of this type.
    pub(super) fn begin(&mut self) -> Result<(), ApplyErrorKind> {
        let mut key = self.key.as_key();
        key.name = &self.building;
        key.expire_at_ms = None;
        let begun = self.rewriter.begin(&key, &mut self.out);
        begun.map_err(|error| refused(&self.key.as_key(), &error))
    }

    /// Takes the next bytes of the value, when it is [hungry](Pumped::Hungry).
    pub(super) fn chunk(&mut self, bytes: Bytes) {
        debug_assert!(self.pending.is_empty(), "it was asked for more");
        self.pending = bytes;
    }

    /// That was all of it.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Submits as much as can be.
    ///
    /// # Errors
    /// When no commands make the rest of the value, or something of it would be lost that must not be.
    pub(super) fn pump(&mut self, sink: &mut dyn Sink, book: &mut LossBook) -> Result<Pumped, ApplyErrorKind> {
        loop {
            if !self.out.is_empty() {
                if !self.may_submit(sink) {
                    return Ok(Pumped::Waiting);
                }
                self.submit_part(sink)?;
            } else if !self.pending.is_empty() {
                self.rewrite(book)?;
            } else if !self.ended {
                return Ok(Pumped::Hungry);
            } else if !self.flushed {
                self.flush(book)?;
            } else if sink.has_room() && sink.is_idle() {
                self.finish(sink);
                return Ok(Pumped::Done);
            } else {
                return Ok(Pumped::Waiting);
            }
            if self.out.is_empty() {
                self.rounds.end(self.key.value_offset + self.seen, sink);
            }
        }
    }

    /// Up to where the snapshot is not needed any more when the round with this index is confirmed.
    pub(super) fn release_point(&mut self, index: u32) -> Option<u64> {
        self.rounds.release_point(index)
    }

    /// Removes what was built: the rest of the value will not come.
    pub(super) fn abandon(&self, sink: &mut dyn Sink) {
        if self.begun {
            let mut unit = Unit::default();
            unit.push(&[b"UNLINK", &self.building]);
            unit.submit(self.address, false, sink);
        }
    }

    fn may_submit(&self, sink: &dyn Sink) -> bool {
        let alone = !self.begun || self.kind() == ValueKind::Stream;
        sink.has_room() && (!alone || sink.is_idle())
    }

    /// Makes commands of some of what is pending.
    fn rewrite(&mut self, book: &LossBook) -> Result<(), ApplyErrorKind> {
        let slice = self.pending.split_to(self.pending.len().min(SLICE));
        self.seen += slice.len() as u64;
        let written = self.rewriter.chunk(&slice, &mut self.out);
        written.map_err(|error| refused(&self.key.as_key(), &error))?;
        book.check(&self.key.name, self.rewriter.losses())
    }

    /// Makes the last commands.
    fn flush(&mut self, book: &mut LossBook) -> Result<(), ApplyErrorKind> {
        self.flushed = true;
        self.rewriter.end(&mut self.out).map_err(|error| refused(&self.key.as_key(), &error))?;
        book.check(&self.key.name, self.rewriter.losses())?;
        book.record(&self.key.name, self.rewriter.losses());
        Ok(())
    }

    /// Submits what belongs together of the rewriter's commands.
    fn submit_part(&mut self, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        let mut unit = Unit::default();
        if !self.begun {
            unit.push(&[b"UNLINK", &self.building]);
        }
        while let Some(len) = self.put_next(&mut unit)? {
            self.out.advance(len);
            // The first part takes all there is: of a stream that was gathered, that is all.
            let full = match self.kind() {
                ValueKind::Stream => unit.bytes() >= STREAM_UNIT,
                _ => true,
            };
            if self.begun && full {
                break;
            }
        }
        self.begun = true;
        if self.out.is_empty() {
            self.out = BytesMut::new();
        }
        unit.submit(self.address, false, sink);
        Ok(())
    }

    /// Appends the next of the rewriter's commands so that it can be repeated, and answers how long it was.
    fn put_next(&mut self, unit: &mut Unit) -> Result<Option<usize>, ApplyErrorKind> {
        let Some((frame, words)) = self.frames.first(&self.out) else { return Ok(None) };
        let word = |index: usize| words.get(index).and_then(|word| frame.get(word.clone())).unwrap_or_default();
        if let Some(len) = words.iter().map(ExactSizeIterator::len).find(|&len| len > self.restore.max_bulk) {
            return Err(ApplyErrorKind::TooLong { key: self.key.shown(), len: len as u64 });
        }
        match word(0) {
            b"RPUSH" => {
                if self.len > 0 {
                    let last = (self.len - 1).to_string();
                    unit.push(&[b"LTRIM", &self.building, b"0", last.as_bytes()]);
                }
                unit.push_frame(frame);
                self.len += words.len().saturating_sub(2) as u64;
            }
            b"SET" | b"APPEND" => {
                let offset = self.len.to_string();
                unit.push(&[b"SETRANGE", &self.building, offset.as_bytes(), word(2)]);
                self.len += word(2).len() as u64;
            }
            _ => unit.push_frame(frame),
        }
        Ok(Some(frame.len()))
    }

    /// Gives the value its name.
    fn finish(&self, sink: &mut dyn Sink) {
        let (key, existing) = (self.key.as_key(), self.restore.existing);
        let mut unit = Unit::default();
        if self.begun {
            put_name(&mut unit, &key);
            put_in_place(&mut unit, &self.building, &key, existing);
        } else if existing == ExistingKeys::Replace {
            // Nothing of the value is left: all of it has expired.
            unit.push(&[b"UNLINK", key.name]);
        }
        unit.submit(self.address, may_have_expired(&key, existing), sink);
    }

    fn kind(&self) -> ValueKind {
        self.key.value_type.kind()
    }
}

/// The rounds within a value. Their positions are that before the value, with an index: to go on from one of them is to
/// go on with the whole value. They only tell that the bytes of confirmed parts need not be kept.
#[derive(Debug)]
struct Rounds {
    start: Position,
    count: u32,
    /// For each round that may not be confirmed, where it ends in the snapshot.
    points: VecDeque<(u32, u64)>,
}

impl Rounds {
    fn end(&mut self, offset: u64, sink: &mut dyn Sink) {
        if self.points.back().is_some_and(|&(_, last)| last == offset) {
            return;
        }
        self.count = self.count.saturating_add(1);
        self.points.push_back((self.count, offset));
        sink.end_round(Position { phase: Phase::Snapshot, index: self.count, ..self.start });
    }

    fn release_point(&mut self, index: u32) -> Option<u64> {
        let mut found = None;
        while let Some(&(round, offset)) = self.points.front().filter(|(round, _)| *round <= index) {
            found = (round == index).then_some(offset);
            self.points.pop_front();
        }
        found
    }
}

/// How much of the value is made into commands before it is looked whether there is room for them: compressed and packed,
/// it may be a tenth of what it becomes.
const SLICE: usize = 64 << 10;

/// How many bytes of a stream are one unit.
const STREAM_UNIT: usize = 1 << 20;
