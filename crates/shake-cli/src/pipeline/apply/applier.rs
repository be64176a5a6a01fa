//! The applying half of a link: from its backlog through a router to the target.

use std::sync::Arc;
use std::time::Duration;

use cluster_router::{Phase, Position, Router, RouterError, SlotSet};
use replica::{BacklogReader, Piece, Place};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::copied::Copied;
use super::errand::{Asked, Errand, Errands};
use super::error::ApplyError;
use super::peers::{Peers, SourceReader};
use super::{Payloads, Restore, SnapshotApplier, StreamApplier, StreamSettings, rephrase};
use crate::pipeline::error::with_causes;
use crate::pipeline::moves::Port;
use crate::pipeline::plan::ExtraKeys;
use crate::pipeline::positions::{Marks, Trouble};
use crate::pipeline::progress::{Progress, State};
use crate::pipeline::shard_slots::{ShardSlots, SlotsError};

/// Applies what one link receives.
pub(crate) struct Applier {
    pub(super) backlog: BacklogReader,
    pub(super) router: Router,
    pub(super) settings: StreamSettings,
    pub(super) restore: Restore,
    pub(super) errands: Errands,
    /// The other links of the source.
    pub(super) peers: Peers,
    pub(super) phase: Applying,
    /// What has to be past before more is taken.
    pub(super) barrier: Option<Barrier>,
    /// The keys that a copy has brought, until those that it has not are deleted.
    pub(super) copied: Option<Copied>,
    pub(super) extra_keys: ExtraKeys,
    /// Whether something that was taken from the backlog waits to be submitted.
    pub(super) behind: bool,
    pub(super) generation: u64,
    pub(super) progress: Arc<Progress>,
    pub(super) node: String,
    pub(super) marks: Marks,
    pub(super) exactly_once: bool,
    /// Bytes of the stream that the backlog keeps behind what is confirmed.
    pub(super) kept_window: u64,
    /// Bytes that it may have in memory beside.
    pub(super) memory: u64,
    pub(super) confirmed: Option<Position>,
    /// Whether something was confirmed that was not at the start.
    pub(super) confirmed_more: bool,
    /// Whether something stands in the way, as far as it was told.
    pub(super) holding: bool,
    /// When that was told last, or tried again.
    pub(super) disturbed: Instant,
    /// Whether it will be tried again.
    pub(super) retrying: bool,
    /// Commands that were handed out anew, until one of them is confirmed.
    pub(super) resent: Option<u64>,
}

/// What an applier is made of.
pub(crate) struct ApplierParts {
    /// The source's node.
    pub(crate) node: String,
    pub(crate) backlog: BacklogReader,
    /// The router through which the positions were read.
    pub(crate) router: Router,
    pub(crate) settings: StreamSettings,
    pub(crate) restore: Restore,
    /// What the source's shard owns.
    pub(crate) slots: ShardSlots,
    /// The way to the other links, where there are others.
    pub(crate) port: Option<Port>,
    /// Reads at the source.
    pub(crate) source: SourceReader,
    /// Fires when nothing more comes from the source.
    pub(crate) link_ended: CancellationToken,
    pub(crate) progress: Arc<Progress>,
    pub(crate) marks: Marks,
    pub(crate) exactly_once: bool,
    pub(crate) extra_keys: ExtraKeys,
    pub(crate) kept_window: u64,
    pub(crate) memory: u64,
    /// Where it goes on; without it a snapshot comes first.
    pub(crate) start: Option<Position>,
}

/// What the bytes at hand are.
pub(super) enum Applying {
    /// No history has begun.
    Nothing,
    Snapshot(Box<SnapshotApplier>),
    Stream(Box<StreamApplier>),
}

/// What has to be done before more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Barrier {
    /// Everything up to here has to be confirmed, what a copy has not brought deleted, and all that marked.
    Confirmed(Position),
    /// That has to be deleted and confirmed.
    Swept(Position),
    /// Marks have to be written.
    Marks,
}

