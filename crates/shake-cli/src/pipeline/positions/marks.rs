//! Writes a link's marks, and finds out which of them are safe.
//!
//! A round has two steps. First every node is asked where it is in its history: what is confirmed by then is part of that.
//! Then its mark is written, and the node asked once more: when all replicas have acknowledged that place, the mark
//! survives any failover, and what lies before it in the source's history will not be needed again.

use std::collections::HashMap;
use std::time::Duration;

use cluster_router::{NodeAddr, Owner, Phase, Position, PositionKeys, Router, SlotSet};
use replica::ReplId;
use resp::Reply;
use tokio::time::Instant;

use super::history::NodeHistory;
use super::judge::name_of;
use super::mark::{Mark, Place, Source};
use super::survey::{Survey, info, question};
use super::{mark_field, mark_slots};

/// The marks of one link.
pub(crate) struct Marks {
    keys: PositionKeys,
    source: Source,
    generation: u64,
    /// Number of the round at hand: answers of earlier ones do not count.
    round: u64,
    stage: Stage,
    /// When the next round begins.
    due: Instant,
    /// What has to be written next, whatever is confirmed.
    forced: Option<Position>,
    /// Whether a copy is under way: what is confirmed of it is no place to go on from.
    copying: bool,
    /// Where each node was when it was last asked.
    histories: HashMap<NodeAddr, NodeHistory>,
    written: Option<Written>,
    safe: Option<Position>,
    given: Vec<Given>,
}

enum Stage {
    Resting,
    /// Every node is asked where it is.
    Asking {
        position: Position,
        owners: Vec<Owner>,
        answers: Vec<Option<NodeHistory>>,
    },
    /// Marks are under way; where each node was behind its own.
    Writing {
        position: Position,
        owners: Vec<Owner>,
        left: usize,
        ends: Vec<u64>,
    },
}

/// The last marks that were written.
struct Written {
    position: Position,
    owners: Vec<Owner>,
    ends: Vec<u64>,
    is_safe: bool,
}

/// Slots that a node has given away, and up to where it had done them itself.
struct Given {
    by: NodeAddr,
    position: Position,
    slots: SlotSet,
    /// When this is safe, the new owners' marks speak for them.
    until: Position,
}

/// What a round found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A node's history is another one: it was restarted or replaced, and may have less than it had confirmed.
    Changed(NodeAddr),
    /// The target does not take a mark, or does not say where it is.
    Refused(String),
}

impl Marks {
    pub(crate) fn new(keys: PositionKeys, node: String, survey: &Survey) -> Self {
        let histories = survey.nodes.iter().map(|node| (node.owner.node.clone(), node.history.clone())).collect();
        Self {
            keys,
            source: Source { replids: Vec::new(), node },
            generation: 0,
            round: 0,
            stage: Stage::Resting,
            due: Instant::now(),
            forced: None,
            copying: false,
            histories,
            written: None,
            safe: None,
            given: Vec::new(),
        }
    }

    /// Goes on in a generation, in histories with these ids.
    pub(crate) fn resume(&mut self, generation: u64, replids: Vec<String>) {
        self.generation = generation;
        self.source.replids = replids;
    }

    /// The source goes on under another id.
    pub(crate) fn renamed(&mut self, replid: ReplId) {
        let id = replid.to_string();
        self.source.replids.retain(|known| *known != id);
        self.source.replids.insert(0, id);
        self.source.replids.truncate(MOST_REPLIDS);
    }

    /// A generation begins: every node has to know before it gets the first key.
    pub(crate) fn begin(&mut self, generation: u64, replid: ReplId) {
        self.generation = generation;
        self.source.replids = vec![replid.to_string()];
        self.safe = None;
        self.given.clear();
        self.copying = true;
        self.force(Position { generation, ..Position::default() });
    }

    /// The copy is complete, and this is where the stream begins.
    pub(crate) fn copied(&mut self, position: Position) {
        self.copying = false;
        self.force(position);
    }

    /// Whether what is confirmed is no place to go on from.
    pub(crate) fn is_copying(&self) -> bool {
        self.copying
    }

    /// Writes a mark of this position as soon as can be.
    pub(crate) fn force(&mut self, position: Position) {
        self.forced = Some(position);
        self.stage = Stage::Resting;
        self.due = Instant::now();
    }

    /// Whether something has to be written before anything else goes on.
    pub(crate) fn is_forced(&self) -> bool {
        self.forced.is_some()
    }

