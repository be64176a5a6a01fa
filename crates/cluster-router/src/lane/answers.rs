//! Replies matched with what they answer: which entries are confirmed, and which have to go out again.

use bytes::{Buf, Bytes, BytesMut};
use resp::{ErrorReply, Reply, ReplyKind, ReplyScanner};

use super::Judge;
use super::queue::{Entry, Queue};
use crate::Slot;
use crate::router::{Books, InOtherWords, put_together, replies};

/// The sans-IO half of a lane: entries in, replies in; confirmations and troubles out.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// What is on its way.
    pub(crate) queue: Queue,
    /// Entries that have to go out again: the first refused one of a slot and all behind it in that slot, in order.
    /// What a node did for the later ones does not count, or they would take effect before the refused one.
    pub(crate) returned: Queue,
    /// Where entries were sent on to alone: the error reply that says so, and the slot whose first returned entry it is.
    asks: Vec<(Slot, ErrorReply)>,
    /// The slots of refused entries; what has no slot keeps its order as if it were one.
    refused_slots: Vec<Option<Slot>>,
    scanner: ReplyScanner,
    /// Replies read for the entry at the head.
    read: u32,
    /// The first error among them.
    error: Option<ErrorReply>,
}

/// What is to be done about an error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The entry goes out again, when what stands in the way is settled.
    Again,
    /// The error is as good as a success: the configuration says so.
    Accept,
    /// The error counts as a success, and is told: the entry was sent before, and the error is what one gets that has
    /// taken effect already; or what it was to work on is not there, which is right most of the time.
    Concede,
    /// This is to be sent in its place, as if it had been from the start.
    InOtherWords(InOtherWords),
    /// No way on.
    Fatal,
}

/// A refused entry.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The node's reply.
    pub(crate) error: ErrorReply,
    /// What was refused.
    pub(crate) entry: Entry,
    /// Its bytes.
    pub(crate) bytes: Bytes,
}

/// What came of reading replies.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The first refusal that is to be tried again.
    pub(crate) again: Option<ErrorReply>,
    /// Entries that count as done in spite of an error.
    pub(crate) conceded: Vec<Refused>,
    /// The last replies of entries with a token.
    pub(crate) answers: Vec<(u64, Reply)>,
    /// A refusal that ends the link.
    pub(crate) fatal: Option<Refused>,
}

impl Answers {
    /// Reads all whole replies in `input`.
    ///
    /// # Errors
    /// When the bytes are not replies, or answer nothing.
    pub(crate) fn read(
        &mut self,
        input: &mut BytesMut,
        books: &mut Books,
        judge: &Judge<'_>,
    ) -> Result<Outcome, AnswerError> {
        let mut outcome = Outcome::default();
        let mut at = 0;
        while outcome.fatal.is_none() {
            let rest = input.get(at..).unwrap_or_default();
            if rest.starts_with(OK) && self.read == 0 && self.confirm_plain(books) {
                at += OK.len();
                continue;
            }
            // The scanner keeps its place in a reply that it has begun, so it must not begin one that ends above.
            if rest.len() < OK.len() && OK.starts_with(rest) {
                break;
            }
            let Some(found) = self.scanner.scan(rest)? else { break };
            let frame = rest.get(..found.len).unwrap_or_default();
            at += found.len;
            if found.kind == ReplyKind::Push {
                continue;
            }
            let entry = self.awaited().ok_or(AnswerError::Unasked)?;
            if found.has_error && self.error.is_none() {
                self.error = Reply::parse(Bytes::copy_from_slice(frame))?.first_error().cloned();
            }
            self.read += 1;
            if self.read < entry.replies {
                continue;
            }
            self.read = 0;
            let aborted = entry.replies > 1 && found.kind == ReplyKind::Error;
            match entry.token {
                Some(token) => self.answer(entry, token, frame, books, judge, &mut outcome)?,
                None => self.conclude(entry, aborted, books, judge, &mut outcome),
            }
        }
        input.advance(at);
        Ok(outcome)
    }

    /// The entry that the next reply is for. A transaction is answered command by command, also before it is written to its
    /// end; but its last reply comes behind its last byte.
    fn awaited(&self) -> Option<Entry> {
        let (entry, is_written) = self.queue.begun()?;
        (is_written || self.read + 1 < entry.replies).then_some(entry)
    }

    /// The case of nearly all replies: `+OK` to a command of one reply, in a slot where nothing was refused.
    fn confirm_plain(&mut self, books: &mut Books) -> bool {
        let Some(entry) = self.queue.head().filter(|entry| entry.replies == 1 && entry.token.is_none()) else {
            return false;
        };
        if !self.refused_slots.is_empty() {
            return false;
        }
        self.confirm(entry, books);
        true
    }

