use std::{collections::VecDeque, time::Instant};

use bytes::{Bytes, BytesMut};
use resp::{ErrorReply, put_command};

use super::{
    Event, HandshakeInfo, PsyncConfig, PsyncError, PsyncErrorKind, Reading,
    ack::AckSchedule,
    getack::GetAckFinder,
    handshake::Step,
    line::LineReader,
    reply::{PsyncReply, SnapshotHeader},
    snapshot::Framing,
};
use crate::{Offset, ReplId};

/// One connection to a primary, seen from the replica, without I/O: bytes and the time go in, events and bytes come out.
///
/// After each call of a `handle_` method, drain [`poll_event`](Self::poll_event) and
/// [`poll_transmit`](Self::poll_transmit), and call [`handle_timeout`](Self::handle_timeout) at the time that
/// [`poll_timeout`](Self::poll_timeout) names. However the input is cut into reads, events carry the same bytes in the
/// same order. They are slices of the reads, not copies.
///
/// # Examples
/// ```
/// use std::time::Instant;
/// use bytes::Bytes;
/// use replica::{Event, Psync, PsyncConfig};
///
/// let now = Instant::now();
/// let mut psync = Psync::new(PsyncConfig { announced_version: None, ..PsyncConfig::default() }, now);
/// assert_eq!(psync.poll_transmit().unwrap(), "*1\r\n$4\r\nPING\r\n");
/// for reply in ["+PONG\r\n", "+OK\r\n", "+OK\r\n"] {
///     psync.handle_input(Bytes::from(reply), now)?;
///     psync.poll_transmit();
/// }
/// let input = "+FULLRESYNC 8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345 14\r\n$5\r\nREDIS*1\r\n$4\r\nPING\r\n";
/// psync.handle_input(Bytes::from(input), now)?;
/// let events: Vec<Event> = std::iter::from_fn(|| psync.poll_event()).collect();
/// assert_eq!(events.last(), Some(&Event::Stream(Bytes::from("*1\r\n$4\r\nPING\r\n"))));
/// assert_eq!(psync.received().0, 28);
/// # Ok::<(), replica::PsyncError>(())
/// ```
#[derive(Debug)]
pub struct Psync {
    config: PsyncConfig,
    state: State,
    lines: LineReader,
    getack: GetAckFinder,
    ack: AckSchedule,
    events: VecDeque<Event>,
    out: BytesMut,
    received: Offset,
    /// Bytes of this connection that were taken.
    taken: u64,
    /// How many of them came before the line being read.
    line_start: u64,
    heard: Instant,
    reading: bool,
}

#[derive(Debug)]
enum State {
    Handshake(Step, HandshakeInfo),
    SnapshotHeader(Offset),
    Snapshot(Offset, Framing),
    Stream,
    Failed(PsyncError),
}

impl Psync {
    /// Begins the handshake on a fresh connection.
    #[must_use]
    pub fn new(config: PsyncConfig, now: Instant) -> Self {
        let mut out = BytesMut::new();
        Step::Ping.put_command(&config, &mut out);
        Self {
            config,
            state: State::Handshake(Step::Ping, HandshakeInfo::default()),
            lines: LineReader::default(),
            getack: GetAckFinder::new(),
            ack: AckSchedule::default(),
            events: VecDeque::new(),
            out,
            received: Offset(0),
            taken: 0,
            line_start: 0,
            heard: now,
            reading: true,
        }
    }

