//! How far a link is, for whoever wants to know.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cluster_router::{Phase, Position};
use replica::{AppliedOffset, BacklogFigures, BacklogStats, LinkEvent, Offset, UnixMillis};

/// The figures of one link, written by its tasks and read by anybody.
#[derive(Debug)]
pub(crate) struct Progress {
    node: String,
    /// Of the backlog at hand.
    backlog: Mutex<Option<BacklogStats>>,
    state: AtomicU8,
    snapshots: AtomicU64,
    snapshot_pending: AtomicBool,
    snapshot_len: AtomicU64,
    snapshot_received: AtomicU64,
    snapshot_bytes: AtomicU64,
    keys: Counter,
    commands: Counter,
    unconfirmed_commands: AtomicU64,
    unconfirmed_bytes: AtomicU64,
    confirmed: AtomicU64,
    /// The same, for who acknowledges it to the source.
    applied: AppliedOffset,
    safe: AtomicU64,
    connected: AtomicBool,
    conflicts: AtomicU64,
    skipped: AtomicU64,
    holds: AtomicU64,
    holding: Mutex<Option<Holding>>,
}

/// What a link is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Connecting, or waiting for the source to begin.
    Starting,
    /// Copying a snapshot.
    Snapshot,
    /// Following the stream of commands.
    Stream,
}

/// What stands in the way of a link at the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// What it is at the moment: the node, and what it says.
    pub reason: String,
    /// Since when the link holds, for whatever reasons.
    pub since: SystemTime,
}

/// The figures of one link at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// The source's node.
    pub node: String,
    /// What the link is doing.
    pub state: State,
    /// Whether the source is connected.
    pub connected: bool,
    /// Full resyncs begun.
    pub snapshots: u64,
    /// Whether the source prepares a snapshot that it has not begun to send.
    pub snapshot_pending: bool,
    /// Length of the snapshot in bytes, when the source told it.
    pub snapshot_len: Option<u64>,
    /// Bytes of the snapshot that were received.
    pub snapshot_received: u64,
    /// Bytes of the snapshot that were turned into commands.
    pub snapshot_bytes: u64,
    /// Keys of the snapshot that were submitted.
    pub keys: u64,
    /// Keys of all snapshots so far.
    pub keys_total: u64,
    /// Commands of the stream that were submitted since the last snapshot.
    pub commands: u64,
    /// Commands of the stream since the start.
    pub commands_total: u64,
    /// Commands that were submitted and not confirmed by the target, those that bring the keys of a snapshot included.
    pub unconfirmed_commands: u64,
    /// Their bytes.
    pub unconfirmed_bytes: u64,
    /// The replication offset up to which the source's bytes were received; zero before the stream.
    pub received_offset: u64,
    /// The replication offset up to which the target has confirmed; zero before the stream.
    pub confirmed_offset: u64,
    /// The replication offset up to which the replicas of the target's primaries have it as well, with the marks that say
    /// so; zero before it is known.
    pub safe_offset: u64,
    /// Bytes received that the target has not confirmed.
    pub behind_bytes: u64,
    /// Conflicts that were conceded: commands that met one when they were sent again after a lost connection, and were
    /// taken for done; large values that were removed from the target before they were whole.
    pub conflicts: u64,
    /// Commands over several slots that were left out, as the plan says.
    pub skipped: u64,
    /// How long ago the oldest byte was received that the target has not confirmed, in milliseconds.
    pub behind_ms: u64,
    /// What was received and is not confirmed: where it is kept, and whether there is room for more.
    pub backlog: BacklogFigures,
    /// How often something has stood in the way.
    pub holds: u64,
    /// What stands in the way at the target now.
    pub holding: Option<Holding>,
}

