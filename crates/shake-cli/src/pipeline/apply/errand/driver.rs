use std::future::pending;
use std::time::Duration;

use cluster_router::{BoxFuture, SlotSet};
use resp::Reply;
use tokio::time::{Instant, sleep};
use tracing::info;

use super::{At, Errand, Running, Settled};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::error::{ApplyError, ApplyErrorKind};
use crate::pipeline::shard_slots::{ShardSlots, SlotsError};

/// Runs the errands of one link, one at a time.
pub(in crate::pipeline::apply) struct Errands {
    /// What the source's shard owns.
    source: ShardSlots,
    standalone: bool,
    node: String,
    current: Option<Current>,
}

struct Current {
    running: Running,
    at: At,
    begun: Instant,
    /// The question to the source, when there is one.
    asking: Option<BoxFuture<'static, Result<SlotSet, SlotsError>>>,
}

impl Errands {
    /// For the link of a node to a target that is one server, or not.
    pub(in crate::pipeline::apply) fn new(node: String, source: ShardSlots, standalone: bool) -> Self {
        Self { source, standalone, node, current: None }
    }

    pub(in crate::pipeline::apply) fn is_running(&self) -> bool {
        self.current.is_some()
    }

    /// Begins an errand of the command that ends at that offset.
    pub(in crate::pipeline::apply) fn begin(&mut self, errand: Errand, offset: u64) {
        let at = At { offset };
        let running = Running::begin(errand, at);
        let asking = running.wants_slots().then(|| self.source.ask());
        self.current = Some(Current { running, at, begun: Instant::now(), asking });
    }

    /// Submits what is due. To be called while there is room.
    pub(in crate::pipeline::apply) fn advance(&mut self, sink: &mut dyn Sink) {
        if let Some(current) = &mut self.current {
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
            info!(source = %self.node, offset, keys, "deleted what a flush at the source has emptied, in {millis} ms");
        }
        Some(settled)
    }

    /// Waits for the source's answer, if there is a question to it; why there is none, when it has to be asked again.
    /// Dropping the future loses nothing.
    pub(in crate::pipeline::apply) async fn asked(&mut self) -> Option<SlotsError> {
        let Some(current) = &mut self.current else { return pending().await };
        let Some(asking) = &mut current.asking else { return pending().await };
        match asking.await {
            Ok(slots) => {
                current.asking = None;
                current.running.slots(&slots, self.standalone, current.at);
                None
            }
            Err(error) => {
                let source = self.source.clone();
                current.asking = Some(Box::pin(async move {
                    sleep(ASK_AGAIN).await;
                    source.ask().await
                }));
                Some(error)
            }
        }
    }
}

/// How long a source that has not answered is left alone.
const ASK_AGAIN: Duration = Duration::from_secs(1);