/// Why a link's applying side has ended by itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplierError {
    #[error(transparent)]
    Router(RouterError),
    /// How far the target is has to be looked up again.
    #[error(transparent)]
    Interrupted(RouterError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The target does not take the marks.
    #[error("{0}")]
    Positions(String),
    /// What was moved to disk does not come back. The source has to be asked for it again.
    #[error("{0}")]
    Backlog(String),
}

impl From<RouterError> for ApplierError {
    fn from(error: RouterError) -> Self {
        match error {
            RouterError::Interrupted { .. } => Self::Interrupted(error),
            _ => Self::Router(error),
        }
    }
}

impl From<Trouble> for ApplierError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Changed(node) => {
                let cause = "it was restarted or replaced, and may have less than it had confirmed".to_owned();
                Self::Interrupted(RouterError::Interrupted { node, cause })
            }
            Trouble::Refused(answer) => Self::Positions(answer),
        }
    }
}

/// Where an applier stopped on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// Everything up to here is confirmed by the target.
    pub(crate) confirmed: Option<Position>,
    /// Whether nothing that was received is left.
    pub(crate) drained: bool,
}

impl Applier {
    pub(crate) fn new(parts: ApplierParts) -> Self {
        let ApplierParts { node, backlog, mut router, settings, restore, start, .. } = parts;
        let (server, restored_as) = (settings.target.server, restore.clone());
        router.rephrase_with(Box::new(move |refused| rephrase::rephrase(server, &restored_as, refused)));
        let errands = Errands::new(node.clone(), parts.slots, parts.link_ended, settings.target.is_standalone());
        let mut applier = Self {
            backlog,
            router,
            settings,
            restore,
            errands,
            peers: Peers::new(parts.port, parts.source),
            phase: Applying::Nothing,
            barrier: None,
            copied: None,
            extra_keys: parts.extra_keys,
            behind: false,
            generation: 0,
            progress: parts.progress,
            node,
            marks: parts.marks,
            exactly_once: parts.exactly_once,
            kept_window: parts.kept_window,
            memory: parts.memory,
            confirmed: None,
            confirmed_more: false,
            holding: true,
            disturbed: Instant::now(),
            retrying: false,
            resent: None,
        };
        if let Some(start) = start {
            applier.generation = start.generation;
            applier.follow_stream(start);
            // Nothing is sent before every node knows whose the link is.
            applier.marks.force(start);
            applier.barrier = Some(Barrier::Marks);
        }
        applier
    }

    /// The stream behind `start` comes next.
    pub(super) fn follow_stream(&mut self, start: Position) {
        self.progress.set_state(State::Stream);
        self.backlog.keep(self.kept_window);
        let payloads = Payloads::new(self.settings.target.server, &self.restore);
        let mut stream = StreamApplier::new(self.settings, payloads, start);
        if let Some((link, moves)) = self.peers.links() {
            stream.among(link, moves.clone());
            self.router.concede_in(Box::new(move |slot| moves.is_unsettled(slot)));
        }
        self.phase = Applying::Stream(Box::new(stream));
        self.router.end_round(start);
    }

    /// Applies until the backlog is closed and empty, or until `stop` and a while to finish what was received.
    pub(crate) async fn run(&mut self, stop: &CancellationToken) -> Result<Stopped, ApplierError> {
        let ended = self.apply(stop).await;
        match &ended {
            // A router that gave up cannot be driven on.
            Err(ApplierError::Router(_) | ApplierError::Interrupted(_)) => {}
            Err(_) => self.clear_away().await,
            Ok(stopped) => {
                self.clear_away().await;
                self.leave_marks(stopped.confirmed).await;
            }
        }
        ended
    }

    /// The backlog and the way to the other links, for who goes on.
    pub(crate) fn into_parts(self) -> (BacklogReader, Option<Port>) {
        (self.backlog, self.peers.into_port())
    }

    /// Whether more is confirmed than was at the start.
    pub(crate) fn has_confirmed_more(&self) -> bool {
        self.confirmed_more
    }