impl Progress {
    pub(crate) fn new(node: String) -> Self {
        Self {
            node,
            backlog: Mutex::new(None),
            state: AtomicU8::new(STARTING),
            snapshots: AtomicU64::new(0),
            snapshot_pending: AtomicBool::new(false),
            snapshot_len: AtomicU64::new(UNKNOWN),
            snapshot_received: AtomicU64::new(0),
            snapshot_bytes: AtomicU64::new(0),
            keys: Counter::default(),
            commands: Counter::default(),
            unconfirmed_commands: AtomicU64::new(0),
            unconfirmed_bytes: AtomicU64::new(0),
            confirmed: AtomicU64::new(0),
            applied: AppliedOffset::default(),
            safe: AtomicU64::new(0),
            connected: AtomicBool::new(false),
            conflicts: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            holds: AtomicU64::new(0),
            holding: Mutex::new(None),
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        let load = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        // Before what was received: or it could seem to be behind what was confirmed.
        let confirmed_offset = load(&self.confirmed);
        let backlog = self.backlog.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(BacklogStats::figures);
        let backlog = backlog.unwrap_or_default();
        let received_of = |phase| backlog.received.filter(|place| place.phase == phase).map(|place| place.offset);
        Figures {
            node: self.node.clone(),
            state: match self.state.load(Ordering::Relaxed) {
                STREAM => State::Stream,
                SNAPSHOT => State::Snapshot,
                _ => State::Starting,
            },
            connected: self.connected.load(Ordering::Relaxed),
            snapshots: load(&self.snapshots),
            snapshot_pending: self.snapshot_pending.load(Ordering::Relaxed),
            snapshot_len: Some(load(&self.snapshot_len)).filter(|&len| len != UNKNOWN),
            snapshot_received: received_of(replica::Phase::Snapshot).unwrap_or_else(|| load(&self.snapshot_received)),
            snapshot_bytes: load(&self.snapshot_bytes),
            keys: self.keys.current(),
            keys_total: self.keys.total(),
            commands: self.commands.current(),
            commands_total: self.commands.total(),
            unconfirmed_commands: load(&self.unconfirmed_commands),
            unconfirmed_bytes: load(&self.unconfirmed_bytes),
            received_offset: received_of(replica::Phase::Stream).unwrap_or(0),
            confirmed_offset,
            safe_offset: load(&self.safe),
            behind_bytes: backlog.unreleased_bytes,
            conflicts: load(&self.conflicts),
            skipped: load(&self.skipped),
            behind_ms: backlog.oldest.map_or(0, |oldest| UnixMillis::of(SystemTime::now()).since(oldest)),
            backlog,
            holds: load(&self.holds),
            holding: self.holding.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// What is read goes to another backlog from now on.
    pub(crate) fn reads_from(&self, backlog: BacklogStats) {
        *self.backlog.lock().unwrap_or_else(PoisonError::into_inner) = Some(backlog);
    }

    /// Something happened on the connection to the source.
    pub(crate) fn link(&self, event: &LinkEvent) {
        match event {
            LinkEvent::Connected(_) => self.connected.store(true, Ordering::Relaxed),
            LinkEvent::FullResync { .. } => self.snapshot_pending.store(true, Ordering::Relaxed),
            LinkEvent::SnapshotBegin { .. } => self.snapshot_pending.store(false, Ordering::Relaxed),
            LinkEvent::SnapshotEnd { len } => self.snapshot_received.store(*len, Ordering::Relaxed),
            LinkEvent::Lost { .. } => {
                self.connected.store(false, Ordering::Relaxed);
                self.snapshot_pending.store(false, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    pub(crate) fn begin_snapshot(&self, len: Option<u64>) {
        self.snapshot_len.store(len.unwrap_or(UNKNOWN), Ordering::Relaxed);
        self.snapshot_bytes.store(0, Ordering::Relaxed);
        self.keys.begin();
        self.commands.begin();
        self.confirmed.store(0, Ordering::Relaxed);
        self.safe.store(0, Ordering::Relaxed);
        self.snapshots.fetch_add(1, Ordering::Relaxed);
        self.set_state(State::Snapshot);
    }

    pub(crate) fn set_state(&self, state: State) {
        let state = match state {
            State::Starting => STARTING,
            State::Snapshot => SNAPSHOT,
            State::Stream => STREAM,
        };
        self.state.store(state, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self, bytes: u64, keys: u64) {
        self.snapshot_bytes.store(bytes, Ordering::Relaxed);
        self.keys.set(keys);
    }

    pub(crate) fn commands(&self, applied: u64) {
        self.commands.set(applied);
    }

    pub(crate) fn unconfirmed(&self, commands: u64, bytes: usize) {
        self.unconfirmed_commands.store(commands, Ordering::Relaxed);
        self.unconfirmed_bytes.store(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn confirmed(&self, position: Position) {
        if position.phase == Phase::Stream {
            self.confirmed.store(position.offset, Ordering::Relaxed);
            self.applied.store(position.generation, Offset(position.offset));
        }
    }

    /// Up to where the target has confirmed, for who acknowledges that to the source.
    pub(crate) fn applied(&self) -> AppliedOffset {
        self.applied.clone()
    }

    pub(crate) fn safe(&self, position: Position) {
        if position.phase == Phase::Stream {
            self.safe.store(position.offset, Ordering::Relaxed);
        }
    }

    pub(crate) fn conflict(&self) {
        self.conflicts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn skip(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn hold(&self, reason: String) {
        let mut holding = self.holding.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *holding {
            Some(holding) => holding.reason = reason,
            None => {
                self.holds.fetch_add(1, Ordering::Relaxed);
                *holding = Some(Holding { reason, since: SystemTime::now() });
            }
        }
    }

    pub(crate) fn flow(&self) {
        *self.holding.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A number that begins anew with every snapshot, and its total, which never goes back. One task writes it.
#[derive(Debug, Default)]
struct Counter {
    total: AtomicU64,
    before: AtomicU64,
}

impl Counter {
    fn begin(&self) {
        self.before.store(self.total(), Ordering::Relaxed);
    }

    fn set(&self, current: u64) {
        self.total.store(self.before.load(Ordering::Relaxed) + current, Ordering::Relaxed);
    }

    fn current(&self) -> u64 {
        self.total().saturating_sub(self.before.load(Ordering::Relaxed))
    }

    fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

const STARTING: u8 = 0;
const SNAPSHOT: u8 = 1;
const STREAM: u8 = 2;

/// No snapshot has this length.
const UNKNOWN: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use replica::Loss;

    use super::*;

    fn progress() -> Progress {
        Progress::new("10.0.0.1:6379".to_owned())
    }

    impl Figures {
        /// Those of a link that has done nothing yet.
        pub(crate) fn of(node: &str) -> Self {
            Self { node: node.to_owned(), ..progress().figures() }
        }
    }

    #[test]
    fn totals_go_on_where_a_resync_begins_anew() {
        let progress = progress();
        progress.begin_snapshot(Some(100));
        progress.snapshot(100, 7);
        progress.commands(3);
        progress.begin_snapshot(None);
        progress.snapshot(10, 2);
        let figures = progress.figures();
        assert_eq!((figures.keys, figures.keys_total), (2, 9));
        assert_eq!((figures.commands, figures.commands_total), (0, 3));
        assert_eq!((figures.snapshots, figures.snapshot_len), (2, None));
    }

    #[test]
    fn a_link_holds_since_the_first_of_its_reasons() {
        let progress = progress();
        progress.hold("MOVED".to_owned());
        let since = progress.figures().holding.unwrap().since;
        progress.hold("OOM".to_owned());
        assert_eq!(progress.figures().holding, Some(Holding { reason: "OOM".to_owned(), since }));
        progress.flow();
        progress.hold("LOADING".to_owned());
        assert_eq!(progress.figures().holds, 2);
    }

    #[test]
    fn a_snapshot_is_pending_until_it_comes_or_the_connection_is_lost() {
        let progress = progress();
        let resync = LinkEvent::FullResync {
            generation: 1,
            replid: "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345".parse().unwrap(),
            offset: Offset(14),
        };
        let lost = LinkEvent::Lost { error: Loss::Closed, retry_in: std::time::Duration::ZERO };
        for end in [LinkEvent::SnapshotBegin { len: None }, lost] {
            progress.link(&resync);
            assert!(progress.figures().snapshot_pending);
            progress.link(&end);
            assert!(!progress.figures().snapshot_pending, "{end:?}");
        }
        progress.link(&LinkEvent::SnapshotEnd { len: 42 });
        assert_eq!(progress.figures().snapshot_received, 42);
    }
}
