//! Which commands of a slot may be on their way together.
//!
//! A repeatable command is sent as it comes. One that must take effect once is sent in a unit: a transaction that also
//! writes the slot's fence, the position up to which the slot is done. So that the fence speaks for all that stands before
//! it, a unit waits until everything of its slot is confirmed; and nothing of its slot is sent before the unit is. What
//! comes meanwhile gathers, and is the next unit: a slot that is written to all the time has one unit on its way at any
//! time, which is the larger the longer the way is.

use std::collections::{HashMap, VecDeque};

use bytes::BytesMut;

use super::{Delivery, Outgoing};
use crate::lane::Entry;
use crate::{Phase, Position, PositionKeys, Slot};

/// Keeps the commands of each slot apart that must be.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Where fences go; without it everything is sent as it comes.
    fences: Option<PositionKeys>,
    generation: u64,
    /// Entries of each slot that are in lanes and not confirmed.
    open: Vec<u32>,
    /// Slots in which a unit waits, or is on its way.
    waiting: HashMap<Slot, VecDeque<Gathered>>,
    /// Those of them whose next group may be sent.
    ready: Vec<Slot>,
    /// Bytes that are gathered.
    bytes: usize,
}

/// Commands of one slot and generation that wait to be sent together.
#[derive(Debug)]
pub(crate) struct Gathered {
    bytes: BytesMut,
    pieces: Vec<Piece>,
    generation: u64,
    /// The database that it begins in, and ends in.
    db: u32,
    /// The database of the last piece.
    last_db: u32,
    /// How many commands there are, those that select databases included.
    commands: u32,
    /// Whether one of them must take effect once.
    once: bool,
    /// The round of the first piece. The later ones are not counted: no position beyond this round is confirmed before
    /// this group is.
    round: u64,
}

/// One command or one transaction.
#[derive(Debug)]
struct Piece {
    outgoing: Outgoing,
    repeated: bool,
    start: usize,
    end: usize,
}

impl Gate {
    pub(crate) fn new(fences: Option<PositionKeys>) -> Self {
        let open = vec![0; usize::from(crate::SLOTS)];
        Self { fences, generation: 0, open, waiting: HashMap::new(), ready: Vec::new(), bytes: 0 }
    }

    /// Fences are of this generation from now on.
    pub(crate) fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// Whether a command of that slot has to be gathered.
    pub(crate) fn holds_back(&self, slot: Slot, delivery: Delivery) -> bool {
        self.fences.is_some() && (delivery == Delivery::Once || self.waiting.contains_key(&slot))
    }

    /// Bytes that are gathered.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a command to the slot's last group, or begins one in the round that `round` names.
    pub(crate) fn gather(
        &mut self,
        slot: Slot,
        outgoing: Outgoing,
        repeated: bool,
        round: impl FnOnce() -> u64,
        encode: impl FnOnce(&mut BytesMut),
    ) {
        let open = self.open.get(slot.index()).copied().unwrap_or_default();
        let is_new = !self.waiting.contains_key(&slot);
        let groups = self.waiting.entry(slot).or_default();
        if is_new && open == 0 {
            self.ready.push(slot);
        }
        let generation = self.generation;
        if groups.back().is_none_or(|group| group.generation != generation || !group.takes(&outgoing)) {
            groups.push_back(Gathered::new(generation, outgoing.db, round()));
        }
        if let Some(group) = groups.back_mut() {
            self.bytes += group.push(outgoing, repeated, encode);
        }
    }

    /// An entry of that slot was given to a lane.
    pub(crate) fn opened(&mut self, slot: Slot) {
        if let Some(open) = self.open.get_mut(slot.index()) {
            *open += 1;
        }
    }

    /// An entry of that slot is confirmed.
    pub(crate) fn confirmed(&mut self, slot: Slot) {
        let Some(open) = self.open.get_mut(slot.index()) else { return };
        *open = open.saturating_sub(1);
        if *open > 0 || self.waiting.is_empty() {
            return;
        }
        match self.waiting.get(&slot) {
            Some(groups) if groups.is_empty() => {
                self.waiting.remove(&slot);
            }
            Some(_) => self.ready.push(slot),
            None => {}
        }
    }

    /// Whether a group may be sent.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next group that may be sent.
    pub(crate) fn next_ready(&mut self) -> Option<(Slot, Gathered)> {
        while let Some(slot) = self.ready.pop() {
            // What was opened since will be confirmed, and then the slot is ready again.
            let is_open = self.open.get(slot.index()).is_some_and(|&open| open > 0);
            let Some(groups) = self.waiting.get_mut(&slot).filter(|_| !is_open) else { continue };
            let Some(group) = groups.pop_front() else { continue };
            self.bytes -= group.bytes.len();
            // What is repeatable needs no unit, and nothing has to wait for it but the next one.
            if !group.once && groups.is_empty() {
                self.waiting.remove(&slot);
            }
            return Some((slot, group));
        }
        None
    }

