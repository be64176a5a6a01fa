use cluster_router::SlotSet;
use resp::Reply;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::owned::{Answer, Owned};
use super::{At, Errand, Running, Settled};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::error::{ApplyError, ApplyErrorKind};
use crate::pipeline::shard_slots::{ShardSlots, SlotsError};

/// Runs the errands of one link, one at a time.
pub(in crate::pipeline::apply) struct Errands {
    /// What the source's shard owns.
    owned: Owned,
    standalone: bool,
    node: String,
    current: Option<Current>,
}

struct Current {
    running: Running,
    at: At,
    begun: Instant,
    /// Whether anything was submitted for it.
    submitted: bool,
    /// Slots for which it is done.
    covered: SlotSet,
    /// Whether it is about what a copy has not brought.
    is_rest: bool,
}

/// How the source's answer is waited for.
#[derive(Debug)]
pub(in crate::pipeline::apply) enum Asked {
    /// The slots are known.
    Known,
    /// It has to be asked again.
    Again(SlotsError),
    /// They will never be: the link has ended.
    Never,
}

impl Errands {
    /// For the link of a node to a target that is one server, or not; `link_ended` fires when nothing more comes from the
    /// node.
    pub(in crate::pipeline::apply) fn new(
        node: String,
        source: ShardSlots,
        link_ended: CancellationToken,
        standalone: bool,
    ) -> Self {
        Self { owned: Owned::new(source, link_ended), standalone, node, current: None }
    }

    pub(in crate::pipeline::apply) fn is_running(&self) -> bool {
        self.current.is_some()
    }

    /// Whether none is at hand that has yet to submit its first command.
    pub(in crate::pipeline::apply) fn has_begun(&self) -> bool {
        self.current
            .as_ref()
            .is_none_or(|current| current.submitted || matches!(current.running, Running::AfterLink(_)))
    }

    /// The other link is past what the errand at hand waits for.
    pub(in crate::pipeline::apply) fn link_is_past(&mut self) {
        if let Some(Current { running: Running::AfterLink(past), .. }) = &mut self.current {
            *past = true;
        }
    }

    /// Begins an errand of the command that ends at that offset; for some slots it was done before.
    pub(in crate::pipeline::apply) fn begin(&mut self, errand: Errand, offset: u64, covered: SlotSet) {
        let at = At { offset };
        let is_rest = matches!(errand, Errand::SweepAllBut(_));
        let running = Running::begin(errand, at);
        if running.wants_slots() {
            self.owned.want();
        }
        self.current = Some(Current { running, at, begun: Instant::now(), submitted: false, covered, is_rest });
    }

    /// Submits what is due. To be called while there is room.
    pub(in crate::pipeline::apply) fn advance(&mut self, sink: &mut dyn Sink) {
        if let Some(current) = &mut self.current {
            current.submitted = true;
            current.running.advance(sink);
        }
    }

    /// Takes an answer of the target.
    pub(in crate::pipeline::apply) fn answer(&mut self, token: u64, reply: &Reply) -> Result<(), ApplyError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let answered = current.running.answer(token, reply);
        answered.map_err(|kind: ApplyErrorKind| ApplyError::at_offset(kind, current.at.offset))
    }

    /// Something stood in the way at the target.
    pub(in crate::pipeline::apply) fn interrupted(&mut self) {
        if let Some(current) = &mut self.current {
            current.running.interrupted();
        }
    }

    /// What came of the errand, when it is done.
    pub(in crate::pipeline::apply) fn settled(&mut self) -> Option<Settled> {
        let settled = self.current.as_mut()?.running.settled()?;
        let current = self.current.take()?;
        if let Settled::Swept(keys) = settled {
            let (offset, millis) = (current.at.offset, current.begun.elapsed().as_millis());
            let what = if current.is_rest { "the source does not have" } else { "a flush at the source has emptied" };
            info!(source = %self.node, offset, keys, "deleted what {what}, in {millis} ms");
        }
        Some(settled)
    }

    /// Waits for the source's answer, when there is a question to it. Dropping the future loses nothing.
    pub(in crate::pipeline::apply) async fn asked(&mut self) -> Asked {
        let slots = match self.owned.answer().await {
            Answer::Fresh(slots) => slots,
            Answer::Old(slots, age) => {
                let age = age.as_secs();
                warn!(
                    source = %self.node,
                    "the source does not say which slots it owns: a flush empties those that it owned {age} s ago"
                );
                slots
            }
            Answer::Failed(error) => return Asked::Again(error),
            Answer::Never => return Asked::Never,
        };
        if let Some(current) = &mut self.current {
            let mut slots = slots;
            slots.subtract(&current.covered);
            current.running.slots(&slots, self.standalone, current.at);
        }
        Asked::Known
    }
}