    /// Removes what is built of a value: the rest of it will not come.
    async fn clear_away(&mut self) {
        let Applying::Snapshot(applier) = &self.phase else { return };
        let Some(key) = applier.built().map(|key| key.escape_ascii().to_string()) else { return };
        let removed = async {
            // While something is being settled, it would be sent ahead of what it has to follow.
            while !self.router.has_room() {
                self.router.drive().await?;
            }
            applier.abandon(&mut self.router);
            while !self.router.is_idle() {
                self.router.drive().await?;
            }
            Ok::<(), RouterError>(())
        };
        if !matches!(timeout_at(Instant::now() + CLEAR_LIMIT, removed).await, Ok(Ok(()))) {
            warn!(source = %self.node, key, "a part of a value stays at the target under this key; it may be deleted there");
        }
    }

    /// Who goes on from here has nothing to repeat.
    async fn leave_marks(&mut self, confirmed: Option<Position>) {
        let confirmed = confirmed.filter(|at| at.generation == self.generation && at.phase == Phase::Stream);
        // What a copy leaves to be swept would never be, behind a mark of the stream.
        let Some(confirmed) = confirmed.filter(|_| !self.marks.is_copying()) else { return };
        self.marks.force(confirmed);
        let written = async {
            while self.marks.is_forced() {
                self.marks.advance(&mut self.router);
                tokio::select! {
                    event = self.router.drive() => self.handle(event?)?,
                    () = sleep_until(self.marks.due()) => {}
                }
            }
            Ok::<(), ApplierError>(())
        };
        if !matches!(timeout_at(Instant::now() + CLEAR_LIMIT, written).await, Ok(Ok(()))) {
            warn!(source = %self.node, "the target was not told how far it is in the end: the next start repeats a little");
        }
    }

    /// As [`run`](Self::run), without clearing away what was begun.
    async fn apply(&mut self, stop: &CancellationToken) -> Result<Stopped, ApplierError> {
        let mut deadline = None;
        loop {
            if stop.is_cancelled() && deadline.is_none() {
                // The rest of a snapshot is not worth waiting for: half of one is no place to go on from.
                if !matches!(self.phase, Applying::Stream(_)) {
                    return Ok(self.stopped());
                }
                deadline = Some(Instant::now() + DRAIN_LIMIT);
            }
            self.look_at_barrier();
            self.look_at_peers();
            self.marks.advance(&mut self.router);
            self.run_errand()?;
            self.progress.unconfirmed(self.router.commands(), self.router.bytes());
            if self.take_what_is_there()? > 0 {
                if let Some(event) = self.router.drive_now().await? {
                    self.handle(event)?;
                }
                continue;
            }
            let give_up = deadline.unwrap_or_else(far_future);
            let takes = self.takes();
            tokio::select! {
                event = self.router.drive() => self.handle(event?)?,
                () = sleep_until(self.marks.due()) => {}
                happened = self.peers.next() => self.peer_happened(happened)?,
                asked = self.errands.asked() => match asked {
                    Asked::Known => {}
                    Asked::Again(error) => self.source_is_asked_again(&error),
                    // What stands behind cannot be applied; why the link has ended is said by itself.
                    Asked::Never => return Ok(self.stopped()),
                },
                piece = self.backlog.next(), if takes => match piece {
                    Some(piece) => self.take(piece)?,
                    None => match self.backlog.failure() {
                        Some(error) => return Err(ApplierError::Backlog(with_causes(error))),
                        None => return self.finish(give_up).await,
                    },
                },
                () = stop.cancelled(), if deadline.is_none() => {}
                () = sleep_until(give_up) => return Ok(self.stopped()),
            }
        }
    }

    /// Nothing more will come: waits for the confirmations that are owed.
    async fn finish(&mut self, give_up: Instant) -> Result<Stopped, ApplierError> {
        let give_up = give_up.min(Instant::now() + DRAIN_LIMIT);
        while !self.router.is_idle() {
            self.progress.unconfirmed(self.router.commands(), self.router.bytes());
            tokio::select! {
                event = self.router.drive() => self.handle(event?)?,
                () = sleep_until(give_up) => return Ok(self.stopped()),
            }
        }
        Ok(self.stopped())
    }

    /// Where it stopped. The start of a command or of a transaction may be all that is left.
    fn stopped(&self) -> Stopped {
        let confirmed = self.router.confirmed();
        let drained = confirmed.map(place_of) == self.backlog.stats().figures().received;
        Stopped { confirmed, drained }
    }