    /// The entry that a group becomes as a unit.
    pub(crate) fn unit_entry(&self, slot: Slot, group: &Gathered) -> Entry {
        // MULTI, the fence, EXEC, and what selects databases around the fence.
        let selects = u32::from(group.last_db != 0) + u32::from(group.db != 0);
        Entry { replies: group.commands.saturating_add(3 + selects), ..group.entry(slot) }
    }

    /// Writes a group as a unit.
    pub(crate) fn put_unit(&self, slot: Slot, group: &Gathered, out: &mut BytesMut) {
        out.reserve(group.bytes.len() + UNIT_BYTES);
        resp::put_command(out, &["MULTI"]);
        out.extend_from_slice(&group.bytes);
        // All fences are in database 0, where they are looked for.
        if group.last_db != 0 {
            put_select(0, out);
        }
        if let Some(fences) = &self.fences {
            fences.put_fence(slot, &group.position(), out);
        }
        if group.db != 0 {
            put_select(group.db, out);
        }
        resp::put_command(out, &["EXEC"]);
    }
}

fn put_select(db: u32, out: &mut BytesMut) {
    resp::put_command(out, &["SELECT", &db.to_string()]);
}

impl Gathered {
    fn new(generation: u64, db: u32, round: u64) -> Self {
        Self {
            bytes: BytesMut::new(),
            pieces: Vec::new(),
            generation,
            db,
            last_db: db,
            commands: 0,
            once: false,
            round,
        }
    }

    /// Whether a command may be added. What ends at the same place stays together, since a fence speaks for all of it.
    fn takes(&self, outgoing: &Outgoing) -> bool {
        let is_full = self.bytes.len() >= FULL_BYTES || self.commands >= FULL_COMMANDS;
        let is_part = self.pieces.last().is_some_and(|last| last.outgoing.offset == outgoing.offset);
        !is_full || is_part
    }

    fn push(&mut self, outgoing: Outgoing, repeated: bool, encode: impl FnOnce(&mut BytesMut)) -> usize {
        let before = self.bytes.len();
        if outgoing.db != self.last_db {
            put_select(outgoing.db, &mut self.bytes);
            self.commands += 1;
            self.last_db = outgoing.db;
        }
        let start = self.bytes.len();
        encode(&mut self.bytes);
        let end = self.bytes.len();
        self.commands += outgoing.commands;
        self.once |= outgoing.delivery == Delivery::Once;
        self.pieces.push(Piece { outgoing, repeated, start, end });
        end - before
    }

    /// Whether it has to be a unit.
    pub(crate) fn is_unit(&self) -> bool {
        self.once
    }

    /// How many pieces there are.
    pub(crate) fn len(&self) -> u64 {
        self.pieces.len() as u64
    }

    /// The round that it is counted in, once.
    pub(crate) fn round(&self) -> u64 {
        self.round
    }

    /// Each piece with its bytes, for the case that it is no unit.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (Outgoing, bool, &[u8])> {
        let bytes = |piece: &Piece| self.bytes.get(piece.start..piece.end).unwrap_or_default();
        self.pieces.iter().map(move |piece| (piece.outgoing, piece.repeated, bytes(piece)))
    }

    fn position(&self) -> Position {
        let offset = self.pieces.last().map_or(0, |last| last.outgoing.offset);
        Position { generation: self.generation, phase: Phase::Stream, offset, index: 0, db: self.last_db }
    }

    fn entry(&self, slot: Slot) -> Entry {
        let last = self.pieces.last();
        Entry {
            slot: Some(slot),
            replies: 0,
            db: self.db,
            phase: Phase::Stream,
            offset: last.map_or(0, |last| last.outgoing.offset),
            repeated: false,
            relied_on: false,
            forgiving: self.pieces.iter().all(|piece| piece.outgoing.forgiving),
            token: None,
            round: Some(self.round),
        }
    }
}

/// A group takes no further command once it has this much: a node executes a unit in one go.
const FULL_BYTES: usize = 256 << 10;
const FULL_COMMANDS: u32 = 2_000;

