//! Keys of slots that move between the shards of the source.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use cluster_router::command::CommandSlot;
use cluster_router::{Delivery, Held, Milestone, Outgoing, Phase, Route, Slot, SlotRange, SlotSet, slot_of};
use tokio::sync::oneshot;

use super::{Commands, Taken};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::errand::Errand;
use crate::pipeline::apply::error::ApplyErrorKind;
use crate::pipeline::apply::payloads::{Adapted, Expiry};
use crate::pipeline::apply::said::Said;
use crate::pipeline::moves::{Doubt, Member, Moves, Read, Value};

/// What a stream has to do with other links.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// The links of the process, and which of them this is.
    links: Option<(Member, Arc<Moves>)>,
    /// Keys that may be another's, whom to ask, and what keeps the position before them.
    doubts: Vec<InDoubt>,
    /// What was read for others, to be put where it belongs.
    repairs: VecDeque<Repair>,
    /// Slots that are being copied to this shard, and are not its own yet.
    importing: SlotSet,
    /// What was put there, until it is confirmed.
    put: Vec<(Option<Milestone>, oneshot::Sender<()>)>,
}

/// Keys in doubt.
#[derive(Debug)]
pub(in crate::pipeline::apply) struct InDoubt {
    pub(in crate::pipeline::apply) peer: Member,
    pub(in crate::pipeline::apply) doubt: Doubt,
    pub(in crate::pipeline::apply) held: Option<Held>,
}

/// Values, and where in the stream they belong.
#[derive(Debug)]
struct Repair {
    slot: Slot,
    read: Read,
    done: Vec<oneshot::Sender<()>>,
}

impl Moved {
    pub(super) fn of(links: Option<(Member, Arc<Moves>)>) -> Self {
        Self { links, ..Self::default() }
    }

    pub(super) fn take_doubts(&mut self) -> Vec<InDoubt> {
        std::mem::take(&mut self.doubts)
    }

    /// Whether something waits for its place.
    pub(super) fn has_repairs(&self) -> bool {
        !self.repairs.is_empty()
    }

    pub(super) fn take_put(&mut self) -> Vec<(Option<Milestone>, oneshot::Sender<()>)> {
        std::mem::take(&mut self.put)
    }
}

impl Commands {
    /// A DEL or UNLINK of one slot: whether it is in doubt, and not to be submitted.
    pub(super) fn is_in_doubt(&mut self, said: Said<'_>, slot: Slot, sink: &mut dyn Sink) -> bool {
        // In transactions as well: a move's DEL shares one with that of a key that expires as it is looked at.
        if !matches!(said.spec.name, "DEL" | "UNLINK") {
            return false;
        }
        self.are_in_doubt(slot, (1..said.args.len()).map(|index| said.arg(index)), sink)
    }

