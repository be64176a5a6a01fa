//! What happens when something stands in the way: rest, take back, look again, hand out again.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::detour::{Asked, Detour};
use super::{Event, Hold, Router, RouterError};
use crate::lane::{Entry, Lane, Queue, Trouble};
use crate::{BoxFuture, ClientError, NodeAddr, Redirect, Refusal, SlotMap};

/// What the router is doing.
pub(super) enum State {
    /// Commands flow.
    Flowing,
    /// Every lane finishes what it has begun and reads what it is owed.
    Resting(Cause),
    /// Everything that is open is here; the next try waits for its time.
    Waiting { open: Vec<Open>, until: Pin<Box<Sleep>>, hint: Option<NodeAddr> },
    /// What was answered ASK is on its way to the node named.
    Detour(Detour),
    /// The target is asked who owns which slot.
    Asking { open: Vec<Open>, answer: BoxFuture<'static, Result<SlotMap, ClientError>> },
}

/// Why the lanes were brought to rest.
pub(super) struct Cause {
    node: NodeAddr,
    text: String,
    code: Option<String>,
    /// A node that knows better, when a redirect named one.
    hint: Option<NodeAddr>,
    /// Nothing is in the way any more: what was refused is sent in other words.
    rephrased: bool,
}

/// What a lane left open, and the node that it was for.
pub(super) struct Open {
    pub(super) node: NodeAddr,
    pub(super) entries: Queue,
}

impl Router {
    /// Polls lanes and whatever is being settled, as far as both go without waiting.
    pub(super) fn poll_settling(&mut self, cx: &mut Context<'_>) -> Result<(), RouterError> {
        loop {
            match &mut self.state {
                State::Flowing => {
                    self.release_gathered();
                    match self.poll_lanes(cx)? {
                        // What was confirmed may have let something through.
                        None if self.books.gate.has_ready() => {}
                        None => return Ok(()),
                        Some((node, trouble)) => self.rest(Cause::of(node, &trouble)),
                    }
                }
                State::Resting(_) => {
                    // Troubles met on the way to rest add nothing: what they leave open is taken back as well. But a
                    // lane that met one has not been polled to its end, and nobody would wake it.
                    while self.poll_lanes(cx)?.is_some() {}
                    if !self.lanes.iter().all(Lane::is_at_rest) {
                        return Ok(());
                    }
                    self.take_back();
                }
                State::Detour(_) => {
                    if !self.poll_detour(cx)? {
                        return Ok(());
                    }
                }
                State::Waiting { until, .. } => match until.as_mut().poll(cx) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(()) => self.ask_for_map(),
                },
                State::Asking { answer, .. } => match answer.as_mut().poll(cx) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(answer) => self.conclude(answer)?,
                },
            }
        }
    }

    fn rest(&mut self, cause: Cause) {
        self.lanes.iter_mut().for_each(Lane::drain);
        self.state = State::Resting(cause);
    }

    fn take_back(&mut self) {
        let State::Resting(cause) = std::mem::replace(&mut self.state, State::Flowing) else { return };
        let (mut open, mut asked) = (Vec::new(), Vec::new());
        for lane in &mut self.lanes {
            asked.extend(asked_of(lane));
            let node = lane.node.clone();
            open.extend(lane.take_open().map(|entries| Open { node: node.clone(), entries }));
        }
        if cause.is_ask() && !asked.is_empty() { self.detour(open, &asked) } else { self.wait(open, cause) }
    }

    pub(super) fn wait(&mut self, open: Vec<Open>, cause: Cause) {
        let retry_in = if cause.rephrased { Duration::ZERO } else { self.backoff.next() };
        let attempt = self.backoff.attempts();
        let hold = Hold { node: cause.node, cause: cause.text, code: cause.code, retry_in, attempt };
        self.events.push_back(Event::Holding(hold));
        self.state = State::Waiting { open, until: Box::pin(sleep(retry_in)), hint: cause.hint };
    }

    fn ask_for_map(&mut self) {
        let State::Waiting { open, hint, .. } = std::mem::replace(&mut self.state, State::Flowing) else { return };
        let discovery = self.discovery.clone();
        let answer = Box::pin(async move { discovery.slot_map(hint.as_ref()).await });
        self.state = State::Asking { open, answer };
    }

    fn conclude(&mut self, answer: Result<SlotMap, ClientError>) -> Result<(), RouterError> {
        let State::Asking { open, .. } = std::mem::replace(&mut self.state, State::Flowing) else { return Ok(()) };
        match answer {
            Ok(map) if !map.uncovered().is_empty() => {
                let cause = Cause::uncovered(self.discovery.seed(), &map);
                self.wait(open, cause);
            }
            Ok(map) => {
                self.refuse_replaced(&map)?;
                self.install(&map);
                self.flow(&open);
            }
            Err(error) => {
                let cause = Cause::unanswered(self.discovery.seed(), &error);
                self.wait(open, cause);
            }
        }
        Ok(())
    }

    /// A node that was sent something and is no primary any more has been replaced, perhaps by one that has less.
    fn refuse_replaced(&self, map: &SlotMap) -> Result<(), RouterError> {
        let replaced = self.lanes.iter().find(|lane| lane.was_opened() && map.index_of(&lane.node).is_none());
        match replaced.filter(|_| self.reports_losses) {
            Some(lane) => Err(RouterError::replaced(&lane.node)),
            None => Ok(()),
        }
    }

    /// Hands everything out again, and goes on.
    pub(super) fn flow(&mut self, open: &[Open]) {
        let resent = open.iter().map(|open| self.hand_out(open)).sum();
        self.events.push_back(Event::Flowing { resent });
        self.state = State::Flowing;
    }

    fn hand_out(&mut self, open: &Open) -> u64 {
        let mut resent = 0;
        for (entry, bytes) in open.entries.entries() {
            // What a lane sends for itself it will send again by itself.
            let Some(round) = entry.round else { continue };
            match entry.slot {
                Some(slot) => self.push_to_owner(slot, entry, |out| out.extend_from_slice(bytes)),
                None => self.push_to_node(&open.node, entry, round, bytes),
            }
            resent += 1;
        }
        resent
    }

    /// What has no key was meant for one node. When that node owns nothing any more, whoever owns its slots now has to
    /// have it: all primaries get it, once more than needed for those that had it already.
    fn push_to_node(&mut self, node: &NodeAddr, entry: Entry, round: u64, bytes: &[u8]) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.node == *node) {
            return lane.push(entry, |out| out.extend_from_slice(bytes));
        }
        self.books.tracker.reopen(round, self.lanes.len() as u64);
        for lane in &mut self.lanes {
            lane.push(entry, |out| out.extend_from_slice(bytes));
        }
        self.books.tracker.confirm(round);
    }
}

