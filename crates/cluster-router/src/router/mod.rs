//! The router of one link: commands in, confirmed positions out.

mod backoff;
mod books;
mod config;
mod detour;
mod event;
mod gate;
mod probe;
mod repeat;
mod rephrase;
mod replay;
mod settle;
mod tracker;

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use resp::{CommandScanner, ErrorReply};
use tokio::time::{Interval, MissedTickBehavior, interval};

pub(crate) use books::Books;
pub use config::{BusyKey, RouterConfig};
pub use event::{Event, Hold, Rejection, RouterError};
pub use rephrase::{InOtherWords, Rephrase};
pub use replay::Replay;

use crate::command::{Args, lookup};
use crate::lane::{Entry, Lane, Opening, Refused, Trouble, Turn, Verdict};
use crate::{Discovery, NodeAddr, NodeId, NodeIndex, Phase, Position, Refusal, Response, Slot, SlotMap, SlotSet};
use backoff::Backoff;
use probe::Probe;
use settle::State;

/// Sends the commands of one link to the nodes of its target, each slot's in order, and tells how far the target has
/// confirmed them.
///
/// One task owns a router: it submits commands as long as there is [room](Self::has_room), ends a round where a
/// position is worth knowing, and [drives](Self::drive) it. All reading and writing happens in `drive`; nothing runs in
/// the background.
///
/// What a node refuses or a lost connection leaves open goes through one way only: all lanes come to rest, what is not
/// confirmed is taken back, the cluster is asked for its slots, and everything is handed out again. What was answered ASK
/// takes a detour meanwhile: alone to the node that was named.
///
/// A command whose connection was lost before its reply came may take effect twice in this way. Who does not want that has
/// [fences](RouterConfig::fences) written and [losses reported](Self::report_losses), reads the fences when a router ends
/// with [`RouterError::Interrupted`], and goes on with a new router that [passes over](Self::replay) what they speak for.
pub struct Router {
    config: RouterConfig,
    opening: Opening,
    discovery: Arc<Discovery>,
    lanes: Vec<Lane>,
    /// The lane of each slot's owner.
    lane_of_slot: Vec<u16>,
    books: Books,
    /// What need not be sent again.
    replay: Option<Replay>,
    /// Slots whose data may be of another moment than the commands.
    unsettled: Option<Box<Unsettled>>,
    /// Whether a lost connection ends it.
    reports_losses: bool,
    /// Slots of which entries were answered ASK of late: nothing is sent ahead of an answer in them, or it would be done
    /// again behind each entry that is sent on.
    asked: HashSet<Slot>,
    /// Where the last round ended.
    submitted: Option<Position>,
    reported: Option<Position>,
    state: State,
    backoff: Backoff,
    events: VecDeque<Event>,
    probe: Option<Probe>,
    rephrase: Option<Box<Rephrase>>,
    clock: Interval,
}

/// Where a command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// To the owner of a slot.
    Slot(Slot),
    /// To every primary that owns slots, as what has no key and concerns them all.
    EveryPrimary,
}

/// A command as the router needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing {
    /// Where it goes.
    pub route: Route,
    /// How many commands it is; several take effect together, as a transaction.
    pub commands: u32,
    /// The database it is for.
    pub db: u32,
    /// The part of the source's history that it is from.
    pub phase: Phase,
    /// Where it ends in that part.
    pub offset: u64,
    /// Whether a data error is as good as a success: what the command asks for is so already. In a snapshot that is
    /// said ([`Event::Missing`]): what was to get its name is not there, and not always for a good reason.
    pub forgiving: bool,
    /// Whether it may be repeated.
    pub delivery: Delivery,
}

/// How a command may be delivered when what was sent before a break has to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Repeated, together with all that followed it in its slot, it ends in the same state.
    Repeatable,
    /// It must take effect once: where there are [fences](RouterConfig::fences), it is sent together with one.
    Once,
}

/// Tells whether the data of a slot may be of another moment than its commands.
pub type Unsettled = dyn Fn(Slot) -> bool + Send + Sync;

