//! A lane: one pipelined connection from a link to one node.

mod answers;
mod open;
mod queue;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use resp::{ErrorReply, Reply};
use tokio::io::AsyncWrite;
use tokio::time::{Duration, Instant};
use tokio_util::io::poll_read_buf;

pub(crate) use answers::{AnswerError, Outcome, Refused, Verdict};
pub(crate) use open::Opening;
pub(crate) use queue::{Entry, Queue};

use crate::client::ClientError;
use crate::router::Books;
use crate::{BoxFuture, Io, NodeAddr, NodeId, Slot};
use answers::Answers;

/// One ordered connection to a node, opened when there is something to send.
///
/// A lane does not repair anything. At the first trouble it says so; the router then has all lanes drain, takes back
/// what is open, settles the matter, and hands it out again.
pub(crate) struct Lane {
    pub(crate) node: NodeAddr,
    /// The node's id in its cluster, where that is known.
    pub(crate) id: Option<NodeId>,
    opening: Opening,
    answers: Answers,
    connection: Connection,
    /// Send nothing new: finish what was begun and listen to what was sent.
    draining: bool,
    /// The database that the last entry in the queue selects.
    db: u32,
    /// The databases that were selected on this connection.
    selected: Vec<u32>,
    /// Why the connection to a node that is silent is given up.
    given_up: Option<&'static str>,
    /// Whether it ever had a connection.
    was_opened: bool,
    /// When the node last said something, or was given something to answer after silence.
    heard: Instant,
}

enum Connection {
    None,
    Opening(BoxFuture<'static, Result<Box<dyn Io>, ClientError>>),
    Open { io: Box<dyn Io>, input: BytesMut },
}

/// What is to be done about an error reply to an entry, whose bytes are the last argument.
pub(crate) type Judge<'a> = dyn Fn(&ErrorReply, Entry, &[u8]) -> Verdict + 'a;

/// What a lane is polled with.
pub(crate) struct Turn<'a> {
    pub(crate) books: &'a mut Books,
    /// Whether a connection that is lost without need is worth a word.
    pub(crate) reports_losses: bool,
    /// What to do about an error reply.
    pub(crate) judge: &'a Judge<'a>,
    /// Errors of entries that were sent before and count as done.
    pub(crate) conceded: Vec<Refused>,
    /// Replies that were asked for.
    pub(crate) answers: Vec<(u64, Reply)>,
    /// Most bytes that may be on their way without a reply.
    pub(crate) window: usize,
    /// How long a node may be silent while it owes replies.
    pub(crate) patience: Duration,
}

impl Turn<'_> {
    fn note(&mut self, mut outcome: Outcome) -> Outcome {
        self.conceded.append(&mut outcome.conceded);
        self.answers.append(&mut outcome.answers);
        outcome
    }
}

/// Why a lane cannot go on by itself.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The node refused an entry that may be tried again.
    Refused(ErrorReply),
    /// The connection is gone, and with it the replies to what was sent.
    Lost(io::Error),
    /// The node cannot be reached, or does not let us in.
    Unopened(ClientError),
    /// The node refused an entry for good.
    Fatal(Refused),
}

impl Lane {
    pub(crate) fn new(node: NodeAddr, opening: Opening) -> Self {
        let connection = Connection::None;
        let heard = Instant::now();
        Self {
            node,
            id: None,
            opening,
            answers: Answers::default(),
            connection,
            draining: false,
            db: 0,
            selected: Vec::new(),
            given_up: None,
            was_opened: false,
            heard,
        }
    }

    /// Takes an entry; `encode` writes its bytes.
    pub(crate) fn push(&mut self, entry: Entry, encode: impl FnOnce(&mut BytesMut)) {
        self.select_for(entry);
        self.answers.queue.push(entry, encode);
    }

    /// Takes an entry behind which nothing is sent before it is answered.
    pub(crate) fn push_alone(&mut self, entry: Entry, encode: impl FnOnce(&mut BytesMut)) {
        self.select_for(entry);
        self.answers.queue.push_barrier(entry, encode);
    }

    /// Queues the `SELECT` that an entry needs, if it does.
    ///
    /// Refused, it would leave what follows to another database. So nothing is sent behind the first one of each
    /// database before it is answered; the later ones are relied on.
    fn select_for(&mut self, entry: Entry) {
        if entry.db == self.db {
            return;
        }
        self.db = entry.db;
        let known = self.selected.contains(&entry.db);
        let select = Entry {
            slot: None,
            replies: 1,
            round: None,
            repeated: false,
            forgiving: false,
            token: None,
            relied_on: known,
            ..entry
        };
        let encode = |out: &mut BytesMut| resp::put_command(out, &["SELECT", &entry.db.to_string()]);
        if known {
            self.answers.queue.push(select, encode);
        } else {
            self.selected.push(entry.db);
            self.answers.queue.push_barrier(select, encode);
        }
    }

    /// Bytes held: not confirmed.
    pub(crate) fn bytes(&self) -> usize {
        self.answers.queue.bytes()
    }

    /// Whether it ever had a connection.
    pub(crate) fn was_opened(&self) -> bool {
        self.was_opened
    }

    /// Stops sending.
    pub(crate) fn drain(&mut self) {
        self.draining = true;
        if matches!(self.connection, Connection::Opening(_)) {
            self.connection = Connection::None;
        }
    }