    /// Takes bytes read from the primary.
    ///
    /// # Errors
    /// When the primary refuses, or sends what a primary does not send. The connection is of no use then: every
    /// further call answers with the same error. Events of the bytes before are still there.
    pub fn handle_input(&mut self, mut input: Bytes, now: Instant) -> Result<(), PsyncError> {
        self.heard = now;
        while !input.is_empty() {
            let before = input.len();
            let result = self.step(&mut input, now);
            self.taken = self.taken.saturating_add((before - input.len()) as u64);
            if let Err(error) = result {
                self.state = State::Failed(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Bytes to send to the primary. An acknowledgement carries the offset at the time of this call.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        let offset = self.config.ack.offset(self.received);
        if self.ack.take_due(offset) {
            put_command(&mut self.out, &["REPLCONF", "ACK", &offset.to_string()]);
        }
        (!self.out.is_empty()).then(|| self.out.split().freeze())
    }

    /// Whether the primary waits for more to be [applied](super::AckSource::Applied): when it is,
    /// [`poll_transmit`](Self::poll_transmit) tells it.
    #[must_use]
    pub fn owes_ack(&self) -> bool {
        self.ack.is_owed()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if matches!(self.state, State::Failed(_)) {
            return None;
        }
        let silent = self.reading.then(|| self.heard + self.config.repl_timeout);
        silent.into_iter().chain(self.ack.poll_timeout()).min()
    }

    /// Does what is due at `now`; calling it early does nothing.
    ///
    /// # Errors
    /// [`Silent`](PsyncErrorKind::Silent), when nothing has come from the primary for too long.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), PsyncError> {
        if let State::Failed(error) = &self.state {
            return Err(error.clone());
        }
        if self.reading && now >= self.heard + self.config.repl_timeout {
            let error = PsyncError::new(PsyncErrorKind::Silent, self.taken, self.being_read());
            self.state = State::Failed(error.clone());
            return Err(error);
        }
        self.ack.handle_timeout(now);
        Ok(())
    }

    /// Says whether the driver reads from the connection at present (it does at first).
    ///
    /// While it does not, the primary's silence is our own doing and no error. Acknowledgements go on.
    pub fn set_reading(&mut self, reading: bool, now: Instant) {
        if reading && !self.reading {
            self.heard = now;
        }
        self.reading = reading;
    }

    /// The last offset received; 0 until `+CONTINUE` or the end of the snapshot.
    #[must_use]
    pub fn received(&self) -> Offset {
        self.received
    }

    /// Takes as much of `input` as one state has use for.
    fn step(&mut self, input: &mut Bytes, now: Instant) -> Result<(), PsyncError> {
        match &mut self.state {
            State::Handshake(..) | State::SnapshotHeader(_) => self.read_line(input, now),
            State::Snapshot(..) => {
                self.read_snapshot(input, now);
                Ok(())
            }
            State::Stream => {
                self.read_stream(std::mem::take(input), now);
                Ok(())
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    fn read_line(&mut self, input: &mut Bytes, now: Instant) -> Result<(), PsyncError> {
        self.line_start = self.taken.saturating_sub(self.lines.pending());
        let Some(line) = self.lines.take(input).map_err(|_| self.error(PsyncErrorKind::LineTooLong))? else {
            return Ok(());
        };
        // Primaries that are busy preparing a snapshot send empty lines so that we do not give up.
        if line.is_empty() {
            return Ok(());
        }
        match self.state {
            State::Handshake(step, info) if line.starts_with(b"-") => self.handle_error_reply(step, info, &line),
            State::Handshake(Step::Psync, _) => self.handle_psync_reply(&line, now),
            State::Handshake(step, info) if line.starts_with(b"+") => {
                self.advance(step, HandshakeInfo { version_accepted: info.version_accepted || step == Step::Version });
                Ok(())
            }
            State::SnapshotHeader(offset) => self.handle_snapshot_header(&line, offset, now),
            _ => Err(self.error(PsyncErrorKind::Malformed)),
        }
    }

    fn handle_error_reply(&mut self, step: Step, info: HandshakeInfo, line: &[u8]) -> Result<(), PsyncError> {
        let reply = ErrorReply::parse(line);
        match step.judge(&self.config, &reply) {
            Some(kind) => Err(PsyncError::refused(kind, self.line_start, step.reading(), reply)),
            None => {
                self.advance(step, info);
                Ok(())
            }
        }
    }

    /// Goes on to the step after `step`.
    fn advance(&mut self, step: Step, info: HandshakeInfo) {
        let next = step.next(&self.config);
        next.put_command(&self.config, &mut self.out);
        if next == Step::Psync {
            self.events.push_back(Event::Handshake(info));
        }
        self.state = State::Handshake(next, info);
    }

    fn handle_psync_reply(&mut self, line: &[u8], now: Instant) -> Result<(), PsyncError> {
        match PsyncReply::parse(line).ok_or_else(|| self.error(PsyncErrorKind::Malformed))? {
            PsyncReply::FullResync { replid, offset } => {
                self.events.push_back(Event::FullResync { replid, offset });
                self.state = State::SnapshotHeader(offset);
            }
            PsyncReply::Continue { replid } => {
                let (asked, offset) =
                    self.config.resume.ok_or_else(|| self.error(PsyncErrorKind::UnexpectedContinue))?;
                self.resume(replid.unwrap_or(asked), offset, now);
            }
        }
        Ok(())
    }

    fn resume(&mut self, replid: ReplId, offset: Offset, now: Instant) {
        self.received = offset;
        self.ack.start_at_once(now);
        self.events.push_back(Event::Continue { replid });
        self.state = State::Stream;
    }

    fn handle_snapshot_header(&mut self, line: &[u8], offset: Offset, now: Instant) -> Result<(), PsyncError> {
        // A save that fails is answered in place of the snapshot.
        if line.starts_with(b"-") {
            let kind = PsyncErrorKind::Unavailable;
            return Err(PsyncError::refused(kind, self.line_start, Reading::SnapshotHeader, ErrorReply::parse(line)));
        }
        let header = SnapshotHeader::parse(line).ok_or_else(|| self.error(PsyncErrorKind::Malformed))?;
        let framing = Framing::new(&header);
        self.events.push_back(Event::SnapshotBegin { len: framing.len() });
        self.ack.start(now);
        self.state = State::Snapshot(offset, framing);
        if header == SnapshotHeader::Len(0) {
            self.end_snapshot(offset, now);
        }
        Ok(())
    }

    fn read_snapshot(&mut self, input: &mut Bytes, now: Instant) {
        let State::Snapshot(offset, framing) = &mut self.state else { return };
        let (offset, events) = (*offset, &mut self.events);
        let complete = framing.take(input, |bytes| {
            if !bytes.is_empty() {
                events.push_back(Event::Snapshot(bytes));
            }
        });
        if complete {
            self.end_snapshot(offset, now);
        }
    }

    fn end_snapshot(&mut self, offset: Offset, now: Instant) {
        self.received = offset;
        self.ack.hurry(now);
        self.events.push_back(Event::SnapshotEnd);
        self.state = State::Stream;
    }

    fn read_stream(&mut self, bytes: Bytes, now: Instant) {
        self.received = self.received.advanced(bytes.len());
        self.ack.stream_flows(now);
        if self.getack.find(&bytes) {
            self.ack.demand(self.received);
        }
        self.events.push_back(Event::Stream(bytes));
    }

    /// An error in the line being read.
    fn error(&self, kind: PsyncErrorKind) -> PsyncError {
        PsyncError::new(kind, self.line_start, self.being_read())
    }

    fn being_read(&self) -> Reading {
        match &self.state {
            State::Handshake(step, _) => step.reading(),
            State::SnapshotHeader(_) => Reading::SnapshotHeader,
            State::Snapshot(..) => Reading::Snapshot,
            State::Stream => Reading::Stream,
            State::Failed(error) => error.reading,
        }
    }
}