/// See [`Router::hold`].
#[derive(Debug)]
pub struct Held(u64);

/// See [`Router::milestone`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone(u64);

/// A node with the slots that it owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The node.
    pub node: NodeAddr,
    /// Its id in its cluster.
    pub id: Option<NodeId>,
    /// Its slots.
    pub slots: SlotSet,
}

impl Outgoing {
    /// The entry that it becomes, without its slot and round.
    fn entry(&self, token: Option<u64>, repeated: bool) -> Entry {
        Entry {
            slot: None,
            replies: replies(self.commands),
            db: self.db,
            phase: self.phase,
            offset: self.offset,
            repeated,
            relied_on: false,
            forgiving: self.forgiving,
            token,
            round: None,
        }
    }
}

impl Router {
    /// A router for the target that `discovery` knows, whose slots `map` tells.
    #[must_use]
    pub fn new(config: RouterConfig, discovery: Arc<Discovery>, map: &SlotMap) -> Self {
        let opening = Opening {
            connect: discovery.connector(),
            credentials: config.credentials.clone(),
            name: config.link.clone(),
        };
        let mut clock = interval(Duration::from_secs(1));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut router = Self {
            opening,
            discovery,
            lanes: Vec::new(),
            lane_of_slot: Vec::new(),
            books: Books::new(config.fences.clone()),
            replay: None,
            unsettled: None,
            reports_losses: false,
            asked: HashSet::new(),
            submitted: None,
            reported: None,
            state: State::Flowing,
            backoff: Backoff::default(),
            events: VecDeque::new(),
            probe: None,
            rephrase: None,
            clock,
            config,
        };
        router.install(map);
        router
    }

    /// Whether commands may be submitted: none are while something is being settled, or when too much is on its way.
    #[must_use]
    pub fn has_room(&self) -> bool {
        matches!(self.state, State::Flowing) && self.bytes() < self.config.budget
    }