    /// The same of some of the keys.
    pub(super) fn are_in_doubt<'a>(
        &mut self,
        slot: Slot,
        keys: impl Iterator<Item = &'a [u8]>,
        sink: &mut dyn Sink,
    ) -> bool {
        let Some((me, moves)) = &self.moved.links else { return false };
        let Some(peer) = moves.doubt(*me, slot) else { return false };
        let keys = keys.map(Bytes::copy_from_slice).collect();
        self.moved.doubts.push(InDoubt { peer, doubt: Doubt { slot, keys }, held: sink.hold() });
        self.applied += 1;
        true
    }

    /// What concerns moved slots where the target is one server, which has no slots; nothing when it is applied as ever.
    pub(super) fn of_moved_slot(&mut self, said: Said<'_>, sink: &mut dyn Sink) -> Option<Taken> {
        self.moved.links.as_ref()?;
        let slot = slot_of(said.arg(1));
        if !matches!(said.spec.name, "DEL" | "UNLINK" | "RESTORE-ASKING") {
            let is_stale = matches!(said.spec.slot(said.args), Ok(CommandSlot::One(slot)) if self.is_elsewhere(slot));
            return is_stale.then_some(Taken::Done);
        }
        if self.is_elsewhere(slot) {
            return Some(Taken::Done);
        }
        if let Some(first) = self.comes_from_another(said, slot) {
            return Some(first);
        }
        self.is_in_doubt(said, slot, sink).then_some(Taken::Done)
    }

    /// Whether what is said of a slot is not to be applied: the slot is being copied here by valkey itself, and until it is
    /// handed over another stream has it; or it was handed over to another, whose copy has all of it.
    pub(super) fn is_elsewhere(&self, slot: Slot) -> bool {
        self.moved.importing.contains(slot)
            || self.moved.links.as_ref().is_some_and(|(me, moves)| moves.is_taken_from(*me, slot))
    }

    /// What valkey 9 says when it moves slots by itself.
    ///
    /// # Errors
    /// When they are handed over: of their keys, the target has what the old owner's stream has brought, and this one's begins
    /// in the middle. All of this shard has to be copied.
    pub(super) fn slots_are_copied(&mut self, said: Said<'_>) -> Result<(), ApplyErrorKind> {
        let word = |word| (2..said.args.len()).find(|&index| said.args.is_word(index, word));
        if said.args.is_word(2, "ESTABLISH") {
            let first = word("SLOTSRANGE").map_or(said.args.len(), |at| at + 1);
            let slot = |index| said.integer(index).and_then(|slot| Slot::try_from(slot).ok());
            let ranges = (first..said.args.len()).step_by(2);
            let ranges = ranges.filter_map(|at| SlotRange::new(slot(at)?, slot(at + 1)?));
            ranges.for_each(|range| self.moved.importing.insert_range(range));
        }
        if said.args.is_word(2, "FINISH") {
            let slots = std::mem::take(&mut self.moved.importing);
            if word("SUCCESS").is_some() {
                if let Some((me, moves)) = &self.moved.links {
                    moves.take(*me, &slots);
                }
                return Err(ApplyErrorKind::SlotsCopied);
            }
        }
        Ok(())
    }

    /// A key comes from another shard: what that one's link has sent for its slot is waited for, the first time.
    pub(super) fn comes_from_another(&self, said: Said<'_>, slot: Slot) -> Option<Taken> {
        let (me, moves) = self.moved.links.as_ref().filter(|_| said.spec.name == "RESTORE-ASKING")?;
        moves.claim(*me, slot).map(|before| Taken::AgainAfter(Errand::AfterLink(before)))
    }

    /// Notes what was read; it is put there when its place comes.
    pub(super) fn repair(&mut self, slot: Slot, read: Read, done: Vec<oneshot::Sender<()>>) {
        let at = self.moved.repairs.partition_point(|repair| repair.read.offset <= read.offset);
        self.moved.repairs.insert(at, Repair { slot, read, done });
    }

    /// Puts what belongs here.
    pub(super) fn repair_due(&mut self, sink: &mut dyn Sink) -> Result<(), ApplyErrorKind> {
        if self.transaction.is_some() || self.ending.is_some() {
            return Ok(());
        }
        while let Some(repair) = self.moved.repairs.pop_front_if(|repair| repair.read.offset <= self.offset) {
            for (key, value) in &repair.read.values {
                self.put_value(repair.slot, key, value.as_ref(), sink)?;
            }
            let mark = sink.milestone();
            self.moved.put.extend(repair.done.into_iter().map(|done| (mark, done)));
        }
        Ok(())
    }

    fn put_value(
        &mut self,
        slot: Slot,
        key: &Bytes,
        value: Option<&Value>,
        sink: &mut dyn Sink,
    ) -> Result<(), ApplyErrorKind> {
        let route = Route::Slot(if self.settings.target.is_standalone() { Slot::MIN } else { slot });
        let (offset, delivery) = (self.offset, Delivery::Repeatable);
        let phase = Phase::Stream;
        let outgoing = |commands| Outgoing { route, commands, db: 0, phase, offset, forgiving: false, delivery };
        let Some(Value { payload, expire_at_ms }) = value else {
            sink.submit_anyway(outgoing(1), &mut |out| {
                resp::put_command(out, &[b"UNLINK", &key[..]]);
            });
            return Ok(());
        };
        let ttl = expire_at_ms.to_string();
        match self.payloads.adapt(key, payload, Expiry { ttl: ttl.as_bytes(), absolute: true })? {
            Adapted::Commands(unit) => {
                let commands = u32::try_from(unit.len()).unwrap_or(u32::MAX);
                sink.submit_anyway(outgoing(commands), &mut |out| {
                    out.extend_from_slice(unit.commands());
                });
            }
            adapted => {
                let payload = if let Adapted::Signed(signed) = &adapted { &signed[..] } else { &payload[..] };
                let words: [&[u8]; 6] = [b"RESTORE", key, ttl.as_bytes(), payload, b"REPLACE", b"ABSTTL"];
                sink.submit_anyway(outgoing(1), &mut |out| resp::put_command(out, &words));
            }
        }
        Ok(())
    }
}