    /// Takes pieces that are there already, as many as make writes to several nodes worth while.
    fn take_what_is_there(&mut self) -> Result<usize, ApplyError> {
        let mut taken = 0;
        self.catch_up()?;
        while taken < TURN_BYTES && self.takes() {
            let Some(piece) = self.backlog.try_next() else { break };
            // Pieces without bytes count too: they are work done.
            taken += 1 + if let Piece::Bytes { bytes, .. } = &piece { bytes.len() } else { 0 };
            self.take(piece)?;
        }
        Ok(taken)
    }

    /// Whether more may be taken from the backlog.
    fn takes(&self) -> bool {
        !self.behind
            && !self.is_full()
            && self.router.has_room()
            && !self.errands.is_running()
            && self.barrier.is_none()
            && !self.peers.is_reading()
    }

    /// Whether what is kept because of keys in doubt has used the memory up: reading on would keep more.
    fn is_full(&self) -> bool {
        let Applying::Stream(applier) = &self.phase else { return false };
        self.peers.has_doubts()
            && applier.is_between_commands()
            && self.backlog.stats().figures().memory_bytes >= self.memory
    }

    /// Takes the barrier away when what it waits for is done.
    fn look_at_barrier(&mut self) {
        match self.barrier {
            Some(Barrier::Confirmed(position)) if self.router.confirmed() == Some(position) => {
                if let Some(copied) = self.copied.take() {
                    self.errands.begin(Errand::SweepAllBut(Arc::new(copied)), position.offset, SlotSet::new());
                }
                self.barrier = Some(Barrier::Swept(position));
            }
            Some(Barrier::Swept(position)) if !self.errands.is_running() && self.router.is_idle() => {
                self.marks.copied(position);
                self.barrier = Some(Barrier::Marks);
            }
            Some(Barrier::Marks) if !self.marks.is_forced() => {
                self.barrier = None;
                // From here on the target knows how far it is.
                self.router.report_losses(self.exactly_once && matches!(self.phase, Applying::Stream(_)));
            }
            _ => {}
        }
    }

    /// Does what the errand at hand calls for; when it is settled, the stream goes on.
    fn run_errand(&mut self) -> Result<(), ApplyError> {
        // What came before it may wait for its turn in its slot: an errand does not overtake it.
        if !self.errands.has_begun() && !self.router.is_idle() {
            return Ok(());
        }
        while self.errands.is_running() && self.router.has_room() {
            self.errands.advance(&mut self.router);
            let Some(settled) = self.errands.settled() else { break };
            if matches!(self.barrier, Some(Barrier::Swept(_))) {
                break;
            }
            let Applying::Stream(applier) = &mut self.phase else { break };
            let errand = applier.settle(settled, &mut self.router)?;
            self.streamed(errand);
        }
        Ok(())
    }

    /// The source was asked for its slots, and has not answered.
    fn source_is_asked_again(&mut self, error: &SlotsError) {
        let waiting = format!("the source is asked which slots it owns: {}", with_causes(error));
        if !self.holding {
            warn!(source = %self.node, "waiting: {waiting}");
        }
        self.hold(waiting);
    }
}

/// The backlog's name for a position.
pub(super) fn place_of(position: Position) -> Place {
    match position.phase {
        Phase::Snapshot => {
            Place { generation: position.generation, phase: replica::Phase::Snapshot, offset: position.offset }
        }
        Phase::Stream => Place::stream(position.generation, position.offset),
    }
}

fn far_future() -> Instant {
    Instant::now() + Duration::from_secs(86_400)
}

/// How many bytes are turned into commands before the connections get their turn.
const TURN_BYTES: usize = 256 << 10;

/// When nothing was in the way for so long, an answer tells that nothing is: what lasts is told more often.
pub(super) const CALM: Duration = Duration::from_secs(5);

/// How long a stop waits for what was received to be confirmed.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How long it waits for what was built of a value to be removed.
const CLEAR_LIMIT: Duration = Duration::from_secs(2);
