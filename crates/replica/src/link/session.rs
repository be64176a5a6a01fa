use std::{
    convert::Infallible,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, ReadHalf, WriteHalf, split},
    time::{Instant, sleep_until},
};

use super::{BoxedStream, LinkErrorKind, LinkEvent, Loss, Observe, OnHistoryLost, backoff::Backoff, outbox::Outbox};
use crate::{AckSource, BacklogWriter, Event, Offset, Psync, PsyncConfig, PsyncError, ReplId, UnixMillis, WriteError};

/// One connection: moves bytes between the socket, the protocol and the backlog.
pub(super) struct Session<'a, O> {
    psync: Psync,
    ack: AckSource,
    resume: Option<(ReplId, Offset)>,
    on_history_lost: OnHistoryLost,
    backlog: &'a mut BacklogWriter,
    observer: &'a mut O,
    backoff: &'a mut Backoff,
    /// The history that was announced, until its snapshot begins.
    announced: Option<(ReplId, Offset)>,
    progress: Progress,
    has_room: bool,
    /// When the bytes at hand were read.
    received: UnixMillis,
}

/// Why a session ended.
#[derive(Debug)]
pub(super) enum End {
    /// The connection is lost.
    Lost(Loss),
    /// The link cannot go on.
    Fatal(LinkErrorKind),
}

/// How much of a snapshot has come.
#[derive(Debug, Default)]
struct Progress {
    received: u64,
    len: Option<u64>,
    reported: Option<Instant>,
}

impl<'a, O: Observe> Session<'a, O> {
    pub(super) fn new(
        config: PsyncConfig,
        on_history_lost: OnHistoryLost,
        backlog: &'a mut BacklogWriter,
        observer: &'a mut O,
        backoff: &'a mut Backoff,
    ) -> Self {
        Self {
            resume: config.resume,
            ack: config.ack.clone(),
            psync: Psync::new(config, now()),
            on_history_lost,
            backlog,
            observer,
            backoff,
            announced: None,
            progress: Progress::default(),
            has_room: true,
            received: UnixMillis::default(),
        }
    }

    /// Runs until the connection or the link ends.
    pub(super) async fn run(mut self, stream: BoxedStream) -> End {
        let (source, sink) = split(stream);
        match self.drive(source, Outbox::new(sink)).await {
            Err(end) => end,
            Ok(never) => match never {},
        }
    }

    async fn drive(
        &mut self,
        mut source: ReadHalf<BoxedStream>,
        mut outbox: Outbox<WriteHalf<BoxedStream>>,
    ) -> Result<Infallible, End> {
        let mut block = BytesMut::new();
        let timer = sleep_until(Instant::now());
        tokio::pin!(timer);
        loop {
            if outbox.is_empty() {
                outbox.put(self.psync.poll_transmit().unwrap_or_default());
            }
            self.look_for_room();
            make_space(&mut block);
            let timeout = self.psync.poll_timeout().map(Instant::from_std);
            if let Some(at) = timeout.filter(|&at| at != timer.deadline()) {
                timer.as_mut().reset(at);
            }
            // Acknowledgements come first: the primary must not drop us because data never stops coming.
            tokio::select! {
                biased;
                () = &mut timer, if timeout.is_some() => self.psync.handle_timeout(now())?,
                sent = outbox.send(), if !outbox.is_idle() => sent.map_err(Loss::Io)?,
                () = self.ack.changed(), if self.psync.owes_ack() => {}
                room = self.backlog.room(), if !self.has_room => room?,
                read = source.read_buf(&mut block), if self.has_room => {
                    if read.map_err(Loss::Io)? == 0 {
                        return Err(Loss::Closed.into());
                    }
                    self.take(block.split().freeze())?;
                }
            }
        }
    }

    /// Stops reading while the backlog is full, and goes on when it is not.
    ///
    /// Room is looked for before each read, not after: what was read is always taken at once, so that nothing is held
    /// in between, and a request for an acknowledgement in it does not wait. The budget may be exceeded by one block.
    fn look_for_room(&mut self) {
        let has_room = self.backlog.has_room();
        if has_room != self.has_room {
            self.has_room = has_room;
            self.psync.set_reading(has_room, now());
            self.observer.observe(if has_room { LinkEvent::RoomAgain } else { LinkEvent::WaitingForRoom });
        }
    }