    /// When [`advance`](Self::advance) has something to do.
    pub(crate) fn due(&self) -> Instant {
        match self.stage {
            Stage::Resting => self.due,
            _ => self.due + PATIENCE,
        }
    }

    /// The highest position of marks that survive any failover.
    pub(crate) fn safe(&self) -> Option<Position> {
        self.safe
    }

    /// Something stood in the way: who answers from now on may be somebody else.
    pub(crate) fn interrupted(&mut self) {
        self.stage = Stage::Resting;
        self.due = Instant::now() + EVERY;
    }

    /// Begins a round when it is time and there is something new.
    pub(crate) fn advance(&mut self, router: &mut Router) {
        if !matches!(self.stage, Stage::Resting) || Instant::now() < self.due {
            return;
        }
        // Moved on in any case: who waits for it would not wait at all while there is no room.
        self.due = Instant::now() + if self.is_forced() { SOON } else { EVERY };
        if !router.has_room() {
            return;
        }
        let confirmed = router.confirmed().filter(|at| at.generation == self.generation && at.phase == Phase::Stream);
        let confirmed = confirmed.filter(|_| !self.copying);
        let Some(position) = self.forced.or(confirmed) else { return };
        let owners: Vec<Owner> = router.owners().into_iter().filter(|owner| !owner.slots.is_empty()).collect();
        let is_other = |last: &Written| last.position != position || last.owners != owners;
        let is_new = self.forced.is_some() || self.written.as_ref().is_none_or(is_other);
        if is_new || self.written.as_ref().is_some_and(|last| !last.is_safe) {
            self.ask(position, owners, router);
        }
    }

    fn ask(&mut self, position: Position, owners: Vec<Owner>, router: &mut Router) {
        self.round += 1;
        for (index, owner) in owners.iter().enumerate() {
            self.ask_where(owner, index, router);
        }
        self.stage = Stage::Asking { position, answers: vec![None; owners.len()], owners };
    }

    fn ask_where(&self, owner: &Owner, index: usize, router: &mut Router) {
        let Some(slot) = owner.slots.iter().next() else { return };
        router.ask(question(slot), self.token(index), |out| resp::put_command(out, &info()));
    }

    fn token(&self, index: usize) -> u64 {
        MARK_TOKENS + (self.round << ROUND_SHIFT) + index as u64
    }

    /// Takes an answer to what was asked with one of [`MARK_TOKENS`].
    ///
    /// # Errors
    /// When the link cannot go on as if nothing had happened.
    pub(crate) fn answer(&mut self, token: u64, reply: &Reply, router: &mut Router) -> Result<(), Trouble> {
        let number = token - MARK_TOKENS;
        if number >> ROUND_SHIFT != self.round {
            return Ok(());
        }
        let index = usize::try_from(number & ((1 << ROUND_SHIFT) - 1)).unwrap_or(usize::MAX);
        match std::mem::replace(&mut self.stage, Stage::Resting) {
            Stage::Resting => Ok(()),
            Stage::Asking { position, owners, mut answers } => {
                if let (Some(answer), Some(owner)) = (answers.get_mut(index), owners.get(index)) {
                    *answer = Some(history_of(owner, reply)?);
                }
                match answers.iter().cloned().collect::<Option<Vec<NodeHistory>>>() {
                    Some(histories) => self.write(position, owners, histories, router),
                    None => {
                        self.stage = Stage::Asking { position, owners, answers };
                        Ok(())
                    }
                }
            }
            Stage::Writing { position, owners, left, mut ends } => {
                // The places behind the nodes come after all marks, by number.
                if let (Some(owner), Some(end)) = (owners.get(index), ends.get_mut(index)) {
                    *end = history_of(owner, reply)?.offset;
                } else if let Some(error) = reply.first_error() {
                    return Err(Trouble::Refused(error.to_string()));
                }
                if left > 1 {
                    self.stage = Stage::Writing { position, owners, left: left - 1, ends };
                } else {
                    self.wrote(position, owners, ends);
                }
                Ok(())
            }
        }
    }

