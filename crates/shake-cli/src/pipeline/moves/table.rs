use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use cluster_router::{NodeAddr, SLOTS, Slot, SlotSet};
use tokio::sync::mpsc;

use super::port::Request;
use crate::pipeline::source_shard::SourceShard;

/// Who owns which slot of the source, who is getting it, and which link has claimed it.
#[derive(Debug)]
pub(crate) struct Moves {
    owners: Vec<AtomicU16>,
    destinations: Vec<AtomicU16>,
    claims: Vec<AtomicU16>,
    /// Who has got a slot whole, at one moment.
    taken: Vec<AtomicU16>,
    /// Slots that were on their way at some time.
    moved: Vec<AtomicBool>,
    links: RwLock<Vec<Link>>,
}

/// A link among those of a process.
#[derive(Debug, Clone)]
struct Link {
    shard: SourceShard,
    requests: mpsc::UnboundedSender<Request>,
}

/// A link, by its number among those of a process.
pub(crate) type Member = u16;

impl Moves {
    pub(crate) fn new() -> Arc<Self> {
        let nobody = || (0..SLOTS).map(|_| AtomicU16::new(NOBODY)).collect();
        let moved = (0..SLOTS).map(|_| AtomicBool::new(false)).collect();
        let links = RwLock::new(Vec::new());
        Arc::new(Self { owners: nobody(), destinations: nobody(), claims: nobody(), taken: nobody(), moved, links })
    }

    /// Takes a link in; its number.
    pub(super) fn add(&self, shard: SourceShard, requests: mpsc::UnboundedSender<Request>) -> Member {
        let mut links = self.links.write().unwrap_or_else(PoisonError::into_inner);
        links.push(Link { shard, requests });
        Member::try_from(links.len() - 1).unwrap_or(UNKNOWN)
    }

    /// The shards of all links, in the order of their numbers.
    pub(super) fn shards(&self) -> Vec<SourceShard> {
        self.links.read().unwrap_or_else(PoisonError::into_inner).iter().map(|link| link.shard.clone()).collect()
    }

    /// Whether the primary at an address has a link.
    pub(crate) fn follows(&self, node: &NodeAddr) -> bool {
        self.shards().iter().any(|shard| !shard.gone.is_cancelled() && shard.primary() == *node)
    }

    /// Asks another link. A request to one that has ended, or that is not there yet, is dropped.
    pub(crate) fn ask(&self, link: Member, request: Request) {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(usize::from(link)) {
            let _ = link.requests.send(request);
        }
    }

    /// Whether a link may still have something under way.
    pub(crate) fn is_running(&self, link: Member) -> bool {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        links.get(usize::from(link)).is_some_and(|link| !link.requests.is_closed())
    }

    /// A link's shard owns these slots, and is giving some of them away.
    pub(super) fn learn(&self, link: Member, owned: &SlotSet, leaving: &[(Slot, Option<Member>)]) {
        for slot in Slot::all() {
            let owner = get(&self.owners, slot);
            if owned.contains(slot) {
                if owner.is_some_and(|owner| owner != link) {
                    self.has_moved(slot);
                }
                set(&self.owners, slot, Some(link));
                if !leaving.iter().any(|(leaves, _)| *leaves == slot) {
                    set(&self.destinations, slot, None);
                    self.end_claim(slot, link, owner == Some(link));
                }
            } else if owner == Some(link) {
                // Whoever owns it will say so; until then its new owner is the one that it was going to.
                let next = get(&self.destinations, slot).unwrap_or(UNKNOWN);
                set(&self.owners, slot, Some(next));
            }
        }
        for &(slot, to) in leaving {
            self.has_moved(slot);
            set(&self.destinations, slot, to);
        }
    }

    fn has_moved(&self, slot: Slot) {
        if let Some(moved) = self.moved.get(slot.index()) {
            moved.store(true, Ordering::Release);
        }
    }

    /// A slot that its owner is not giving away, at two looks in a row, was not taken by anybody else.
    fn end_claim(&self, slot: Slot, owner: Member, is_second_look: bool) {
        let other = |table: &[AtomicU16]| get(table, slot).is_some_and(|claimed| claimed != owner);
        if is_second_look && !other(&self.taken) && other(&self.claims) {
            set(&self.claims, slot, None);
        }
    }