/// What a lane's node sent on, and where to.
fn asked_of(lane: &mut Lane) -> Vec<Asked> {
    let (asks, host) = (lane.take_asks(), &lane.node.host);
    let redirect = |reply: &_| Redirect::parse(reply, host).ok();
    asks.iter().filter_map(|(slot, reply)| Some(Asked { slot: *slot, node: redirect(reply)?.addr })).collect()
}

impl Cause {
    /// The same, where what was refused is sent as it was.
    pub(super) fn in_the_same_words(self) -> Self {
        Self { rephrased: false, ..self }
    }

    fn is_ask(&self) -> bool {
        self.code.as_deref() == Some("ASK")
    }

    pub(super) fn of(node: NodeAddr, trouble: &Trouble) -> Self {
        let reply = match trouble {
            Trouble::Refused(reply) => Some(reply),
            Trouble::Unopened(error) => error.reply(),
            Trouble::Fatal(refused) => Some(&refused.error),
            Trouble::Lost(_) => None,
        };
        let text = match trouble {
            Trouble::Refused(reply) => reply.to_string(),
            Trouble::Lost(error) => format!("connection lost: {error}"),
            Trouble::Unopened(ClientError::Connection { source, .. }) => format!("cannot connect: {source}"),
            Trouble::Unopened(error) => error.to_string(),
            Trouble::Fatal(refused) => refused.error.to_string(),
        };
        let code = reply.map(|reply| reply.code().escape_ascii().to_string());
        let hint = reply.and_then(|reply| match Refusal::of(reply, &node.host) {
            Refusal::Moved(redirect) => Some(redirect.addr),
            _ => None,
        });
        let rephrased = reply.is_some_and(|reply| Refusal::of(reply, "") == Refusal::BadPayload);
        Self { node, text, code, hint, rephrased }
    }

    fn uncovered(seed: NodeAddr, map: &SlotMap) -> Self {
        let ranges: Vec<String> = map.uncovered().iter().map(ToString::to_string).collect();
        Self {
            node: seed,
            text: format!("no node serves slots {}", ranges.join(", ")),
            code: None,
            hint: None,
            rephrased: false,
        }
    }

    fn unanswered(seed: NodeAddr, error: &ClientError) -> Self {
        let code = error.reply().map(|reply| reply.code().escape_ascii().to_string());
        Self { node: seed, text: format!("no slot map: {error}"), code, hint: None, rephrased: false }
    }
}
