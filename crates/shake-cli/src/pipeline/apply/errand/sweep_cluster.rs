use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use cluster_router::{Slot, SlotSet};
use resp::Reply;

use super::sweep::{keys, refused};
use super::{At, Settled};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::copied::Copied;
use crate::pipeline::apply::error::ApplyErrorKind;

/// Deletes the keys of some slots, each slot until it is found empty.
///
/// `CLUSTER GETKEYSINSLOT` lists what a node has of a slot, whether it owns that or not: at a node that has given the slot
/// away it finds nothing, and does not say so. So each slot is looked at twice. The first look is plain, and sees what the
/// owner has. The second has a key of the slot in the same transaction, and is sent on as that key is: a slot that has
/// moved is answered MOVED, and one that is being moved ASK, which leads to what is at the other end already. Keys move
/// one way: if the owner has none left, all are at the other end. Where the looks were interrupted the owner may have
/// been another one, and they are repeated.
#[derive(Debug)]
pub(in crate::pipeline::apply) struct ClusterSweep {
    at: At,
    kept: Option<Arc<Copied>>,
    /// Slots that were not looked at yet.
    todo: VecDeque<Slot>,
    /// What is to be submitted next for a slot.
    due: VecDeque<Due>,
    /// Slots that are being looked at.
    looks: HashMap<u64, Look>,
    deleted: u64,
}

/// Delete keys of a slot, then look again for so many.
#[derive(Debug)]
struct Due {
    slot: Slot,
    /// What the owner has, and what is at the other end of a move.
    keys: [Vec<Bytes>; 2],
    most: usize,
}

/// The answers to the two looks at a slot.
#[derive(Debug)]
struct Look {
    slot: Slot,
    most: usize,
    plain: Option<Found>,
    led: Option<Found>,
    interrupted: bool,
}

/// The keys of a reply without ours, and how many there were in all.
type Found = (Vec<Bytes>, usize);

impl ClusterSweep {
    /// Of some slots, all keys but those that are kept.
    pub(super) fn new(slots: &SlotSet, kept: Option<Arc<Copied>>, at: At) -> Self {
        let todo = slots.iter().collect();
        Self { at, kept, todo, due: VecDeque::new(), looks: HashMap::new(), deleted: 0 }
    }

    pub(super) fn advance(&mut self, sink: &mut dyn Sink) {
        while let Some(Due { slot, keys, most }) = self.due.pop_front() {
            keys.iter().for_each(|keys| self.delete(slot, keys, sink));
            self.look(slot, most, sink);
        }
        while self.looks.len() < AT_ONCE
            && let Some(slot) = self.todo.pop_front()
        {
            self.look(slot, MOST, sink);
        }
    }

    fn look(&mut self, slot: Slot, most: usize, sink: &mut dyn Sink) {
        let look = Look { slot, most, plain: None, led: None, interrupted: false };
        self.looks.insert(slot.number().into(), look);
        let (number, count) = (slot.number().to_string(), most.to_string());
        let list = ["CLUSTER", "GETKEYSINSLOT", &number, &count];
        let token = 2 * u64::from(slot.number());
        sink.ask(self.at.outgoing(slot, 1, 0), token, &mut |out| resp::put_command(out, &list));
        let key = format!("{{{}}}", slot.tag());
        sink.ask(self.at.outgoing(slot, 2, 0), token + 1, &mut |out| {
            resp::put_command(out, &["EXISTS", &key]);
            resp::put_command(out, &list);
        });
    }

    /// Deletes keys one by one: in a slot that is being moved, several together are answered TRYAGAIN, for as long as it
    /// is, when one of them is not there any more.
    fn delete(&mut self, slot: Slot, keys: &[Bytes], sink: &mut dyn Sink) {
        self.deleted += keys.len() as u64;
        for key in keys {
            sink.submit(self.at.outgoing(slot, 1, 0), &mut |out: &mut BytesMut| {
                resp::put_command(out, &[b"UNLINK", &key[..]]);
            });
        }
    }

    pub(super) fn answer(&mut self, token: u64, reply: &Reply) -> Result<(), ApplyErrorKind> {
        let slot = token / 2;
        let Some(look) = self.looks.get_mut(&slot) else { return Ok(()) };
        let is_led = token % 2 == 1;
        let listed = if is_led {
            reply.as_array().filter(|replies| replies.len() == 2).and_then(<[_]>::last)
        } else {
            Some(reply)
        };
        let mut found = keys(listed).ok_or_else(|| refused("CLUSTER GETKEYSINSLOT", reply))?;
        if let Some(kept) = &self.kept {
            found.0.retain(|key| !kept.contains(0, key));
        }
        *(if is_led { &mut look.led } else { &mut look.plain }) = Some(found);
        if look.plain.is_some() && look.led.is_some() {
            let due = self.looks.remove(&slot).and_then(Look::conclude);
            self.due.extend(due);
        }
        Ok(())
    }

    /// Whoever answers from now on may be somebody else.
    pub(super) fn interrupted(&mut self) {
        self.looks.values_mut().for_each(|look| look.interrupted = true);
    }

    pub(super) fn settled(&self) -> Option<Settled> {
        let done = self.todo.is_empty() && self.due.is_empty() && self.looks.is_empty();
        done.then_some(Settled::Swept(self.deleted))
    }
}

