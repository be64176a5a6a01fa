use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use cluster_router::{Slot, SlotSet};
use resp::Reply;

use super::sweep::{keys, refused};
use super::{At, Settled};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::error::ApplyErrorKind;

/// Deletes the keys of some slots, each slot until it is found empty.
///
/// `CLUSTER GETKEYSINSLOT` finds nothing at a node that has given the slot away, and does not say so. A key of the slot in
/// the same transaction makes the node answer with a redirect then.
#[derive(Debug)]
pub(in crate::pipeline::apply) struct ClusterSweep {
    at: At,
    /// Slots that were not looked at yet.
    todo: VecDeque<Slot>,
    /// What is to be submitted next for a slot.
    due: VecDeque<(Slot, Due)>,
    /// Slots whose answer has not come, and for how many keys they were asked.
    asked: Vec<(Slot, usize)>,
    deleted: u64,
}

#[derive(Debug)]
enum Due {
    /// Delete these, then look again.
    Delete(Vec<Bytes>),
    /// Look again for so many: all that was found was ours.
    LookFurther(usize),
}

impl ClusterSweep {
    pub(super) fn new(slots: &SlotSet, at: At) -> Self {
        let todo = slots.iter().collect();
        Self { at, todo, due: VecDeque::new(), asked: Vec::new(), deleted: 0 }
    }

    pub(super) fn advance(&mut self, sink: &mut dyn Sink) {
        while let Some((slot, due)) = self.due.pop_front() {
            let most = match due {
                Due::Delete(keys) => {
                    self.delete(slot, &keys, sink);
                    MOST
                }
                Due::LookFurther(most) => most,
            };
            self.look(slot, most, sink);
        }
        while self.asked.len() < AT_ONCE
            && let Some(slot) = self.todo.pop_front()
        {
            self.look(slot, MOST, sink);
        }
    }

    fn look(&mut self, slot: Slot, most: usize, sink: &mut dyn Sink) {
        self.asked.push((slot, most));
        let probe = format!("{{{}}}", slot.tag());
        let (number, count) = (slot.number().to_string(), most.to_string());
        sink.ask(self.at.outgoing(slot, 4, 0), slot.number().into(), &mut |out| {
            resp::put_command(out, &["MULTI"]);
            resp::put_command(out, &["EXISTS", &probe]);
            resp::put_command(out, &["CLUSTER", "GETKEYSINSLOT", &number, &count]);
            resp::put_command(out, &["EXEC"]);
        });
    }

    fn delete(&mut self, slot: Slot, keys: &[Bytes], sink: &mut dyn Sink) {
        self.deleted += keys.len() as u64;
        sink.submit(self.at.outgoing(slot, 1, 0), &mut |out: &mut BytesMut| {
            resp::put_array(out, keys.len() + 1);
            resp::put_bulk(out, b"UNLINK");
            keys.iter().for_each(|key| resp::put_bulk(out, key));
        });
    }

    pub(super) fn answer(&mut self, token: u64, reply: &Reply) -> Result<(), ApplyErrorKind> {
        let Some(at) = self.asked.iter().position(|(slot, _)| u64::from(slot.number()) == token) else { return Ok(()) };
        let (slot, most) = self.asked.swap_remove(at);
        let answers = reply.as_array().filter(|answers| answers.len() == 2);
        let found = answers.and_then(|answers| keys(answers.last()));
        let (keys, all) = found.ok_or_else(|| refused("CLUSTER GETKEYSINSLOT", reply))?;
        if !keys.is_empty() {
            self.due.push_back((slot, Due::Delete(keys)));
        } else if all >= most {
            self.due.push_back((slot, Due::LookFurther(most.saturating_mul(2))));
        }
        Ok(())
    }

    pub(super) fn settled(&self) -> Option<Settled> {
        let done = self.todo.is_empty() && self.due.is_empty() && self.asked.is_empty();
        done.then_some(Settled::Swept(self.deleted))
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

    fn found(keys: &[&str]) -> Reply {
        let keys: String = keys.iter().map(|key| format!("${}\r\n{key}\r\n", key.len())).collect();
        reply(&format!("*2\r\n:0\r\n*{}\r\n{keys}", keys.matches('$').count()))
    }

    #[test]
    fn every_slot_is_emptied_but_for_what_is_ours() {
        let mut sweep = ClusterSweep::new(&slots([7, 9]), At { offset: 5 });
        let mut sink = Recorder::default();
        sweep.advance(&mut sink);
        assert_eq!(sink.lines.len(), 2);
        assert!(sink.lines[0].starts_with("7 0: ask 7: MULTI; EXISTS {"), "{}", sink.lines[0]);
        assert!(sink.lines[0].ends_with("}; CLUSTER GETKEYSINSLOT 7 100; EXEC"), "{}", sink.lines[0]);
        sweep.answer(9, &found(&[])).unwrap();
        sweep.answer(7, &found(&["a", "shake:x", "b"])).unwrap();
        assert_eq!(sweep.settled(), None);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[2], "7 0: UNLINK a b");
        assert!(sink.lines[3].starts_with("7 0: ask 7: "));
        assert_eq!((sink.lines.len(), sweep.settled()), (4, None));
        sweep.answer(7, &found(&["shake:x"])).unwrap();
        assert_eq!(sweep.settled(), Some(Settled::Swept(2)));
    }

    #[test]
    fn ours_do_not_hide_others() {
        let mut sweep = ClusterSweep::new(&slots([7]), At { offset: 5 });
        let mut sink = Recorder::default();
        sweep.advance(&mut sink);
        let ours: Vec<String> = (0..100).map(|n| format!("shake:{n}")).collect();
        sweep.answer(7, &found(&ours.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        sweep.advance(&mut sink);
        assert!(sink.lines[1].contains("GETKEYSINSLOT 7 200;"), "{}", sink.lines[1]);
        sweep.answer(7, &found(&["other"])).unwrap();
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[2], "7 0: UNLINK other");
    }

    #[test]
    fn many_slots_take_turns_and_a_refusal_ends_it() {
        let mut sweep = ClusterSweep::new(&slots(0..2000), At { offset: 5 });
        let mut sink = Recorder::default();
        sweep.advance(&mut sink);
        assert_eq!(sink.lines.len(), AT_ONCE);
        sweep.answer(3, &found(&[])).unwrap();
        sweep.advance(&mut sink);
        assert_eq!(sink.lines.len(), AT_ONCE + 1);
        let error = sweep.answer(4, &reply("-NOPERM no\r\n")).unwrap_err().to_string();
        assert!(error.contains("CLUSTER GETKEYSINSLOT") && error.contains("NOPERM no"), "{error}");
    }
}