/// What a unit has beside its commands, about.
const UNIT_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Route;

    const SLOT: Slot = Slot::new(7).unwrap();

    fn gate() -> Gate {
        let keys = PositionKeys { before: "p:".into(), after: ":n".into(), field: "l".into() };
        let mut gate = Gate::new(Some(keys));
        gate.set_generation(3);
        gate
    }

    fn outgoing(delivery: Delivery, offset: u64, db: u32) -> Outgoing {
        let route = Route::Slot(SLOT);
        Outgoing { route, commands: 1, db, phase: Phase::Stream, offset, forgiving: false, delivery }
    }

    fn gather(gate: &mut Gate, delivery: Delivery, offset: u64, db: u32) {
        gate.gather(SLOT, outgoing(delivery, offset, db), false, || offset, |out| out.extend_from_slice(b"c;"));
    }

    /// What is sent next: the units' text as words, or the number of single pieces.
    fn sent(gate: &mut Gate) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some((slot, group)) = gate.next_ready() {
            if group.is_unit() {
                let mut out = BytesMut::new();
                gate.put_unit(slot, &group, &mut out);
                let text = String::from_utf8_lossy(&out).replace("*4\r\n", "").replace("*2\r\n", "");
                let words = text.split("\r\n").filter(|word| !word.starts_with(['*', '$']) && !word.is_empty());
                let words = words.map(|word| word.split('$').next().unwrap());
                sent.push(format!("{}/{}", words.collect::<Vec<_>>().join(" "), gate.unit_entry(slot, &group).replies));
                gate.opened(slot);
            } else {
                sent.push(format!("{} single", group.len()));
                group.pieces().for_each(|_| gate.opened(slot));
            }
        }
        sent
    }

    #[test]
    fn a_unit_waits_for_what_is_before_it_and_gathers_what_comes_behind() {
        let mut gate = gate();
        assert!(!gate.holds_back(SLOT, Delivery::Repeatable));
        gate.opened(SLOT);
        gather(&mut gate, Delivery::Once, 10, 0);
        assert!(gate.holds_back(SLOT, Delivery::Repeatable));
        gather(&mut gate, Delivery::Repeatable, 20, 0);
        assert_eq!((sent(&mut gate).len(), gate.bytes()), (0, 4));
        gate.confirmed(SLOT);
        let unit = format!("MULTI c;c; HSET p:{{{}}}:n l 3:stream:20:0:0 EXEC/5", SLOT.tag());
        assert_eq!(sent(&mut gate), [unit]);
        gather(&mut gate, Delivery::Once, 30, 0);
        assert_eq!(sent(&mut gate).len(), 0);
        gate.confirmed(SLOT);
        assert_eq!(sent(&mut gate).len(), 1);
        gate.confirmed(SLOT);
        assert!(!gate.holds_back(SLOT, Delivery::Repeatable));
    }

    #[test]
    fn what_is_repeatable_alone_leaves_one_by_one() {
        let mut gate = gate();
        gather(&mut gate, Delivery::Once, 10, 0);
        assert_eq!(sent(&mut gate).len(), 1);
        gather(&mut gate, Delivery::Repeatable, 20, 0);
        gather(&mut gate, Delivery::Repeatable, 30, 0);
        gate.confirmed(SLOT);
        assert_eq!(sent(&mut gate), ["2 single"]);
        assert!(!gate.holds_back(SLOT, Delivery::Repeatable) && gate.bytes() == 0);
        gather(&mut gate, Delivery::Once, 40, 0);
        gate.confirmed(SLOT);
        assert_eq!(sent(&mut gate).len(), 0);
        gate.confirmed(SLOT);
        assert_eq!(sent(&mut gate).len(), 1);
    }

    #[test]
    fn databases_share_a_unit_and_full_groups_end() {
        let mut gate = gate();
        gather(&mut gate, Delivery::Once, 10, 0);
        gather(&mut gate, Delivery::Once, 20, 4);
        gather(&mut gate, Delivery::Once, 30, 4);
        let first = sent(&mut gate);
        let unit = format!("MULTI c; SELECT 4 c;c; SELECT 0 HSET p:{{{}}}:n l 3:stream:30:0:4 EXEC/8", SLOT.tag());
        assert_eq!(first, [unit]);
        gate.confirmed(SLOT);
        for offset in 0..3_000 {
            gather(&mut gate, Delivery::Once, 40 + offset, 4);
        }
        assert!(sent(&mut gate)[0].ends_with("SELECT 4 EXEC/2005"));
        gate.confirmed(SLOT);
        assert!(sent(&mut gate)[0].ends_with("/1005"));
    }

    #[test]
    fn what_waits_when_a_generation_begins_keeps_its_own() {
        let mut gate = gate();
        gather(&mut gate, Delivery::Once, 10, 0);
        assert_eq!(sent(&mut gate).len(), 1);
        gather(&mut gate, Delivery::Once, 900, 0);
        gate.set_generation(4);
        gather(&mut gate, Delivery::Once, 5, 0);
        for fence in ["3:stream:900:0:0", "4:stream:5:0:0"] {
            gate.confirmed(SLOT);
            let units = sent(&mut gate);
            assert!(units.len() == 1 && units[0].contains(fence), "{fence}: {units:?}");
        }
    }

    #[test]
    fn without_fences_nothing_is_held_back() {
        assert!(!Gate::new(None).holds_back(SLOT, Delivery::Once));
    }
}
