//! How far a link is, for whoever wants to know.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cluster_router::{Phase, Position};
use replica::{BacklogStats, UnixMillis};

/// The figures of one link, written by its tasks and read by anybody.
#[derive(Debug)]
pub(crate) struct Progress {
    node: String,
    backlog: BacklogStats,
    state: AtomicU8,
    snapshot_len: AtomicU64,
    snapshot_bytes: AtomicU64,
    keys: AtomicU64,
    commands: AtomicU64,
    confirmed: AtomicU64,
    snapshots: AtomicU64,
    connected: AtomicBool,
    conflicts: AtomicU64,
    skipped: AtomicU64,
    holding: Mutex<Option<String>>,
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
    /// Length of the snapshot in bytes, when the source told it.
    pub snapshot_len: Option<u64>,
    /// Bytes of the snapshot that were turned into commands.
    pub snapshot_bytes: u64,
    /// Keys of the snapshot that were submitted.
    pub keys: u64,
    /// Commands of the stream that were submitted.
    pub commands: u64,
    /// The replication offset up to which the source's bytes were received; zero before the stream.
    pub received_offset: u64,
    /// The replication offset up to which the target has confirmed; zero before the stream.
    pub confirmed_offset: u64,
    /// Bytes received that the target has not confirmed.
    pub behind_bytes: u64,
    /// Commands that met a conflict when they were sent again after a lost connection, and were taken for done.
    pub conflicts: u64,
    /// Commands over several slots that were left out, as the plan says.
    pub skipped: u64,
    /// How long ago the oldest byte was received that the target has not confirmed, in milliseconds.
    pub behind_ms: u64,
    /// Whether the source is not read from because the backlog is full.
    pub backlog_full: bool,
    /// What stands in the way at the target.
    pub holding: Option<String>,
}

impl Progress {
    pub(crate) fn new(node: String, backlog: BacklogStats) -> Self {
        Self {
            node,
            backlog,
            state: AtomicU8::new(STARTING),
            snapshot_len: AtomicU64::new(UNKNOWN),
            snapshot_bytes: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            commands: AtomicU64::new(0),
            confirmed: AtomicU64::new(0),
            snapshots: AtomicU64::new(0),
            connected: AtomicBool::new(false),
            conflicts: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            holding: Mutex::new(None),
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        let load = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let backlog = self.backlog.figures();
        let stream = backlog.received.filter(|place| place.phase == replica::Phase::Stream);
        Figures {
            node: self.node.clone(),
            state: match self.state.load(Ordering::Relaxed) {
                STREAM => State::Stream,
                SNAPSHOT => State::Snapshot,
                _ => State::Starting,
            },
            connected: self.connected.load(Ordering::Relaxed),
            snapshots: load(&self.snapshots),
            snapshot_len: Some(load(&self.snapshot_len)).filter(|&len| len != UNKNOWN),
            snapshot_bytes: load(&self.snapshot_bytes),
            keys: load(&self.keys),
            commands: load(&self.commands),
            received_offset: stream.map_or(0, |place| place.offset),
            confirmed_offset: load(&self.confirmed),
            behind_bytes: backlog.unreleased_bytes,
            conflicts: load(&self.conflicts),
            skipped: load(&self.skipped),
            behind_ms: backlog.oldest.map_or(0, |oldest| UnixMillis::of(SystemTime::now()).since(oldest)),
            backlog_full: backlog.waiting_for_room,
            holding: self.holding.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    pub(crate) fn begin_snapshot(&self, len: Option<u64>) {
        self.snapshot_len.store(len.unwrap_or(UNKNOWN), Ordering::Relaxed);
        self.snapshot(0, 0);
        self.commands(0);
        self.confirmed.store(0, Ordering::Relaxed);
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

    pub(crate) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self, bytes: u64, keys: u64) {
        self.snapshot_bytes.store(bytes, Ordering::Relaxed);
        self.keys.store(keys, Ordering::Relaxed);
    }

    pub(crate) fn commands(&self, applied: u64) {
        self.commands.store(applied, Ordering::Relaxed);
    }

    pub(crate) fn confirmed(&self, position: Position) {
        if position.phase == Phase::Stream {
            self.confirmed.store(position.offset, Ordering::Relaxed);
        }
    }

    pub(crate) fn conflict(&self) {
        self.conflicts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn skip(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn hold(&self, hold: String) {
        *self.holding.lock().unwrap_or_else(PoisonError::into_inner) = Some(hold);
    }

    pub(crate) fn flow(&self) {
        *self.holding.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

const STARTING: u8 = 0;
const SNAPSHOT: u8 = 1;
const STREAM: u8 = 2;

/// No snapshot has this length.
const UNKNOWN: u64 = u64::MAX;