    /// Bytes that are held because they are not confirmed.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lanes.iter().map(Lane::bytes).sum::<usize>() + self.books.gate.bytes()
    }

    /// Commands that are held because they are not confirmed; one to every primary counts once for each.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.books.tracker.unconfirmed()
    }

    /// Takes a command, or several that take effect together; `encode` writes them.
    ///
    /// Nothing is sent before the next [`drive`](Self::drive). To be called only while there is
    /// [room](Self::has_room), or for what belongs together with a command that was submitted then.
    pub fn submit(&mut self, command: Outgoing, encode: impl FnMut(&mut BytesMut)) {
        if let Some(repeated) = self.look_up(&command) {
            self.take(command, repeated, encode);
        }
    }

    /// As [`submit`](Self::submit), for what is not from the stream and is not passed over at a
    /// [replay](Self::replay), whatever offset it bears.
    pub fn submit_anyway(&mut self, command: Outgoing, encode: impl FnMut(&mut BytesMut)) {
        self.take(command, true, encode);
    }

    fn take(&mut self, command: Outgoing, repeated: bool, encode: impl FnMut(&mut BytesMut)) {
        match command.route {
            Route::Slot(slot) if self.books.gate.holds_back(slot, command.delivery) => {
                let Books { tracker, gate } = &mut self.books;
                gate.gather(slot, command, repeated, || tracker.open(), encode);
            }
            _ => self.enter(command, None, repeated, encode),
        }
    }

    /// As [`submit`](Self::submit), for a command whose reply is wanted: it comes back as [`Event::Answer`] with this
    /// token. It is asked again after a redirect or a lost connection, in its place among the commands of its slot that
    /// were sent, so it should be one that may be. Of every primary, each answers.
    pub fn ask(&mut self, command: Outgoing, token: u64, encode: impl FnMut(&mut BytesMut)) {
        self.enter(command, Some(token), false, encode);
    }

    /// Whether a command may have been sent before; `None` when it is done already.
    fn look_up(&mut self, command: &Outgoing) -> Option<bool> {
        let Some(replay) = &self.replay else { return Some(false) };
        if command.phase == Phase::Stream && replay.ends_before(command) {
            self.replay = None;
            return Some(false);
        }
        (!replay.covers(command)).then(|| replay.may_repeat(command))
    }

    fn enter(&mut self, command: Outgoing, token: Option<u64>, repeated: bool, mut encode: impl FnMut(&mut BytesMut)) {
        let entry = command.entry(token, repeated);
        let mut encode = |out: &mut BytesMut| put_together(command.commands, out, &mut encode);
        match command.route {
            Route::Slot(slot) => {
                let entry = Entry { slot: Some(slot), round: Some(self.books.tracker.open()), ..entry };
                self.books.gate.opened(slot);
                self.push_to_owner(slot, entry, &mut encode);
            }
            Route::EveryPrimary => {
                for lane in &mut self.lanes {
                    let entry = Entry { round: Some(self.books.tracker.open()), ..entry };
                    lane.push(entry, &mut encode);
                }
            }
        }
    }

    /// Hands what has waited for its turn to the lanes.
    fn release_gathered(&mut self) {
        while let Some((slot, group)) = self.books.gate.next_ready() {
            if group.is_unit() {
                let entry = self.books.gate.unit_entry(slot, &group);
                let mut bytes = BytesMut::new();
                self.books.gate.put_unit(slot, &group, &mut bytes);
                self.books.gate.opened(slot);
                self.push_to_owner(slot, entry, |out| out.extend_from_slice(&bytes));
                continue;
            }
            self.books.tracker.reopen(group.round(), group.len() - 1);
            for (command, repeated, bytes) in group.pieces() {
                let entry = Entry { slot: Some(slot), round: Some(group.round()), ..command.entry(None, repeated) };
                self.books.gate.opened(slot);
                self.push_to_owner(slot, entry, |out| {
                    put_together(command.commands, out, |out| out.extend_from_slice(bytes));
                });
            }
        }
    }

    fn push_to_owner(&mut self, slot: Slot, entry: Entry, encode: impl FnOnce(&mut BytesMut)) {
        let alone = self.asked.contains(&slot);
        match self.owner_lane(slot) {
            Some(lane) if alone => lane.push_alone(entry, encode),
            Some(lane) => lane.push(entry, encode),
            None => {}
        }
    }

    fn owner_lane(&mut self, slot: Slot) -> Option<&mut Lane> {
        let lane = self.lane_of_slot.get(slot.index())?;
        self.lanes.get_mut(usize::from(*lane))
    }

    /// Commands are of this generation from now on; [fences](RouterConfig::fences) name it, and a
    /// [replay](Self::replay) of another one is over.
    pub fn set_generation(&mut self, generation: u64) {
        self.books.gate.set_generation(generation);
        self.replay = self.replay.take().filter(|replay| replay.is_of(generation));
    }

    /// Passes over what is done, in the stream, until all slots are where the first of them is.
    pub fn replay(&mut self, replay: Replay) {
        self.replay = Some(replay);
    }

    /// What is passed over, while there is something.
    #[must_use]
    pub fn replaying(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }

    /// From now on, a connection that was lost ends the router with [`RouterError::Interrupted`], and so does a node that
    /// has ceased to be a primary: some of what it had confirmed may be gone with it, and how far it is has to be looked
    /// up. Otherwise what was not confirmed is sent again.
    pub fn report_losses(&mut self, reports: bool) {
        self.reports_losses = reports;
    }

    /// No position from here on is confirmed before this is [let go](Self::let_go).
    ///
    /// It does not count as on its way: the router may be [idle](Self::is_idle) while something is held.
    pub fn hold(&mut self) -> Held {
        Held(self.books.tracker.hold())
    }

    /// See [`hold`](Self::hold).
    pub fn let_go(&mut self, held: Held) {
        self.books.tracker.let_go(held.0);
    }

    /// A mark behind all that was submitted, to know when that [is confirmed](Self::is_past).
    pub fn milestone(&mut self) -> Milestone {
        if let Some(submitted) = self.submitted {
            self.books.tracker.end_round(submitted);
        }
        Milestone(self.books.tracker.end())
    }

    /// Whether all that was submitted before a milestone is confirmed, [held](Self::hold) or not.
    #[must_use]
    pub fn is_past(&self, milestone: Milestone) -> bool {
        self.books.tracker.is_past(milestone.0)
    }

    /// Commands of these slots may meet data of another moment: errors that this explains are conceded, as those of what
    /// was sent before.
    pub fn concede_in(&mut self, unsettled: Box<Unsettled>) {
        self.unsettled = Some(unsettled);
    }

    /// The nodes that slots belong to, as far as the router knows.
    #[must_use]
    pub fn owners(&self) -> Vec<Owner> {
        let owner = |lane: &Lane| Owner { node: lane.node.clone(), id: lane.id.clone(), slots: SlotSet::new() };
        let mut owners: Vec<Owner> = self.lanes.iter().map(owner).collect();
        for (slot, &lane) in Slot::all().zip(&self.lane_of_slot) {
            if let Some(owner) = owners.get_mut(usize::from(lane)) {
                owner.slots.insert(slot);
            }
        }
        owners
    }

    /// Ends a round: when all that was submitted so far is confirmed, so is `position`.
    pub fn end_round(&mut self, position: Position) {
        self.submitted = Some(position);
        self.books.tracker.end_round(position);
    }

    /// The highest position up to which everything is confirmed.
    #[must_use]
    pub fn confirmed(&self) -> Option<Position> {
        self.books.tracker.confirmed()
    }

    /// Whether everything that was submitted is confirmed, and what happened to it was told.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.books.tracker.is_idle() && self.events.is_empty()
    }

    /// Sends and receives until something happened that the caller should know.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    ///
    /// # Errors
    /// When a node refuses a command for good, or does not let us in.
    pub async fn drive(&mut self) -> Result<Event, RouterError> {
        poll_fn(|cx| self.poll_drive(cx)).await
    }

    /// As [`drive`](Self::drive), for callers that have more to submit: does what can be done without waiting.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub async fn drive_now(&mut self) -> Result<Option<Event>, RouterError> {
        poll_fn(|cx| match self.poll_drive(cx) {
            Poll::Ready(event) => Poll::Ready(event.map(Some)),
            Poll::Pending => Poll::Ready(Ok(None)),
        })
        .await
    }

    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, RouterError>> {
        // The clock wakes silent lanes up, so that they notice how long they have waited.
        while self.clock.poll_tick(cx).is_ready() {
            // A move that was given up leaves no trace.
            self.asked.clear();
        }
        let held = self.bytes();
        self.poll_probe(cx);
        self.poll_settling(cx)?;
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(Ok(event));
        }
        let confirmed = self.books.tracker.confirmed();
        if confirmed != self.reported {
            // Only the position tells of progress: what stands in the way pins it, however well the rest is served.
            self.backoff.reset();
        } else if self.bytes() >= held {
            return Poll::Pending;
        }
        self.reported = confirmed;
        Poll::Ready(Ok(Event::Confirmed(confirmed)))
    }

    /// Polls every lane; the first trouble is answered with its lane.
    fn poll_lanes(&mut self, cx: &mut Context<'_>) -> Result<Option<(NodeAddr, Trouble)>, RouterError> {
        let mut lanes = std::mem::take(&mut self.lanes);
        let trouble = self.poll_each(&mut lanes, cx);
        self.lanes = lanes;
        trouble
    }

    fn poll_each(
        &mut self,
        lanes: &mut [Lane],
        cx: &mut Context<'_>,
    ) -> Result<Option<(NodeAddr, Trouble)>, RouterError> {
        let busy_key = self.config.busy_key;
        let words = self.rephrase.as_deref();
        let unsettled = self.unsettled.as_deref();
        let may_repeat =
            move |entry: &Entry| entry.repeated || entry.slot.zip(unsettled).is_some_and(|(slot, is)| is(slot));
        let judge = move |error: &ErrorReply, entry: Entry, bytes: &[u8]| match judge(error, busy_key) {
            // What was sent behind it has taken effect in another database.
            Verdict::Again if entry.relied_on => Verdict::Fatal,
            Verdict::Fatal if entry.forgiving && is_conflict(error) => entry.forgiven(),
            Verdict::Fatal if may_repeat(&entry) && repeat::explains(error, bytes) => Verdict::Concede,
            Verdict::Fatal => match rephrase::rephrase(words, error, entry, bytes) {
                Some(Ok(words)) => Verdict::InOtherWords(words),
                _ => Verdict::Fatal,
            },
            verdict => verdict,
        };
        let mut turn = Turn {
            books: &mut self.books,
            reports_losses: self.reports_losses,
            judge: &judge,
            conceded: Vec::new(),
            answers: Vec::new(),
            window: self.config.window,
            patience: self.config.reply_timeout,
        };
        let mut first = None;
        for lane in lanes {
            let polled = lane.poll(cx, &mut turn);
            let conceded = turn.conceded.drain(..).map(|refused| conceded(&lane.node, &refused));
            self.events.extend(conceded);
            self.events.extend(turn.answers.drain(..).map(|(token, reply)| Event::Answer { token, reply }));
            match polled {
                Poll::Pending => {}
                Poll::Ready(Trouble::Fatal(refused)) => {
                    let why = rephrase::rephrase(words, &refused.error, refused.entry, &refused.bytes);
                    let note = why.and_then(Result::err).map(String::into_boxed_str);
                    return Err(Rejection { note, ..rejection(&lane.node, &refused) }.into());
                }
                Poll::Ready(Trouble::Lost(error)) if self.reports_losses => {
                    return Err(RouterError::interrupted(&lane.node, &error));
                }
                Poll::Ready(Trouble::Unopened(error)) if is_final(&error) => return Err(error.into()),
                Poll::Ready(trouble) => {
                    first.get_or_insert((lane.node.clone(), trouble));
                }
            }
        }
        Ok(first)
    }

    /// Gives every slot to the lane of its owner, and every owner a lane. Lanes of nodes that own nothing end.
    fn install(&mut self, map: &SlotMap) {
        self.asked.clear();
        let mut old = std::mem::take(&mut self.lanes);
        let mut lane_of_node = vec![None; map.nodes().len()];
        self.lane_of_slot.clear();
        for slot in Slot::all() {
            let lane = map.node_of(slot).map_or(0, |node| self.lane_for(node, map, &mut lane_of_node, &mut old));
            self.lane_of_slot.push(lane);
        }
    }

    /// The lane of a node: found among the new ones, kept from the old ones, or made.
    fn lane_for(&mut self, node: NodeIndex, map: &SlotMap, made: &mut [Option<u16>], old: &mut Vec<Lane>) -> u16 {
        let Some((made, owner)) = made.get_mut(node.index()).zip(map.node(node)) else { return 0 };
        *made.get_or_insert_with(|| {
            let mut lane = match old.iter().position(|lane| lane.node == owner.addr) {
                Some(at) => old.swap_remove(at),
                None => Lane::new(owner.addr.clone(), self.opening.clone()),
            };
            lane.id.clone_from(&owner.id);
            self.lanes.push(lane);
            u16::try_from(self.lanes.len() - 1).unwrap_or(u16::MAX)
        })
    }
}

