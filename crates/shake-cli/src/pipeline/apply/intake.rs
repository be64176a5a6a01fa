//! What an applier takes from its backlog.

use cluster_router::{Phase, Position, Router, Slot, SlotSet};
use replica::{History, Piece, Place, UnixMillis};
use tracing::{info, warn};

use super::applier::{Applier, Applying, Barrier};
use super::errand::Errand;
use super::error::{ApplyError, ApplyErrorKind};
use super::telling::{say, say_left};
use super::{Left, Remark, SnapshotApplier};
use crate::pipeline::plan::ExtraKeys;

/// The slots that are beyond `offset`: what is done for them there is done already. Where there is one lane for all, they
/// are all where the first is.
fn covered(router: &Router, offset: u64, one_lane: bool) -> SlotSet {
    let Some(replay) = router.replaying() else { return SlotSet::new() };
    let is_covered = |slot: Slot| replay.covered(slot).is_some_and(|at| at.offset >= offset);
    if one_lane {
        return if is_covered(Slot::MIN) { SlotSet::all() } else { SlotSet::new() };
    }
    Slot::all().filter(|&slot| is_covered(slot)).collect()
}

impl Applier {
    pub(super) fn take(&mut self, piece: Piece) -> Result<(), ApplyError> {
        match piece {
            Piece::History(history) => self.begin(&history)?,
            Piece::Bytes { bytes, received, .. } => self.feed(&bytes, received)?,
            Piece::SnapshotEnd { next } => self.end_snapshot(next)?,
        }
        Ok(())
    }

    /// Submits what was taken and had to wait.
    pub(super) fn catch_up(&mut self) -> Result<(), ApplyError> {
        if self.behind {
            self.advance_snapshot()?;
        }
        Ok(())
    }

    fn advance_snapshot(&mut self) -> Result<(), ApplyError> {
        let Applying::Snapshot(applier) = &mut self.phase else { return Ok(()) };
        self.behind = !applier.advance(&mut self.router)?;
        self.progress.snapshot(applier.bytes(), applier.keys());
        for remark in applier.take_remarks() {
            say(&self.node, &remark);
        }
        Ok(())
    }

    fn begin(&mut self, history: &History) -> Result<(), ApplyError> {
        self.generation = history.generation;
        self.router.set_generation(history.generation);
        if history.resumed {
            self.marks.renamed(history.replid);
            return Ok(());
        }
        if history.generation > 1 && !self.restore.replaces() {
            return Err(ApplyError::at_offset(ApplyErrorKind::SecondCopy, history.offset.0));
        }
        self.progress.begin_snapshot(history.len);
        self.peers.forget_doubts(&mut self.router);
        self.backlog.keep(0);
        if let Applying::Snapshot(applier) = &self.phase {
            applier.abandon(&mut self.router);
        }
        let mut applier = SnapshotApplier::new(self.settings.target, self.restore.clone(), history.generation);
        self.copied = None;
        if self.deletes_extra_keys() {
            info!(source = %self.node, "keys of the target that the source does not have will be deleted when all are copied");
            applier.note_keys();
        }
        self.phase = Applying::Snapshot(Box::new(applier));
        // No key of it is written before every node knows that what it had is void.
        self.router.report_losses(false);
        self.marks.begin(history.generation, history.replid);
        self.barrier = Some(Barrier::Marks);
        Ok(())
    }

    fn feed(&mut self, bytes: &[u8], received: UnixMillis) -> Result<(), ApplyError> {
        match &mut self.phase {
            Applying::Nothing => return Err(ApplyError::at_offset(ApplyErrorKind::NoHistory, 0)),
            Applying::Snapshot(applier) => {
                applier.feed(bytes);
                self.advance_snapshot()?;
            }
            Applying::Stream(applier) => {
                let errand = applier.feed(bytes, received, &mut self.router)?;
                self.streamed(errand);
            }
        }
        Ok(())
    }

    /// After bytes of the stream were taken, or what they waited for was settled.
    pub(super) fn streamed(&mut self, errand: Option<Errand>) {
        let Applying::Stream(applier) = &mut self.phase else { return };
        self.progress.commands(applier.applied());
        for left in applier.take_left() {
            if matches!(left, Left::CrossSlot { .. }) {
                self.progress.skip();
            }
            say_left(&self.node, &left);
        }
        for lost in applier.take_losses() {
            say(&self.node, &Remark::Lost(lost));
        }
        self.peers.doubt(applier.take_doubts(), &mut self.router);
        if let Some(Errand::AfterLink(link)) = &errand {
            self.peers.flush(*link);
        }
        if let Some(errand) = errand {
            let offset = applier.offset();
            let one_lane = self.settings.target.is_standalone();
            self.errands.begin(errand, offset, covered(&self.router, offset, one_lane));
        }
    }

    /// What the source no longer has is at the target only where something was copied before.
    fn deletes_extra_keys(&self) -> bool {
        match self.extra_keys {
            ExtraKeys::Delete => true,
            ExtraKeys::Keep => false,
            ExtraKeys::DeleteOwn => self.generation > 1,
        }
    }

    fn end_snapshot(&mut self, next: Place) -> Result<(), ApplyError> {
        let mut begin =
            Position { generation: self.generation, phase: Phase::Stream, offset: next.offset, ..Position::default() };
        if let Applying::Snapshot(applier) = &mut self.phase {
            applier.finish()?;
            self.copied = applier.take_noted();
            begin.db = applier.stream_db();
            let (bytes, keys) = (applier.bytes(), applier.keys());
            info!(source = %self.node, bytes, keys, offset = next.offset, "the snapshot is read; following the stream");
            for (kind, count) in applier.losses().iter() {
                warn!(source = %self.node, count, "not carried over: {}", kind.name());
            }
        }
        self.follow_stream(begin);
        self.barrier = Some(Barrier::Confirmed(begin));
        Ok(())
    }
}