    fn conclude(&mut self, entry: Entry, aborted: bool, books: &mut Books, judge: &Judge<'_>, outcome: &mut Outcome) {
        let behind_refused = self.refused_slots.contains(&entry.slot);
        let Some(error) = self.error.take() else {
            return if behind_refused { self.take_back(repeated(entry)) } else { self.confirm(entry, books) };
        };
        match judge(&error, entry, self.queue.head_bytes()) {
            _ if behind_refused => self.take_back(entry),
            // Nothing of an aborted transaction was done, and nothing of it had been done before.
            Verdict::Accept | Verdict::Concede if aborted => outcome.fatal = Some(self.refused(error, entry)),
            Verdict::Accept => self.confirm(entry, books),
            Verdict::Concede => {
                outcome.conceded.push(self.refused(error, entry));
                self.confirm(entry, books);
            }
            Verdict::Again => self.refuse(entry, error, outcome),
            Verdict::InOtherWords(words) => {
                self.refused_slots.push(entry.slot);
                self.queue.pop();
                let entry = Entry { replies: replies(words.commands), ..entry };
                self.returned.push(entry, |out| {
                    put_together(words.commands, out, |out| out.extend_from_slice(&words.bytes));
                });
                outcome.again.get_or_insert(error);
            }
            Verdict::Fatal => outcome.fatal = Some(self.refused(error, entry)),
        }
    }

    /// What was asked for is handed on, an error as well, unless it only says that the question comes too early or to
    /// the wrong node.
    fn answer(
        &mut self,
        entry: Entry,
        token: u64,
        frame: &[u8],
        books: &mut Books,
        judge: &Judge<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), AnswerError> {
        let error = self.error.take();
        if self.refused_slots.contains(&entry.slot) {
            self.take_back(entry);
        } else if let Some(error) = error.filter(|error| judge(error, entry, self.queue.head_bytes()) == Verdict::Again)
        {
            self.refuse(entry, error, outcome);
        } else {
            outcome.answers.push((token, Reply::parse(Bytes::copy_from_slice(frame))?));
            self.confirm(entry, books);
        }
        Ok(())
    }

    /// Freezes the slot from this entry on.
    fn refuse(&mut self, entry: Entry, error: ErrorReply, outcome: &mut Outcome) {
        self.refused_slots.push(entry.slot);
        self.take_back(entry);
        if let Some(slot) = entry.slot.filter(|_| error.is("ASK")) {
            self.asks.push((slot, error.clone()));
        }
        outcome.again.get_or_insert(error);
    }

    fn refused(&self, error: ErrorReply, entry: Entry) -> Refused {
        Refused { error, entry, bytes: Bytes::copy_from_slice(self.queue.head_bytes()) }
    }

    fn confirm(&mut self, entry: Entry, books: &mut Books) {
        self.queue.pop();
        books.confirm(entry);
    }

    fn take_back(&mut self, entry: Entry) {
        let bytes = self.queue.head_bytes();
        self.returned.push(entry, |out| out.extend_from_slice(bytes));
        self.queue.pop();
    }

    /// Takes out everything that is not confirmed, in an order that is right for every slot, and starts anew.
    pub(crate) fn take_open(&mut self) -> [Queue; 2] {
        let Self { queue, returned, .. } = std::mem::take(self);
        [returned, queue]
    }

    /// Where to send the first returned entry of a slot alone, for those slots of which a node said so.
    pub(crate) fn take_asks(&mut self) -> Vec<(Slot, ErrorReply)> {
        std::mem::take(&mut self.asks)
    }

    /// Forgets what was read of a connection that is gone.
    pub(crate) fn connection_lost(&mut self) {
        self.scanner = ReplyScanner::default();
        self.read = 0;
        self.error = None;
    }
}

/// The entry took effect, and will be sent again all the same.
fn repeated(entry: Entry) -> Entry {
    Entry { repeated: true, ..entry }
}

/// Why what a node sends cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("the node sent what is no reply: {0}")]
    NoReply(#[from] resp::Error),
    #[error("the node sent a reply that nothing was asked for")]
    Unasked,
}