/// Several commands as a transaction, one as it is.
pub(crate) fn put_together(commands: u32, out: &mut BytesMut, encode: impl FnOnce(&mut BytesMut)) {
    if commands > 1 {
        resp::put_command(out, &["MULTI"]);
    }
    encode(out);
    if commands > 1 {
        resp::put_command(out, &["EXEC"]);
    }
}

/// How many replies so many commands get when they are [put together](put_together).
pub(crate) fn replies(commands: u32) -> u32 {
    if commands > 1 { commands.saturating_add(2) } else { 1 }
}

/// What an error reply means for the entry that got it.
fn judge(error: &ErrorReply, busy_key: BusyKey) -> Verdict {
    match Refusal::of(error, "").response() {
        Response::Follow | Response::Hold | Response::HoldAndSay => Verdict::Again,
        // The first error of a transaction counts. Where that is EXEC's own, its commands were accepted when they were
        // queued, nothing was done, and what came in between may pass: memory that ran out.
        Response::AsCause => Verdict::Again,
        Response::Policy if busy_key == BusyKey::Keep => Verdict::Accept,
        _ => Verdict::Fatal,
    }
}

fn is_conflict(error: &ErrorReply) -> bool {
    Refusal::of(error, "").response() == Response::Conflict
}

/// Whether trying again would get the same answer until somebody changes the configuration.
fn is_final(error: &crate::ClientError) -> bool {
    error.reply().is_some_and(|reply| Refusal::of(reply, "").response() == Response::Stop)
}

