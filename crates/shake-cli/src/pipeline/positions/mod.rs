//! How far a link is, kept where the data is: in the target.
//!
//! Nothing on our own disk is needed to go on. Each slot of the target has a reserved hash with a field for each link, the
//! slot's fence, which the router writes together with what must take effect once. Each node has, in a few of these
//! hashes, the link's mark as well ([`mark`]): it is written every half second behind the data ([`marks`]) and says up to
//! where all slots of the node are done. A link that begins reads both from all nodes ([`survey`]), and finds out from where
//! it has to go on and what each slot needs not have again ([`judge`]).
//!
//! What a node loses when it fails over, it loses together with its mark and its fences, and gets exactly that again.

pub(crate) mod conflict;
mod history;
mod identity;
mod judge;
mod known;
mod mark;
mod marks;
mod owner;
mod survey;

use cluster_router::{PositionKeys, Slot};

pub(crate) use history::NodeHistory;
pub(crate) use identity::{Identity, identify};
pub(crate) use judge::{Start, judge, replid_to_ask};
pub use known::{KnownLink, KnownMark};
pub(crate) use marks::{MARK_TOKENS, Marks, Trouble};
pub(crate) use owner::OwnerTag;
pub(crate) use survey::{AT_ONCE, Asking, Survey, SurveyError, question, survey};

/// The hashes, and the field of a link. All links share the hashes, however their pipelines are called: a link is its
/// source's history, and nothing else.
pub(crate) fn keys(link: &str) -> PositionKeys {
    PositionKeys { before: "shake:".to_owned(), after: ":positions".to_owned(), field: link.to_owned() }
}

/// The field of a link's mark.
fn mark_field(link: &str) -> String {
    format!("{link}{MARK}")
}

/// The fields of a link.
pub(crate) fn fields_of(link: &str) -> [String; 2] {
    [link.to_owned(), mark_field(link)]
}

/// The link that a field belongs to.
fn link_of_field(field: &str) -> &str {
    link_of_mark(field).unwrap_or(field)
}

/// The link whose mark a field is.
fn link_of_mark(field: &str) -> Option<&str> {
    field.strip_suffix(MARK)
}

const MARK: &str = ":mark";

/// Slots in which a node's mark is kept: several, so that it does not leave the node with one that moves.
fn mark_slots(slots: &cluster_router::SlotSet) -> Vec<Slot> {
    let all: Vec<Slot> = slots.iter().collect();
    let mut chosen: Vec<Slot> =
        [0, all.len() / 2, all.len().saturating_sub(1)].iter().filter_map(|&at| all.get(at).copied()).collect();
    chosen.dedup();
    chosen
}
