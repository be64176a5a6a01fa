//! One source shard followed into the target: a task that reads, a task that applies.
//!
//! There is one way to begin, and it is taken again whenever what the target has is not certain any more: ask the target how
//! far it is ([`positions`]), then go on from there. What the backlog still has is read again from it; what it has not, the
//! source is asked for; and what neither has any more is lost, so that all is copied anew.

mod observer;
mod settings;
mod source;

use std::sync::Arc;
use std::time::Duration;

use cluster_router::{NodeAddr, Position, Router, RouterError};
use replica::{BacklogReader, Offset, Place, ReplId};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::apply::{Applier, ApplierError, ApplierParts, ApplyErrorKind, SourceReader, Stopped, StreamSettings};
use super::error::{PipelineError, with_causes};
use super::moves::{Moves, Port};
use super::plan::{PipelinePlan, SourceKind};
use super::positions::{
    self, Identity, Marks, NodeHistory, OwnerTag, Start, Survey, SurveyError, judge, replid_to_ask, survey,
};
use super::preflight::Ready;
use super::progress::Progress;
use super::shard_slots::ShardSlots;
use super::source_shard::SourceShard;
use settings::{kept_window, restore, router_config};
use source::{From, Source};

/// A link, not running yet.
pub(crate) struct Shard {
    source: Identity,
    /// Where the source is read.
    shard: SourceShard,
    plan: PipelinePlan,
    ready: Arc<Ready>,
    progress: Arc<Progress>,
    /// This process.
    owner: OwnerTag,
    /// The way to the other links of the source.
    port: Option<Port>,
}

/// How a link ended without failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The source's node.
    pub node: NodeAddr,
    /// Where the target has confirmed everything; nothing when it has confirmed nothing yet.
    pub confirmed: Option<Position>,
    /// Whether all that was received is confirmed.
    pub drained: bool,
}

/// What a link keeps from one look at the target to the next.
struct Course {
    /// The way to the other links of the source.
    port: Option<Port>,
    reading: Option<Reading>,
    /// Interruptions in a row without progress in between.
    interruptions: u32,
    /// Up to where something may have been sent.
    sent: u64,
    /// Why all has to be copied, whatever the target has.
    again: Option<String>,
    /// Where the source was in its history when the link was found; of use for the first start only.
    history: Option<NodeHistory>,
}

impl Course {
    /// Where to begin, when the target says this.
    fn start(&mut self, judged: Start) -> Start {
        match (judged, self.again.take()) {
            (Start::From { position, .. }, Some(why)) => Start::Anew { generation: position.generation, why },
            (start, _) => start,
        }
    }
}

/// The reading half of a link, kept while the other one begins anew.
struct Reading {
    source: Source,
    backlog: BacklogReader,
}

impl Shard {
    /// Prepares a link.
    pub(crate) fn new(
        source: Identity,
        owner: OwnerTag,
        plan: &PipelinePlan,
        ready: Arc<Ready>,
        moves: Option<&Arc<Moves>>,
    ) -> Self {
        let progress = Arc::new(Progress::new(source.node.to_string()));
        let follows = plan.source.kind == SourceKind::Cluster;
        let shard = SourceShard::new(ready.source_discovery.clone(), source.node.clone(), follows);
        let port = moves.map(|moves| Port::join(moves, shard.clone()));
        Self { source, shard, plan: plan.clone(), ready, progress, owner, port }
    }

    /// Where the source is read.
    pub(crate) fn source_shard(&self) -> SourceShard {
        self.shard.clone()
    }