fn conceded(node: &NodeAddr, refused: &Refused) -> Event {
    let Entry { forgiving, repeated, .. } = refused.entry;
    let rejection = rejection(node, refused);
    if forgiving { Event::Missing { rejection, repeated } } else { Event::Conflict(rejection) }
}

fn rejection(node: &NodeAddr, refused: &Refused) -> Rejection {
    let Entry { phase, offset, .. } = refused.entry;
    let position = match phase {
        Phase::Snapshot => format!("snapshot byte {offset}"),
        Phase::Stream => format!("offset {offset}"),
    };
    // What brings a key of a snapshot begins with that key; what is behind may be about a reserved one.
    let number = if phase == Phase::Snapshot { usize::MAX } else { refused.command };
    let (command, position) = (describe(&refused.bytes, number).into(), position.into());
    Rejection { node: node.clone(), command, position, reply: refused.error.clone(), note: None }
}

/// Name and first key of the command with this number; where that is MULTI or EXEC, of the first one between them. Values
/// stay out of messages.
fn describe(bytes: &[u8], number: usize) -> String {
    let (mut scanner, mut at, mut first) = (CommandScanner::default(), 0, None);
    for index in 0.. {
        let rest = bytes.get(at..).unwrap_or_default();
        let Ok(Some(len)) = scanner.scan(rest) else { break };
        let args = Args::new(rest, scanner.args());
        let is_data = !args.is_word(0, "MULTI") && !args.is_word(0, "EXEC");
        if is_data && index == number {
            return name_and_key(args);
        }
        if is_data && first.is_none() {
            first = Some(name_and_key(args));
        }
        at += len;
    }
    first.unwrap_or_else(|| "a command".to_owned())
}