    fn write(
        &mut self,
        position: Position,
        owners: Vec<Owner>,
        histories: Vec<NodeHistory>,
        router: &mut Router,
    ) -> Result<(), Trouble> {
        self.look_at_histories(&owners, &histories)?;
        self.look_whether_safe(&histories);
        if self.written.as_ref().is_some_and(|last| last.position == position && last.owners == owners) {
            self.settle(position);
            return Ok(());
        }
        self.note_given(position, &owners);
        let (field, mut left) = (mark_field(&self.keys.field), owners.len());
        for (index, (owner, history)) in owners.iter().zip(&histories).enumerate() {
            let text = self.mark(position, owner, history).to_text();
            for slot in mark_slots(&owner.slots) {
                let key = self.keys.key(slot);
                let words = ["HSET", &key, &field, &text];
                // Numbers of owners are taken: a mark's own answer says only whether it was written.
                router.ask(question(slot), self.token(owners.len() + left), |out| resp::put_command(out, &words));
                left += 1;
            }
            self.ask_where(owner, index, router);
        }
        self.stage = Stage::Writing { position, ends: vec![0; owners.len()], owners, left };
        Ok(())
    }

    fn mark(&self, position: Position, owner: &Owner, history: &NodeHistory) -> Mark {
        let target = Place { node: name_of(owner), replid: history.replid.to_string(), offset: history.offset };
        let mut mark = Mark::new(position, &owner.slots, self.source.clone(), target);
        self.given
            .iter()
            .filter(|given| given.by == owner.node)
            .for_each(|given| mark.gave(given.position, &given.slots));
        mark
    }

    /// A node that goes on in another history than before, or that has taken over from one, may have less than was
    /// confirmed.
    fn look_at_histories(&mut self, owners: &[Owner], histories: &[NodeHistory]) -> Result<(), Trouble> {
        let known: Vec<String> = self.histories.values().map(|known| known.replid.to_string()).collect();
        for (owner, history) in owners.iter().zip(histories) {
            let changed = match self.histories.get(&owner.node) {
                Some(before) => before.replid != history.replid,
                None => history.second.is_some_and(|(replid, _)| known.contains(&replid.to_string())),
            };
            if changed {
                return Err(Trouble::Changed(owner.node.clone()));
            }
        }
        for (owner, history) in owners.iter().zip(histories) {
            self.histories.insert(owner.node.clone(), history.clone());
        }
        Ok(())
    }

    fn look_whether_safe(&mut self, histories: &[NodeHistory]) {
        let Some(last) = &mut self.written else { return };
        let is_safe = last.owners.len() == histories.len()
            && last.ends.iter().zip(histories).all(|(end, now)| now.acknowledged.is_none_or(|least| least >= *end));
        if !is_safe {
            return;
        }
        last.is_safe = true;
        let safe = last.position;
        self.safe = Some(safe);
        self.given.retain(|given| given.until > safe);
    }

    /// What a node had done of slots that are others' now, its own mark says until theirs are safe.
    fn note_given(&mut self, position: Position, owners: &[Owner]) {
        let Some(last) = self.written.as_ref().filter(|last| last.position.phase == Phase::Stream) else { return };
        for before in &last.owners {
            let mut slots = before.slots.clone();
            if let Some(now) = owners.iter().find(|owner| owner.node == before.node) {
                slots.subtract(&now.slots);
            }
            if !slots.is_empty() {
                self.given.push(Given { by: before.node.clone(), position: last.position, slots, until: position });
            }
        }
    }

    /// A mark of this position is there.
    fn settle(&mut self, position: Position) {
        if self.forced == Some(position) {
            self.forced = None;
        }
    }

    fn wrote(&mut self, position: Position, owners: Vec<Owner>, ends: Vec<u64>) {
        self.settle(position);
        self.written = Some(Written { position, owners, ends, is_safe: false });
    }
}

fn history_of(owner: &Owner, reply: &Reply) -> Result<NodeHistory, Trouble> {
    let history = reply.as_bytes().and_then(|text| NodeHistory::parse(text));
    let why =
        || reply.first_error().map_or_else(|| "INFO replication is not understood".to_owned(), ToString::to_string);
    history.ok_or_else(|| Trouble::Refused(format!("{}: {}", owner.node, why())))
}

/// Tokens from here on are those of marks.
pub(crate) const MARK_TOKENS: u64 = 1 << 48;

/// A round has fewer questions than this has bits for.
const ROUND_SHIFT: u32 = 20;

/// How often marks are written.
const EVERY: Duration = Duration::from_millis(500);

/// How long what is forced waits for room before it is tried again.
const SOON: Duration = Duration::from_millis(20);

/// After this long it is looked again at a round that does not end.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How many former ids of a source's history are kept.
const MOST_REPLIDS: usize = 8;
