use bytes::Bytes;
use cluster_router::{Slot, SlotSet};
use resp::Reply;

use crate::pipeline::apply::error::ApplyErrorKind;
use crate::pipeline::reserved::is_reserved;

/// Which keys are to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline::apply) struct Scope {
    pub(in crate::pipeline::apply) which: Which,
    /// In which database; in all of them when there is none.
    pub(in crate::pipeline::apply) db: Option<u32>,
}

/// Of which slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline::apply) enum Which {
    /// All that the source's shard owns.
    Shard,
    /// This one, if the source's shard owns it: who has given a slot away empties it, too.
    Slot(Slot),
}

impl Scope {
    pub(super) fn slots(self, owned: &SlotSet) -> SlotSet {
        let mut slots = owned.clone();
        if let Which::Slot(slot) = self.which {
            slots.clear();
            if owned.contains(slot) {
                slots.insert(slot);
            }
        }
        slots
    }
}

/// The keys of a reply, without those that are ours, and how many it had in all.
pub(super) fn keys(reply: Option<&Reply>) -> Option<(Vec<Bytes>, usize)> {
    let all = reply?.as_array()?;
    let keys = all.iter().filter_map(|key| key.as_bytes().filter(|key| !is_reserved(key)).cloned());
    Some((keys.collect(), all.len()))
}

/// An answer that is none.
pub(super) fn refused(command: &'static str, reply: &Reply) -> ApplyErrorKind {
    let reply = match reply.first_error() {
        Some(error) => error.to_string(),
        None => "an answer of another kind than expected".to_owned(),
    };
    ApplyErrorKind::Refused { command, reply }
}
