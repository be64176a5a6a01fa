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
//! * The renaming waits for all of them, and whatever comes next for the renaming: a part that is repeated behind it would
//!   make the reserved key anew. And the reserved key may be gone by then, because all of the value has expired, or
//!   because somebody removed it; then the old value has to go before the stream goes on, or it has to be said.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use cluster_router::Position;
use rdb::{Rewriter, ValueKind};

use super::Sink;
use super::error::ApplyErrorKind;
use super::field_expiry::FieldExpiry;
use super::held_key::HeldKey;
use super::in_place::{building_key, may_have_expired, put_in_place, put_name};
use super::losses::LossBook;
use super::plain::{now_ms, options, refused, set_clock};
use super::restore::Restore;
use super::rounds::Rounds;
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
    pending: VecDeque<Bytes>,
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
    field_expiry: FieldExpiry,
    /// Whether the renaming was submitted.
    named: bool,
    /// Whether what is under the value's own name has to go, because there is nothing that would take its place.
    outdated: bool,
    rounds: Rounds,
}

/// What stands in the way of the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pumped {
    /// The target: too much is on its way, or what is has to be confirmed first.
    Waiting,
    /// More of the value has to come.
    Hungry,
    /// Nothing: the value is there.
    Done,
}

/// Why there was nothing that could get the value's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// All of the value of this key has expired meanwhile.
    Expired(String),
    /// Somebody removed what was built of this key.
    Removed(String),
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
            pending: VecDeque::new(),
            seen: 0,
            out: BytesMut::new(),
            ended: false,
            flushed: false,
            begun: false,
            len: 0,
            field_expiry: FieldExpiry::default(),
            named: false,
            outdated: false,
            rounds: Rounds::new(start),
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

    /// Takes the next bytes of the value.
    pub(super) fn chunk(&mut self, bytes: Bytes) {
        self.pending.push_back(bytes);
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
            } else if !sink.has_room() || !sink.is_idle() {
                return Ok(Pumped::Waiting);
            } else if !self.named {
                self.named = true;
                self.finish(sink);
            } else if std::mem::take(&mut self.outdated) {
                self.unlink(&self.key.name, sink);
            } else {
                return Ok(Pumped::Done);
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

    /// The reserved key, once there may be something under it.
    pub(super) fn built(&self) -> Option<&[u8]> {
        self.begun.then_some(&self.building)
    }

    /// Removes what was built: the rest of the value will not come.
    pub(super) fn abandon(&self, sink: &mut dyn Sink) {
        if self.begun {
            self.unlink(&self.building, sink);
        }
    }

    /// The target had nothing to rename. Answers why; nothing where that was not asked of it.
    pub(super) fn missing(&mut self) -> Option<Missing> {
        if !self.named {
            return None;
        }
        let key = self.key.shown();
        if self.gone_at_ms().is_none_or(|at| at > now_ms()) {
            return Some(Missing::Removed(key));
        }
        self.outdated = self.restore.replaces();
        Some(Missing::Expired(key))
    }

    /// When nothing is left of the value, if that comes.
    fn gone_at_ms(&self) -> Option<i64> {
        [self.key.expire_at_ms, self.field_expiry.all_gone_at_ms()].into_iter().flatten().min()
    }

    fn unlink(&self, key: &[u8], sink: &mut dyn Sink) {
        let mut unit = Unit::default();
        unit.push(&[b"UNLINK", key]);
        unit.submit(self.address, false, sink);
    }

    fn may_submit(&self, sink: &dyn Sink) -> bool {
        let alone = !self.begun || self.kind() == ValueKind::Stream;
        sink.has_room() && (!alone || sink.is_idle())
    }

    /// Makes commands of some of what is pending.
    fn rewrite(&mut self, book: &LossBook) -> Result<(), ApplyErrorKind> {
        let Some(mut slice) = self.pending.pop_front() else { return Ok(()) };
        if slice.len() > SLICE {
            self.pending.push_front(slice.split_off(SLICE));
        }
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
        self.field_expiry.note(words.len(), word);
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

/// How much of the value is made into commands before it is looked whether there is room for them: compressed and packed,
/// it may be a tenth of what it becomes.
const SLICE: usize = 64 << 10;

/// How many bytes of a stream are one unit.
const STREAM_UNIT: usize = 1 << 20;
