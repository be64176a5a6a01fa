//! Values that the target cannot load, as plain commands.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use rdb::{Entry, Key, RewriteError, RewriteErrorKind, RewriteOptions, Rewriter};

use super::error::ApplyErrorKind;
use super::in_place::{making_key, may_have_expired, put_in_place, put_name};
use super::losses::LossBook;
use super::restore::Restore;
use super::unit::{Frames, Unit};
use crate::pipeline::plan::ExistingKeys;

/// Writes whole values as plain commands: of each key one unit, so that nobody sees a part of it.
#[derive(Debug)]
pub(super) struct PlainWriter {
    rewriter: Rewriter,
    frames: Frames,
    out: BytesMut,
}

/// A whole value as commands.
#[derive(Debug)]
pub(super) struct PlainKey {
    pub(super) unit: Unit,
    /// Whether an error of the data is as good as a success.
    pub(super) forgiving: bool,
}

impl PlainWriter {
    pub(super) fn new(target: rdb::Target, restore: &Restore) -> Self {
        let options = options(restore).replace(true).max_output(LARGEST_UNIT);
        Self { rewriter: Rewriter::new(target, options), frames: Frames::new(), out: BytesMut::new() }
    }

    /// The commands that make this key, in place of one that is there or as `restore` says; `None` if they are too many
    /// for one unit.
    ///
    /// # Errors
    /// When there are no such commands, or something would be lost that must not be.
    pub(super) fn key(
        &mut self,
        entry: &Entry<'_>,
        restore: &Restore,
        book: &mut LossBook,
    ) -> Result<Option<PlainKey>, ApplyErrorKind> {
        let (key, existing) = (&entry.key, restore.existing);
        if existing == ExistingKeys::Replace {
            let unit = self.commands(entry, key, Unit::default(), book)?;
            return Ok(unit.map(|unit| PlainKey { unit, forgiving: false }));
        }
        let building = making_key(&restore.link, key.name);
        let mut renamed = key.clone();
        (renamed.name, renamed.expire_at_ms) = (&building, None);
        let mut unit = Unit::default();
        put_name(&mut unit, key);
        let unit = self.commands(&Entry::new(renamed, entry.value), key, unit, book)?;
        let Some(mut unit) = unit else { return Ok(None) };
        // Nothing behind UNLINK: nothing of the value is left, and what is at the target may stay.
        if unit.len() < 3 {
            return Ok(Some(PlainKey { unit: Unit::default(), forgiving: false }));
        }
        put_in_place(&mut unit, &building, key, existing);
        Ok(Some(PlainKey { unit, forgiving: may_have_expired(key, existing) }))
    }

    /// Appends `UNLINK` and the commands that make `entry`; `key` is what it is called in messages.
    fn commands(
        &mut self,
        entry: &Entry<'_>,
        key: &Key<'_>,
        mut unit: Unit,
        book: &mut LossBook,
    ) -> Result<Option<Unit>, ApplyErrorKind> {
        set_clock(&mut self.rewriter);
        self.out.clear();
        match self.rewriter.entry(entry, &mut self.out) {
            Ok(()) => {}
            Err(error) if error.kind() == RewriteErrorKind::TooLarge => return Ok(None),
            Err(error) => return Err(refused(key, &error)),
        }
        book.check(key.name, self.rewriter.losses())?;
        book.record(key.name, self.rewriter.losses());
        let mut at = 0;
        while let Some((frame, _)) = self.frames.first(self.out.get(at..).unwrap_or_default()) {
            unit.push_frame(frame);
            at += frame.len();
        }
        if self.out.capacity() > KEPT {
            self.out = BytesMut::new();
        }
        Ok(Some(unit))
    }
}

/// The settings that all rewriting to a target has in common.
pub(super) fn options(restore: &Restore) -> RewriteOptions {
    RewriteOptions::default().select(false).max_string(restore.longest_string())
}

/// Tells the time where fields do not expire: those that have would be there for good.
pub(super) fn set_clock(rewriter: &mut Rewriter) {
    if !rewriter.target().has_field_expiry() {
        rewriter.set_now_ms(now_ms());
    }
}

/// The time, as expiries are given.
pub(super) fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Why a key cannot be made by commands.
pub(super) fn refused(key: &Key<'_>, error: &RewriteError) -> ApplyErrorKind {
    ApplyErrorKind::NoCommands {
        key: key.name.escape_ascii().to_string(),
        value_type: key.value_type.name(),
        target: error.target(),
        why: error.kind(),
    }
}

/// More than this at once is built step by step.
const LARGEST_UNIT: usize = 4 << 20;

/// The memory that is kept from one key to the next.
const KEPT: usize = 256 << 10;