fn name_and_key(args: Args<'_>) -> String {
    let shown = |bytes: &[u8]| match bytes.get(..LONGEST_SHOWN) {
        Some(start) if bytes.len() > LONGEST_SHOWN => format!("{}...", start.escape_ascii()),
        _ => bytes.escape_ascii().to_string(),
    };
    let name = shown(args.arg(0).unwrap_or_default());
    let key = lookup(args.arg(0).unwrap_or_default()).and_then(|spec| spec.first_key_index(args).ok().flatten());
    let database = args.is_word(0, "SELECT").then_some(1);
    match key.or(database).and_then(|key| args.arg(key)) {
        Some(key) => format!("{name} {}", shown(key)),
        None => name,
    }
}

/// How much of a key a message shows.
const LONGEST_SHOWN: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_transaction_the_command_is_named_that_was_refused() {
        let mut bytes = BytesMut::new();
        for command in ["MULTI", "INCR a", "HSET b f v", "EXEC"] {
            resp::put_command(&mut bytes, &command.split(' ').collect::<Vec<_>>());
        }
        let named = [(0, "INCR a"), (1, "INCR a"), (2, "HSET b"), (3, "INCR a"), (9, "INCR a")];
        for (number, name) in named {
            assert_eq!(describe(&bytes, number), name, "{number}");
        }
    }
}