    fn take(&mut self, bytes: Bytes) -> Result<(), End> {
        self.received = UnixMillis::of(SystemTime::now());
        let result = self.psync.handle_input(bytes, now());
        while let Some(event) = self.psync.poll_event() {
            self.handle(event)?;
        }
        Ok(result?)
    }

    fn handle(&mut self, event: Event) -> Result<(), End> {
        match event {
            Event::Handshake(info) => self.observer.observe(LinkEvent::Connected(info)),
            Event::FullResync { replid, offset } => self.announce_full_resync(replid, offset)?,
            Event::SnapshotBegin { len } => self.begin_snapshot(len)?,
            Event::Snapshot(bytes) => self.take_snapshot(bytes)?,
            Event::SnapshotEnd => self.end_snapshot()?,
            Event::Continue { replid } => self.resume(replid)?,
            Event::Stream(bytes) => {
                self.backlog.push(bytes, self.received)?;
                self.backoff.reset();
            }
        }
        Ok(())
    }

    fn announce_full_resync(&mut self, replid: ReplId, offset: Offset) -> Result<(), End> {
        if self.resume.is_some() && self.on_history_lost == OnHistoryLost::Stop {
            return Err(End::Fatal(LinkErrorKind::HistoryLost));
        }
        self.announced = Some((replid, offset));
        let generation = self.backlog.generation().saturating_add(1);
        self.observer.observe(LinkEvent::FullResync { generation, replid, offset });
        Ok(())
    }

    /// Opens the generation only now: up to here the old history can still be asked for again.
    fn begin_snapshot(&mut self, len: Option<u64>) -> Result<(), End> {
        let (replid, offset) = self.announced.take().ok_or(WriteError::OutOfOrder)?;
        // What is applied of the old history is no part of the new one.
        self.ack.begin(self.backlog.generation().saturating_add(1), Offset(0));
        self.backlog.begin_snapshot(replid, offset, len)?;
        self.progress = Progress { received: 0, len, reported: Some(Instant::now()) };
        self.observer.observe(LinkEvent::SnapshotBegin { len });
        Ok(())
    }

    fn take_snapshot(&mut self, bytes: Bytes) -> Result<(), End> {
        self.progress.received = self.progress.received.saturating_add(bytes.len() as u64);
        self.backlog.push(bytes, self.received)?;
        if self.progress.is_due() {
            let Progress { received, len, .. } = self.progress;
            self.observer.observe(LinkEvent::SnapshotProgress { received, len });
        }
        Ok(())
    }

    fn end_snapshot(&mut self) -> Result<(), End> {
        self.backlog.end_snapshot()?;
        self.backoff.reset();
        self.observer.observe(LinkEvent::SnapshotEnd { len: self.progress.received });
        Ok(())
    }

    fn resume(&mut self, replid: ReplId) -> Result<(), End> {
        // The machine may have taken bytes beyond it by now: the offset is the one that was asked for.
        let (_, offset) = self.resume.ok_or(WriteError::OutOfOrder)?;
        self.backlog.resume(replid, offset)?;
        self.observer.observe(LinkEvent::Continue { replid, offset });
        Ok(())
    }
}

impl Progress {
    fn is_due(&mut self) -> bool {
        let due = self.reported.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY);
        if due {
            self.reported = Some(Instant::now());
        }
        due
    }
}

impl From<Loss> for End {
    fn from(loss: Loss) -> Self {
        Self::Lost(loss)
    }
}

impl From<PsyncError> for End {
    fn from(error: PsyncError) -> Self {
        Self::Lost(error.into())
    }
}

impl From<WriteError> for End {
    fn from(error: WriteError) -> Self {
        Self::Fatal(match error {
            WriteError::Closed => LinkErrorKind::BacklogClosed,
            WriteError::OutOfOrder => LinkErrorKind::Internal,
        })
    }
}

/// Makes sure that the next read has space. Reads that follow each other share a block, so that small ones neither
/// waste nor pin one each; a block whose bytes have all been dropped is used again.
fn make_space(block: &mut BytesMut) {
    if block.capacity() < SMALLEST_READ {
        block.reserve(BLOCK);
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// What is read at most at once.
const BLOCK: usize = 128 << 10;
/// A block with less space left than this is not read into any more.
const SMALLEST_READ: usize = 8 << 10;
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
