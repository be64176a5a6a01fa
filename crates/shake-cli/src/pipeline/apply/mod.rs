//! From a link's backlog to its target: bytes in, commands to the router, confirmed places back.

mod errand;
mod error;
mod field_expiry;
mod giant;
mod held_key;
mod in_place;
mod keys;
mod losses;
mod payloads;
mod plain;
mod rephrase;
mod restore;
mod rewrite;
mod rounds;
mod said;
mod sink;
mod snapshot;
mod stream;
mod transaction;
mod unit;

use std::sync::Arc;
use std::time::Duration;

use cluster_router::{Event, Phase, Position, Rejection, Router, RouterError};
use replica::{BacklogReader, History, Piece, Place, UnixMillis};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub(crate) use error::{ApplyError, ApplyErrorKind};
pub(crate) use keys::Remark;
pub(crate) use payloads::Payloads;
pub(crate) use restore::Restore;
pub(crate) use sink::Sink;
pub(crate) use snapshot::SnapshotApplier;
pub(crate) use stream::{Left, StreamApplier, StreamSettings};

use errand::{Asked, Errand, Errands};
use giant::Missing;
use losses::Lost;

use super::error::with_causes;
use super::progress::{Progress, State};
use super::shard_slots::{ShardSlots, SlotsError};

/// Applies what one link receives.
pub(crate) struct Applier {
    backlog: BacklogReader,
    router: Router,
    settings: StreamSettings,
    restore: Restore,
    errands: Errands,
    phase: Applying,
    /// Whether something that was taken from the backlog waits to be submitted.
    behind: bool,
    generation: u64,
    progress: Arc<Progress>,
    node: String,
    confirmed: Option<Position>,
    /// Whether something stands in the way, as far as it was told.
    holding: bool,
    /// When that was told last, or tried again.
    disturbed: Instant,
    /// Whether it will be tried again.
    retrying: bool,
    /// Commands that were handed out anew, until one of them is confirmed.
    resent: Option<u64>,
}

/// What the bytes at hand are.
enum Applying {
    /// No history has begun.
    Nothing,
    Snapshot(Box<SnapshotApplier>),
    Stream(Box<StreamApplier>),
}