    /// Whether a draining lane has come to rest: nothing it sent can still be answered.
    pub(crate) fn is_at_rest(&self) -> bool {
        match self.connection {
            Connection::Open { .. } => self.answers.queue.in_flight() == 0,
            Connection::None | Connection::Opening(_) => true,
        }
    }

    /// Takes out what is not confirmed, and lets the lane send again.
    pub(crate) fn take_open(&mut self) -> [Queue; 2] {
        self.draining = false;
        // A SELECT that was queued but not sent, or was refused, goes with the rest.
        self.forget_databases();
        self.answers.take_open()
    }

    /// As [`Answers::take_asks`].
    pub(crate) fn take_asks(&mut self) -> Vec<(Slot, ErrorReply)> {
        self.answers.take_asks()
    }

    /// Closes the connection of a lane at rest; the next entry opens another one.
    pub(crate) fn hang_up(&mut self) {
        self.connection = Connection::None;
        self.forget_databases();
        self.answers.connection_lost();
    }

    /// How long the node has owed a reply without saying anything; `None` when it owes none.
    pub(crate) fn silence(&self) -> Option<Duration> {
        let owes = matches!(self.connection, Connection::Open { .. }) && self.answers.queue.in_flight() > 0;
        owes.then(|| self.heard.elapsed())
    }

    /// Gives the connection up at the next poll: what the node may yet say to it does not count any more.
    pub(crate) fn give_up(&mut self, why: &'static str) {
        self.given_up = Some(why);
    }

    /// Does what can be done without waiting: opens, writes, reads. Ready when there is trouble.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>) -> Poll<Trouble> {
        if let Some(why) = self.given_up.take().filter(|_| matches!(self.connection, Connection::Open { .. })) {
            let cause = io::Error::other(why);
            return Poll::Ready(self.lose(Trouble::Lost(cause)));
        }
        if matches!(self.connection, Connection::None) {
            if self.draining || !self.answers.queue.has_unsent() {
                return Poll::Pending;
            }
            self.connection = Connection::Opening(Box::pin(open::open(self.opening.clone(), self.node.clone())));
        }
        if let Connection::Opening(opening) = &mut self.connection {
            match ready!(opening.as_mut().poll(cx)) {
                Ok(io) => self.connection = Connection::Open { io, input: BytesMut::new() },
                Err(error) => return Poll::Ready(self.lose(Trouble::Unopened(error))),
            }
            self.was_opened = true;
            self.heard = Instant::now();
        }
        if let Err(error) = self.write(cx, turn.window) {
            return Poll::Ready(self.lose(Trouble::Lost(error)));
        }
        match self.read(cx, turn) {
            Poll::Ready(Ok(trouble)) => Poll::Ready(trouble),
            Poll::Ready(Err(error)) => {
                let trouble = self.lose(Trouble::Lost(error));
                // A connection closed while it had nothing to do is opened anew when it is needed.
                if self.bytes() == 0 && !turn.reports_losses { Poll::Pending } else { Poll::Ready(trouble) }
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn write(&mut self, cx: &mut Context<'_>, window: usize) -> io::Result<()> {
        let Connection::Open { io, .. } = &mut self.connection else { return Ok(()) };
        let queue = &mut self.answers.queue;
        loop {
            let bytes = if self.draining || queue.in_flight() >= window {
                queue.unsent_of_begun_entry()
            } else {
                queue.unsent()
            };
            if bytes.is_empty() {
                return Ok(());
            }
            match Pin::new(&mut *io).poll_write(cx, bytes) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => {
                    // No whole entry is there yet to be answered: a giant one may take its time.
                    if queue.head().is_none() {
                        self.heard = Instant::now();
                    }
                    queue.wrote(written);
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>) -> Poll<io::Result<Trouble>> {
        let Connection::Open { io, input } = &mut self.connection else { return Poll::Pending };
        loop {
            input.reserve(READ_BYTES);
            match poll_read_buf(Pin::new(&mut *io), cx, input) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Ready(Ok(_)) => self.heard = Instant::now(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return self.check_silence(turn.patience),
            }
            let outcome = self.answers.read(input, turn.books, turn.judge);
            match outcome.map(|outcome| turn.note(outcome)).map_err(broken) {
                Ok(Outcome { fatal: Some(refused), .. }) => return Poll::Ready(Ok(Trouble::Fatal(refused))),
                Ok(Outcome { again: Some(error), .. }) => return Poll::Ready(Ok(Trouble::Refused(error))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Polled at least once a second by the router's clock.
    fn check_silence(&self, patience: Duration) -> Poll<io::Result<Trouble>> {
        if self.answers.queue.in_flight() > 0 && self.heard.elapsed() > patience {
            let silence = format!("no reply for {} s", patience.as_secs());
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, silence)));
        }
        Poll::Pending
    }

    fn lose(&mut self, trouble: Trouble) -> Trouble {
        self.connection = Connection::None;
        self.given_up = None;
        self.forget_databases();
        self.answers.connection_lost();
        trouble
    }

    fn forget_databases(&mut self) {
        self.db = UNKNOWN_DB;
        self.selected.clear();
    }
}

fn broken(error: AnswerError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// How much is read at once: replies are short.
const READ_BYTES: usize = 16 << 10;

/// No database has this number: the next entry selects its own.
const UNKNOWN_DB: u32 = u32::MAX;