    /// A stream has a key that was moved to it. Answers who had the slot until now, when that is another link.
    pub(crate) fn claim(&self, link: Member, slot: Slot) -> Option<Member> {
        self.has_moved(slot);
        let before = get(&self.claims, slot);
        if before == Some(link) {
            return None;
        }
        set(&self.claims, slot, Some(link));
        set(&self.taken, slot, None);
        before.or_else(|| get(&self.owners, slot)).filter(|&owner| owner != link)
    }

    /// A link's shard has got slots at one moment: what others still have to say of them is part of what it has.
    pub(crate) fn take(&self, link: Member, slots: &SlotSet) {
        for slot in slots.iter() {
            self.has_moved(slot);
            set(&self.claims, slot, Some(link));
            set(&self.taken, slot, Some(link));
        }
    }

    /// Whether a slot was taken from a link: what its stream says of the slot is out of date.
    pub(crate) fn is_taken_from(&self, link: Member, slot: Slot) -> bool {
        get(&self.taken, slot).is_some_and(|other| other != link)
    }

    /// Whom to ask about a key that a link is told to delete; nobody when there is no doubt.
    pub(crate) fn doubt(&self, link: Member, slot: Slot) -> Option<Member> {
        let other = |table: &[AtomicU16]| get(table, slot).filter(|&other| other != link);
        // Who is getting the slot has the keys that it deletes: its owner does not answer for them any more.
        let is_getting = get(&self.destinations, slot) == Some(link);
        let owner = || other(&self.owners).filter(|_| !is_getting);
        let doubted = other(&self.claims).or_else(|| other(&self.destinations)).or_else(owner);
        if doubted.is_some() {
            self.has_moved(slot);
        }
        doubted
    }

    /// Whether the data of a slot at the target may be of another moment than the commands of a link: of one that is on
    /// its way, or has been.
    pub(crate) fn is_unsettled(&self, slot: Slot) -> bool {
        self.moved.get(slot.index()).is_some_and(|moved| moved.load(Ordering::Acquire))
    }
}

fn get(table: &[AtomicU16], slot: Slot) -> Option<Member> {
    table.get(slot.index()).map(|cell| cell.load(Ordering::Acquire)).filter(|&link| link != NOBODY)
}

fn set(table: &[AtomicU16], slot: Slot, link: Option<Member>) {
    if let Some(cell) = table.get(slot.index()) {
        cell.store(link.unwrap_or(NOBODY), Ordering::Release);
    }
}

/// A primary that is not followed yet.
pub(super) const UNKNOWN: Member = u16::MAX - 1;

const NOBODY: u16 = u16::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(text: &str) -> SlotSet {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_taken_at_one_moment_is_out_of_date_until_it_comes_back() {
        let (moves, slot) = (Moves::new(), Slot::new(7).unwrap());
        moves.take(1, &slots("7"));
        assert!(moves.is_taken_from(0, slot) && !moves.is_taken_from(1, slot) && moves.is_unsettled(slot));
        moves.claim(0, slot);
        assert!(!moves.is_taken_from(0, slot));
        moves.take(0, &slots("7"));
        assert!(moves.is_taken_from(1, slot) && !moves.is_taken_from(0, slot));
    }

    #[test]
    fn a_slot_is_in_doubt_from_the_first_sign_of_its_move() {
        let (moves, slot) = (Moves::new(), Slot::new(7).unwrap());
        moves.learn(0, &slots("0-99"), &[]);
        moves.learn(1, &slots("100-199"), &[]);
        assert_eq!((moves.doubt(0, slot), moves.doubt(1, slot)), (None, Some(0)));
        moves.learn(0, &slots("0-99"), &[(slot, Some(1))]);
        assert_eq!(moves.doubt(0, slot), Some(1));
        assert!(moves.is_unsettled(slot));
        assert_eq!((moves.claim(1, slot), moves.claim(1, slot)), (Some(0), None));
        // Handed over; the new owner may be asked before it says so.
        moves.learn(0, &slots("0-6,8-99"), &[]);
        assert_eq!(moves.doubt(0, slot), Some(1));
        moves.learn(1, &slots("7,100-199"), &[]);
        assert_eq!((moves.doubt(0, slot), moves.doubt(1, slot)), (Some(1), None));
        // And back.
        assert_eq!(moves.claim(0, slot), Some(1));
        assert_eq!((moves.doubt(0, slot), moves.doubt(1, slot)), (Some(1), Some(0)));
    }
}