impl Look {
    /// What is to be done next; nothing when the slot is empty.
    fn conclude(self) -> Option<Due> {
        let Self { slot, most, interrupted, .. } = self;
        let ((plain, all), (mut led, all_led)) = self.plain.zip(self.led)?;
        led.retain(|key| !plain.contains(key));
        let is_empty = plain.is_empty() && led.is_empty();
        // All that was found is ours or kept: look further.
        let most = if is_empty && all.max(all_led) >= most { most.saturating_mul(2) } else { most };
        let again = !is_empty || interrupted || most > self.most;
        again.then_some(Due { slot, keys: [plain, led], most })
    }
}

/// How many keys are looked for at first.
const MOST: usize = 100;

/// How many slots are looked at at the same time: a far target should not cost a round trip for each.
const AT_ONCE: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::apply::sink::recorder::{Recorder, reply};

    fn slots(numbers: impl IntoIterator<Item = u16>) -> SlotSet {
        let mut slots = SlotSet::new();
        numbers.into_iter().filter_map(Slot::new).for_each(|slot| _ = slots.insert(slot));
        slots
    }

    fn list(keys: &[&str]) -> String {
        let bulks: String = keys.iter().map(|key| format!("${}\r\n{key}\r\n", key.len())).collect();
        format!("*{}\r\n{bulks}", keys.len())
    }

    /// Answers both looks at a slot.
    fn answer(sweep: &mut ClusterSweep, slot: u64, plain: &[&str], led: &[&str]) {
        sweep.answer(2 * slot, &reply(&list(plain))).unwrap();
        sweep.answer(2 * slot + 1, &reply(&format!("*2\r\n:0\r\n{}", list(led)))).unwrap();
    }

    fn begun(numbers: impl IntoIterator<Item = u16>) -> (ClusterSweep, Recorder) {
        let (mut sweep, mut sink) = (ClusterSweep::new(&slots(numbers), None, At { offset: 5 }), Recorder::default());
        sweep.advance(&mut sink);
        (sweep, sink)
    }

    #[test]
    fn every_slot_is_emptied_but_for_what_is_ours() {
        let (mut sweep, mut sink) = begun([7, 9]);
        assert_eq!(sink.lines.len(), 4);
        assert_eq!(sink.lines[0], "7 0: ask 14: CLUSTER GETKEYSINSLOT 7 100");
        assert!(sink.lines[1].starts_with("7 0: ask 15: MULTI; EXISTS {"), "{}", sink.lines[1]);
        assert!(sink.lines[1].ends_with("}; CLUSTER GETKEYSINSLOT 7 100; EXEC"), "{}", sink.lines[1]);
        answer(&mut sweep, 9, &[], &[]);
        answer(&mut sweep, 7, &["a", "shake:x", "b"], &["a", "shake:x", "b"]);
        assert_eq!(sweep.settled(), None);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[4..6], ["7 0: UNLINK a", "7 0: UNLINK b"]);
        assert_eq!((sink.lines.len(), sweep.settled()), (8, None));
        answer(&mut sweep, 7, &["shake:x"], &["shake:x"]);
        assert_eq!(sweep.settled(), Some(Settled::Swept(2)));
    }

    #[test]
    fn both_ends_of_a_move_are_emptied() {
        let (mut sweep, mut sink) = begun([7]);
        answer(&mut sweep, 7, &["here"], &["there"]);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[2..4], ["7 0: UNLINK here", "7 0: UNLINK there"]);
        answer(&mut sweep, 7, &[], &["there too"]);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[6], "7 0: UNLINK there too");
        answer(&mut sweep, 7, &[], &[]);
        assert_eq!(sweep.settled(), Some(Settled::Swept(3)));
    }

    #[test]
    fn an_empty_slot_that_was_interrupted_is_looked_at_again() {
        let (mut sweep, mut sink) = begun([7]);
        sweep.interrupted();
        answer(&mut sweep, 7, &[], &[]);
        assert_eq!(sweep.settled(), None);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines.len(), 4);
        answer(&mut sweep, 7, &[], &[]);
        assert_eq!(sweep.settled(), Some(Settled::Swept(0)));
    }

    #[test]
    fn ours_do_not_hide_others() {
        let (mut sweep, mut sink) = begun([7]);
        let ours: Vec<String> = (0..100).map(|n| format!("shake:{n}")).collect();
        answer(&mut sweep, 7, &ours.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[2], "7 0: ask 14: CLUSTER GETKEYSINSLOT 7 200");
        answer(&mut sweep, 7, &["other"], &[]);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[4..6], ["7 0: UNLINK other", "7 0: ask 14: CLUSTER GETKEYSINSLOT 7 200"]);
    }

    #[test]
    fn what_is_kept_stays() {
        let mut kept = Copied::default();
        kept.add(0, b"kept");
        kept.seal();
        let (mut sweep, mut sink) =
            (ClusterSweep::new(&slots([7]), Some(Arc::new(kept)), At { offset: 5 }), Recorder::default());
        sweep.advance(&mut sink);
        answer(&mut sweep, 7, &["kept", "extra"], &["kept"]);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[2..], ["7 0: UNLINK extra", &sink.lines[3], &sink.lines[4]]);
        answer(&mut sweep, 7, &["kept"], &["kept"]);
        assert_eq!(sweep.settled(), Some(Settled::Swept(1)));
    }

    #[test]
    fn many_slots_take_turns_and_a_refusal_ends_it() {
        let (mut sweep, mut sink) = begun(0..2000);
        assert_eq!(sink.lines.len(), 2 * AT_ONCE);
        answer(&mut sweep, 3, &[], &[]);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines.len(), 2 * AT_ONCE + 2);
        let error = sweep.answer(8, &reply("-NOPERM no\r\n")).unwrap_err().to_string();
        assert!(error.contains("CLUSTER GETKEYSINSLOT") && error.contains("NOPERM no"), "{error}");
    }
}