/// Why a link's applying side has ended by itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplierError {
    #[error(transparent)]
    Router(#[from] RouterError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// What was moved to disk does not come back. The source has to be asked for it again.
    #[error("{0}")]
    Backlog(String),
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
    pub(crate) fn new(
        node: String,
        backlog: BacklogReader,
        mut router: Router,
        settings: StreamSettings,
        restore: Restore,
        source: ShardSlots,
        link_ended: CancellationToken,
        progress: Arc<Progress>,
    ) -> Self {
        let (server, restored_as) = (settings.target.server, restore.clone());
        router.rephrase_with(Box::new(move |refused| rephrase::rephrase(server, &restored_as, refused)));
        Self {
            backlog,
            router,
            settings,
            restore,
            errands: Errands::new(node.clone(), source, link_ended, settings.target.is_standalone()),
            phase: Applying::Nothing,
            behind: false,
            generation: 0,
            progress,
            node,
            confirmed: None,
            holding: false,
            disturbed: Instant::now(),
            retrying: false,
            resent: None,
        }
    }

    /// Applies until the backlog is closed and empty, or until `stop` and a while to finish what was received.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<Stopped, ApplierError> {
        let ended = self.apply(&stop).await;
        // A router that gave up cannot be driven on.
        if !matches!(ended, Err(ApplierError::Router(_))) {
            self.clear_away().await;
        }
        ended
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
        !self.behind && self.router.has_room() && !self.errands.is_running()
    }

    /// Does what the errand at hand calls for; when it is settled, the stream goes on.
    fn run_errand(&mut self) -> Result<(), ApplyError> {
        while self.errands.is_running() && self.router.has_room() {
            self.errands.advance(&mut self.router);
            let Some(settled) = self.errands.settled() else { break };
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

    fn take(&mut self, piece: Piece) -> Result<(), ApplyError> {
        match piece {
            Piece::History(history) => self.begin(&history)?,
            Piece::Bytes { bytes, received, .. } => self.feed(&bytes, received)?,
            Piece::SnapshotEnd { next } => self.end_snapshot(next)?,
        }
        Ok(())
    }

    /// Submits what was taken and had to wait.
    fn catch_up(&mut self) -> Result<(), ApplyError> {
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
        if history.resumed {
            return Ok(());
        }
        if history.generation > 1 && !self.restore.replaces() {
            return Err(ApplyError::at_offset(ApplyErrorKind::SecondCopy, history.offset.0));
        }
        self.progress.begin_snapshot(history.len);
        if let Applying::Snapshot(applier) = &self.phase {
            applier.abandon(&mut self.router);
        }
        let applier = SnapshotApplier::new(self.settings.target, self.restore.clone(), history.generation);
        self.phase = Applying::Snapshot(Box::new(applier));
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
    fn streamed(&mut self, errand: Option<Errand>) {
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
        if let Some(errand) = errand {
            self.errands.begin(errand, applier.offset());
        }
    }

    fn end_snapshot(&mut self, next: Place) -> Result<(), ApplyError> {
        let mut begin =
            Position { generation: self.generation, phase: Phase::Stream, offset: next.offset, ..Position::default() };
        if let Applying::Snapshot(applier) = &self.phase {
            applier.finish()?;
            begin.db = applier.stream_db();
            let (bytes, keys) = (applier.bytes(), applier.keys());
            info!(source = %self.node, bytes, keys, offset = next.offset, "the snapshot is read; following the stream");
            for (kind, count) in applier.losses().iter() {
                warn!(source = %self.node, count, "not carried over: {}", kind.name());
            }
        }
        self.progress.set_state(State::Stream);
        let payloads = Payloads::new(self.settings.target.server, &self.restore);
        self.phase = Applying::Stream(Box::new(StreamApplier::new(self.settings, payloads, begin)));
        self.router.end_round(begin);
        Ok(())
    }

    fn confirm(&mut self, position: Position) {
        // Confirmations of an earlier generation come late when a full resync begins in the middle.
        if position.generation == self.generation {
            self.progress.confirmed(position);
        }
        let place = self.place_to_release(position);
        self.backlog.release(place);
        if self.confirmed.replace(position) != Some(position) {
            self.flow();
        }
    }

    /// An errand may take long, and there is no new position before it is done. Nothing stands in its way when it is
    /// answered; but what came before it may meet the same trouble at every try, and then others answer in between.
    fn answered(&mut self) {
        if self.router.has_room() && self.disturbed.elapsed() >= CALM {
            self.flow();
        }
    }

    /// Something stands in the way.
    fn hold(&mut self, why: String) {
        self.holding = true;
        self.disturbed = Instant::now();
        self.progress.hold(why);
    }

    /// Nothing stands in the way any more.
    fn flow(&mut self) {
        if std::mem::take(&mut self.holding) {
            self.progress.flow();
            let resent = self.resent.take().unwrap_or(0);
            info!(source = %self.node, resent, "commands flow again");
        }
    }

    /// Up to where nothing is needed any more. Within a value there is no going on, but parts of a giant that are
    /// confirmed need not be in memory until its end comes. On disk they may stay.
    fn place_to_release(&mut self, position: Position) -> Place {
        let place = place_of(position);
        match &mut self.phase {
            Applying::Snapshot(applier) if position.index > 0 && position.generation == self.generation => {
                let point = applier.release_point(position.index);
                let in_memory = self.backlog.stats().figures().disk.is_none();
                point.filter(|_| in_memory).map_or(place, |offset| Place { offset, ..place })
            }
            _ => place,
        }
    }

    fn nodes_may_be_new(&mut self) {
        if let Applying::Stream(applier) = &mut self.phase {
            applier.nodes_may_be_new();
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), ApplyError> {
        match event {
            Event::Answer { token, reply } => {
                self.errands.answer(token, &reply)?;
                self.answered();
            }
            Event::Confirmed(Some(position)) => self.confirm(position),
            Event::Holding(hold) => {
                self.errands.interrupted();
                self.nodes_may_be_new();
                self.retrying = true;
                self.hold(hold.to_string());
                // The first try is made at once; only what lasts is worth a line.
                if hold.attempt > 1 {
                    warn!(source = %self.node, "holding: {hold}");
                } else {
                    info!(source = %self.node, "redirected or refused: {hold}");
                }
            }
            Event::Silent { node, silence } => {
                let waiting = format!("{node}: no reply for {} s", silence.as_secs());
                if !self.holding {
                    warn!(source = %self.node, "waiting: {waiting}");
                }
                self.hold(waiting);
            }
            Event::Flowing { resent } => {
                self.resent = Some(resent);
                // Whether that gets through this time is not known yet. What took a detour is no trouble.
                if std::mem::take(&mut self.retrying) {
                    self.disturbed = Instant::now();
                }
                self.nodes_may_be_new();
            }
            Event::Conflict(conflict) => self.conflict(&conflict),
            Event::Missing { rejection, repeated } => self.missing(&rejection, repeated),
            _ => {}
        }
        Ok(())
    }

    fn conflict(&self, conflict: &Rejection) {
        self.progress.conflict();
        warn!(source = %self.node, "sent again after a lost connection, and taken for done: {conflict}");
    }

    /// What was built of a value was not there when it was to get its name.
    fn missing(&mut self, rejection: &Rejection, repeated: bool) {
        let Applying::Snapshot(applier) = &mut self.phase else { return };
        match applier.missing() {
            None => {}
            Some(Missing::Expired(key)) => {
                info!(source = %self.node, key, "all of its value has expired while it was built: the key is not there");
            }
            Some(Missing::Removed(_)) if repeated => self.conflict(rejection),
            Some(Missing::Removed(key)) => {
                self.progress.conflict();
                warn!(
                    source = %self.node, key, target = %rejection.node,
                    "NOT COPIED: what was built of this key was removed from the target before it was whole (evicted, \
                     deleted, flushed?), and what the target has under its name was not replaced; see that nothing removes \
                     keys there, and start again to copy it"
                );
            }
        }
    }
}

/// The backlog's name for a position.
fn place_of(position: Position) -> Place {
    match position.phase {
        Phase::Snapshot => {
            Place { generation: position.generation, phase: replica::Phase::Snapshot, offset: position.offset }
        }
        Phase::Stream => Place::stream(position.generation, position.offset),
    }
}

fn say(node: &str, remark: &Remark) {
    match remark {
        Remark::ModuleData(module) => {
            warn!(source = %node, module, "a module saved data beside the keys; no command can carry that over");
        }
        Remark::Functions => {
            warn!(source = %node, "the source has functions, and the target cannot load them: left out")
        }
        Remark::Lost(Lost { kind, key }) => {
            warn!(source = %node, key, "the target cannot be told the {}; this key is the first", kind.name());
        }
        Remark::SlotImport => {
            warn!(source = %node, "slots were being imported at the source when its snapshot was made")
        }
    }
}

fn say_left(node: &str, left: &Left) {
    match left {
        Left::Functions => {
            warn!(source = %node, "the source has functions, and the target cannot load them: left out");
        }
        Left::FieldExpiry => warn!(
            source = %node,
            "fields of hashes expire at the source, and cannot at the target: there they stay until the source deletes them"
        ),
        Left::CrossSlot { command, keys, offset } => {
            warn!(source = %node, command, keys, offset, "skipped: a target cluster takes no keys of several slots");
        }
    }
}

fn far_future() -> Instant {
    Instant::now() + Duration::from_secs(86_400)
}

/// How many bytes are turned into commands before the connections get their turn.
const TURN_BYTES: usize = 256 << 10;

/// When nothing was in the way for so long, an answer tells that nothing is: what lasts is told more often.
const CALM: Duration = Duration::from_secs(5);

/// How long a stop waits for what was received to be confirmed.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// How long it waits for what was built of a value to be removed.
const CLEAR_LIMIT: Duration = Duration::from_secs(2);