const OK: &[u8] = b"+OK\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Phase, Position};

    fn judge(error: &ErrorReply, _: Entry, _: &[u8]) -> Verdict {
        match error.code() {
            b"MOVED" | b"OOM" => Verdict::Again,
            b"BUSYKEY" => Verdict::Accept,
            _ => Verdict::Fatal,
        }
    }

    struct Bench {
        answers: Answers,
        books: Books,
        input: BytesMut,
    }

    impl Bench {
        /// Entries named by a letter each, with their slot and number of replies; all are sent.
        fn new(entries: &[(char, Option<u16>, u32)]) -> Self {
            let mut bench = Self::unsent(entries);
            let len = bench.answers.queue.unsent().len();
            bench.answers.queue.wrote(len);
            bench
        }

        fn unsent(entries: &[(char, Option<u16>, u32)]) -> Self {
            let (mut answers, mut books) = (Answers::default(), Books::new(None));
            for &(name, slot, replies) in entries {
                let slot = slot.and_then(Slot::new);
                let round = Some(books.tracker.open());
                let phase = Phase::Stream;
                let entry = Entry {
                    slot,
                    replies,
                    db: 0,
                    phase,
                    offset: 0,
                    repeated: false,
                    relied_on: false,
                    forgiving: false,
                    token: None,
                    round,
                };
                answers.queue.push(entry, |out| out.extend_from_slice(name.to_string().as_bytes()));
            }
            books.tracker.end_round(Position { offset: 1, ..Position::default() });
            Self { answers, books, input: BytesMut::new() }
        }

        fn receive(&mut self, bytes: &str) -> Outcome {
            self.input.extend_from_slice(bytes.as_bytes());
            self.answers.read(&mut self.input, &mut self.books, &judge).unwrap()
        }

        fn open(&mut self) -> String {
            let queues = self.answers.take_open();
            let bytes = queues.iter().flat_map(|queue| queue.entries().flat_map(|(_, bytes)| bytes.to_vec()));
            String::from_utf8(bytes.collect()).unwrap()
        }
    }

    #[test]
    fn every_reply_confirms_one_entry() {
        let mut bench = Bench::new(&[('a', Some(1), 1), ('b', Some(2), 1), ('c', None, 1)]);
        bench.receive("+OK\r\n:5\r\n+O");
        assert!(!bench.books.tracker.is_idle());
        bench.receive("K\r\n");
        assert!(bench.books.tracker.is_idle());
        assert_eq!(bench.open(), "");
    }

    #[test]
    fn a_refusal_takes_all_later_entries_of_its_slot_along() {
        let mut bench = Bench::new(&[('a', Some(1), 1), ('b', Some(2), 1), ('c', Some(1), 1), ('d', Some(2), 1)]);
        let outcome = bench.receive("-OOM no\r\n+OK\r\n:1\r\n+OK\r\n");
        assert!(outcome.again.is_some_and(|error| error.is("OOM")));
        assert_eq!(bench.open(), "ac");
    }

    #[test]
    fn a_transaction_is_one_entry() {
        let mut bench = Bench::new(&[('t', Some(1), 4), ('u', Some(1), 4), ('v', Some(2), 4)]);
        bench.receive("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n");
        let outcome = bench.receive("+OK\r\n-MOVED 1 h:1\r\n-MOVED 1 h:1\r\n-EXECABORT Transaction discarded\r\n");
        assert!(outcome.again.is_some_and(|error| error.is("MOVED")));
        let outcome = bench.receive("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n-WRONGTYPE no\r\n");
        let refused = outcome.fatal.unwrap();
        assert_eq!((refused.error.code(), &refused.bytes[..]), (&b"WRONGTYPE"[..], &b"v"[..]));
        assert_eq!(bench.open(), "uv");
    }

    /// Its commands may fill more than a node takes in one go.
    #[test]
    fn a_transaction_is_answered_while_it_is_written() {
        // Three bytes, since the name is a letter of three.
        let mut bench = Bench::unsent(&[('\u{2764}', Some(1), 3)]);
        let unasked = |bench: &mut Bench, bytes: &[u8]| {
            let mut input = BytesMut::from(bytes);
            bench.answers.read(&mut input, &mut bench.books, &judge).unwrap_err()
        };
        assert_eq!(unasked(&mut bench, b"+OK\r\n"), AnswerError::Unasked);
        bench.answers.queue.wrote(1);
        bench.receive("+OK\r\n+QUEUED\r\n");
        assert_eq!(unasked(&mut bench, b"*1\r\n:1\r\n"), AnswerError::Unasked);
        bench.answers.queue.wrote(2);
        bench.receive("*1\r\n:1\r\n");
        assert!(bench.books.tracker.is_idle());
    }

    #[test]
    fn an_accepted_error_confirms() {
        let mut bench = Bench::new(&[('a', Some(1), 1)]);
        bench.receive("-BUSYKEY Target key name already exists.\r\n");
        assert!(bench.books.tracker.is_idle());
    }

    #[test]
    fn pushes_answer_nothing_and_replies_must_answer_something() {
        let mut bench = Bench::new(&[('a', Some(1), 1)]);
        bench.receive(">1\r\n+invalidate\r\n+OK\r\n");
        assert!(bench.books.tracker.is_idle());
        bench.input.extend_from_slice(b"+OK\r\n");
        let unasked = bench.answers.read(&mut bench.input, &mut bench.books, &judge);
        assert_eq!(unasked.unwrap_err(), AnswerError::Unasked);
    }
}