    pub(crate) fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// Follows the source until `stop`, or until one of the two sides cannot go on.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<Ended, PipelineError> {
        let stop = stop.child_token();
        let mut gone = JoinSet::new();
        gone.spawn(cancel_with(self.shard.gone.clone(), stop.clone()));
        let mut course = Course {
            port: self.port.take(),
            reading: None,
            interruptions: 0,
            sent: self.source.history.offset,
            again: None,
            history: Some(self.source.history.clone()),
        };
        loop {
            if let Some(ended) = self.follow(&mut course, &stop).await? {
                return Ok(ended);
            }
        }
    }

    /// Follows it from one look at the target until the next one is needed; how it ended when none is.
    async fn follow(&self, course: &mut Course, stop: &CancellationToken) -> Result<Option<Ended>, PipelineError> {
        let Some(looked) = stop.run_until_cancelled(self.look()).await else {
            return self.end(course.reading.take(), None).await.map(Some);
        };
        let (mut router, survey) = match looked {
            Ok(looked) => looked,
            Err(SurveyError::Router(error @ RouterError::Interrupted { .. })) => {
                stop.run_until_cancelled(self.interrupted(&error, &mut course.interruptions)).await;
                return Ok(None);
            }
            Err(error) => return Err(PipelineError::survey(&error)),
        };
        self.refuse_successor(&survey, course).await?;
        self.say_conflicts(&mut router, &survey);
        let start = course.start(judge(&survey, &self.source.link));
        let (read, start) = self.read_on(course.reading.take(), start, course.history.take().as_ref(), stop).await?;
        let Reading { source, backlog } = read;
        let mut applier = self.applier(&source, backlog, (router, course.port.take()), &survey, (start, course.sent));
        let applied = applier.run(stop).await;
        if applier.has_confirmed_more() {
            course.interruptions = 0;
        }
        let (backlog, port) = applier.into_parts();
        course.port = port;
        course.sent = course.sent.max(received(&backlog));
        self.conclude(applied, Reading { source, backlog }, course, stop).await
    }

    /// What comes of it that applying has ended.
    async fn conclude(
        &self,
        applied: Result<Stopped, ApplierError>,
        read: Reading,
        course: &mut Course,
        stop: &CancellationToken,
    ) -> Result<Option<Ended>, PipelineError> {
        match applied {
            Ok(stopped) => self.end(Some(read), Some(stopped)).await.map(Some),
            Err(ApplierError::Interrupted(error)) => {
                stop.run_until_cancelled(self.interrupted(&error, &mut course.interruptions)).await;
                course.reading = Some(read);
                Ok(None)
            }
            Err(ApplierError::Apply(error)) if matches!(error.kind, ApplyErrorKind::SlotsCopied) => {
                course.again = Some(error.to_string());
                course.reading = Some(read);
                Ok(None)
            }
            Err(error) => {
                self.leave_word(&error).await;
                drop(read.source.end().await);
                Err(PipelineError::applier(&self.source.node.to_string(), &error))
            }
        }
    }

    /// Ends when the link is another process's by now.
    async fn refuse_successor(&self, survey: &Survey, course: &mut Course) -> Result<(), PipelineError> {
        let Some(successor) = self.owner.successor(survey, &self.source.link) else { return Ok(()) };
        let (node, own) = (&self.source.node, &self.owner);
        self.end(course.reading.take(), None).await?;
        let message = format!("source {node}: another process ({successor}) follows it now; this one ({own}) ends");
        Err(PipelineError::fenced(message))
    }

    /// A command that met a conflict may count as done from now on: the next start says so.
    async fn leave_word(&self, error: &ApplierError) {
        let ApplierError::Router(RouterError::Refused(conflict)) = error else { return };
        let left = positions::conflict::leave(&self.ready.discovery, &self.source.link, conflict);
        if let Ok(Err(error)) = timeout(WORD_LIMIT, left).await {
            warn!(source = %self.source.node, "the next start will not say this again: {}", with_causes(&error));
        }
    }

    fn say_conflicts(&self, router: &mut Router, survey: &Survey) {
        for (slot, conflict) in positions::conflict::left(survey, &self.source.link) {
            warn!(
                source = %self.source.node,
                "the last run stopped at a conflict: {conflict}; if the command was one that takes effect once, it is not \
                 repeated, and this goes on behind it: see that its key is right"
            );
            positions::conflict::take_away(router, &self.source.link, slot);
        }
    }

    /// Asks the target how far it is.
    async fn look(&self) -> Result<(Router, Survey), SurveyError> {
        let ready = &self.ready;
        let map = match self.ready.discovery.slot_map(None).await {
            Ok(map) if map.uncovered().is_empty() => map,
            // The router waits for a better one.
            _ => ready.map.clone(),
        };
        let mut router = Router::new(router_config(&self.source.link, &self.plan), ready.discovery.clone(), &map);
        router.report_losses(true);
        let keys = positions::keys(&self.source.link);
        let survey = survey(&mut router, &keys, |hold| {
            self.progress.hold(hold.to_string());
            if hold.attempt > 1 {
                warn!(source = %self.source.node, "holding: {hold}");
            }
        });
        let survey = survey.await?;
        Ok((router, survey))
    }

    /// Goes on reading from where the target is: from the backlog, or else from the source.
    async fn read_on(
        &self,
        reading: Option<Reading>,
        start: Start,
        history: Option<&NodeHistory>,
        stop: &CancellationToken,
    ) -> Result<(Reading, Start), PipelineError> {
        let node = &self.source.node;
        if let Some(mut reading) = reading {
            let place = match &start {
                Start::From { position, .. } => Some(Place::stream(position.generation, position.offset)),
                Start::First | Start::Anew { .. } => None,
            };
            if place.is_some_and(|place| reading.backlog.rewind(place).is_ok()) {
                return Ok((reading, start));
            }
            info!(source = %node, "the backlog does not reach back to where the target is: the source is asked");
            self.end(Some(reading), None).await?;
        }
        let from = match &start {
            Start::First => From { generation: 0, resume: None },
            Start::Anew { generation, why, .. } => {
                warn!(source = %node, "everything is copied again: {why}");
                self.may_copy_again()?;
                From { generation: *generation, resume: None }
            }
            Start::From { position, replids, .. } => {
                let replid = replid_to_ask(replids, position.offset, history);
                let replid = replid.and_then(|id| id.parse::<ReplId>().ok());
                info!(source = %node, link = self.source.link, "the target has this source up to {position}: going on from there");
                From { generation: position.generation, resume: replid.map(|id| (id, Offset(position.offset))) }
            }
        };
        let told = (node, &self.plan, &*self.ready);
        let (source, backlog) = Source::begin(&self.shard, told, from, &self.progress, stop).await?;
        Ok((Reading { source, backlog }, start))
    }

    fn may_copy_again(&self) -> Result<(), PipelineError> {
        if self.plan.full_resync {
            return Ok(());
        }
        let message = format!(
            "source {}: the target does not know how far it is, and on_history_lost = \"stop\" forbids to copy everything again",
            self.source.node
        );
        Err(PipelineError::history_lost(message))
    }

    fn applier(
        &self,
        source: &Source,
        backlog: BacklogReader,
        (mut router, port): (Router, Option<Port>),
        survey: &Survey,
        (start, sent): (Start, u64),
    ) -> Applier {
        let (ready, plan, node) = (&self.ready, &self.plan, &self.source.node);
        let links = ready.links();
        let keys = positions::keys(&self.source.link);
        let mut marks = Marks::new(keys, node.to_string(), self.owner.clone(), survey);
        router.report_losses(false);
        let start = match start {
            Start::From { position, replids, mut replay } => {
                replay.sent_up_to = sent.max(received(&backlog));
                marks.resume(position.generation, replids);
                router.set_generation(position.generation);
                router.replay(replay);
                router.report_losses(plan.exactly_once);
                Some(position)
            }
            Start::First | Start::Anew { .. } => None,
        };
        Applier::new(ApplierParts {
            node: node.to_string(),
            backlog,
            router,
            settings: StreamSettings { target: ready.target, cross_slot: plan.cross_slot },
            restore: restore(&self.source.link, plan, plan.backlog_memory / links),
            port,
            source: SourceReader { discovery: ready.source_discovery.clone(), shard: self.shard.clone() },
            slots: ShardSlots::new(ready.source_discovery.clone(), self.shard.clone(), ready.source_is_cluster),
            link_ended: source.ended.clone(),
            progress: self.progress.clone(),
            marks,
            exactly_once: plan.exactly_once,
            extra_keys: plan.extra_keys,
            kept_window: kept_window(plan, links),
            memory: (plan.backlog_memory / links) as u64 - kept_window(plan, links),
            start,
        })
    }

    /// Something makes it uncertain what the target has: it is asked again, after a while when that does not help.
    async fn interrupted(&self, error: &RouterError, interruptions: &mut u32) {
        let cause = with_causes(error);
        warn!(source = %self.source.node, "{cause}; the target is asked how far it is");
        self.progress.hold(cause);
        sleep(FIRST_PAUSE * 2u32.pow((*interruptions).min(6))).await;
        *interruptions += 1;
    }

    async fn end(&self, reading: Option<Reading>, stopped: Option<Stopped>) -> Result<Ended, PipelineError> {
        let node = self.source.node.clone();
        if let Some(Reading { source, backlog }) = reading {
            drop(backlog);
            let read = source.end().await.map_err(|error| crashed(&node, &error))?;
            if stopped.is_some() {
                read.map_err(|error| PipelineError::link(&error))?;
            }
        }
        let (confirmed, drained) = stopped.map_or((None, false), |stopped| (stopped.confirmed, stopped.drained));
        Ok(Ended { node, confirmed, drained })
    }
}

/// Up to where the stream was received.
fn received(backlog: &BacklogReader) -> u64 {
    let received = backlog.stats().figures().received.filter(|place| place.phase == replica::Phase::Stream);
    received.map_or(0, |place| place.offset)
}

/// What stops one stops the other.
async fn cancel_with(one: CancellationToken, other: CancellationToken) {
    one.cancelled().await;
    other.cancel();
}

/// A task that panicked: our own fault, and said as such.
fn crashed(node: &NodeAddr, error: &tokio::task::JoinError) -> PipelineError {
    PipelineError::runtime(format!("source {node}: internal error: {error}"))
}

/// How long a link that ends tries to leave word of why.
const WORD_LIMIT: Duration = Duration::from_secs(2);

/// How long the target is left alone after the first interruption; each further one in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
