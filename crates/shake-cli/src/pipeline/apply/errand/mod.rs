//! What has to be settled before a stream goes on: a question to the target, or keys to be deleted there.
//!
//! While an errand runs nothing more is taken from the backlog. What it submits goes through the link's lanes, in its place
//! among the commands, so the order is kept through redirects and lost connections as that of any command is.

mod driver;
mod owned;
mod question;
mod sweep;
mod sweep_cluster;
mod sweep_server;

use std::sync::Arc;

use cluster_router::command::Described;
use cluster_router::{Delivery, Outgoing, Phase, Route, Slot, SlotSet};
use resp::Reply;

use super::Sink;
use super::copied::Copied;
use super::error::ApplyErrorKind;
use crate::pipeline::moves::Member;
pub(super) use driver::{Asked, Errands};
use question::Question;
pub(super) use sweep::{Scope, Which};
use sweep_cluster::ClusterSweep;
use sweep_server::ServerSweep;

/// What is to be settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Errand {
    /// What the target says of a command.
    Describe {
        /// Its name.
        name: Vec<u8>,
    },
    /// Where the target says that the keys of a command are.
    FindKeys {
        /// The command with its arguments.
        words: Vec<Vec<u8>>,
    },
    /// Keys are to be deleted.
    Sweep(Scope),
    /// All keys of the shard's slots are to be deleted but these.
    SweepAllBut(Arc<Copied>),
    /// What another link has sent has to be confirmed.
    AfterLink(Member),
}

/// What came of an errand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    /// The target knows the command, or does not.
    Described(Option<Described>),
    /// The keys; none as well when the target finds fault with the arguments.
    Keys(Vec<bytes::Bytes>),
    /// So many keys were deleted.
    Swept(u64),
    /// The other link is past.
    Past,
}

/// An errand on its way.
#[derive(Debug)]
pub(super) enum Running {
    Question(Question),
    /// The slots are not known yet.
    Unready(Scope, Option<Arc<Copied>>),
    Cluster(ClusterSweep),
    Server(ServerSweep),
    /// Whether the other link is past.
    AfterLink(bool),
}

/// Where an errand stands among the commands of the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) offset: u64,
}

impl At {
    /// So many commands.
    fn outgoing(self, slot: Slot, commands: u32, db: u32) -> Outgoing {
        let (route, phase, delivery) = (Route::Slot(slot), Phase::Stream, Delivery::Repeatable);
        Outgoing { route, commands, db, phase, offset: self.offset, forgiving: false, delivery }
    }
}

impl Running {
    pub(super) fn begin(errand: Errand, at: At) -> Self {
        match errand {
            Errand::Describe { name } => Self::Question(Question::describe(name, at)),
            Errand::FindKeys { words } => Self::Question(Question::find_keys(words, at)),
            Errand::Sweep(scope) => Self::Unready(scope, None),
            Errand::AfterLink(_) => Self::AfterLink(false),
            Errand::SweepAllBut(kept) => Self::Unready(Scope { which: Which::Shard, db: None }, Some(kept)),
        }
    }

    /// What has to be found out at the source first: which slots its shard owns.
    pub(super) fn wants_slots(&self) -> bool {
        matches!(self, Self::Unready(..))
    }

    /// The slots that the source's shard owns.
    pub(super) fn slots(&mut self, owned: &SlotSet, standalone: bool, at: At) {
        let Self::Unready(scope, kept) = self else { return };
        let (slots, kept) = (scope.slots(owned), kept.take());
        *self = if standalone {
            Self::Server(ServerSweep::new(slots, scope.db, kept, at))
        } else {
            Self::Cluster(ClusterSweep::new(&slots, kept, at))
        };
    }

    /// Submits what is due. To be called while there is room.
    pub(super) fn advance(&mut self, sink: &mut dyn Sink) {
        match self {
            Self::Question(question) => question.advance(sink),
            Self::Unready(..) | Self::AfterLink(_) => {}
            Self::Cluster(sweep) => sweep.advance(sink),
            Self::Server(sweep) => sweep.advance(sink),
        }
    }

    /// Takes an answer to what was asked.
    pub(super) fn answer(&mut self, token: u64, reply: &Reply) -> Result<(), ApplyErrorKind> {
        match self {
            Self::Question(question) => question.answer(reply),
            Self::Unready(..) | Self::AfterLink(_) => {}
            Self::Cluster(sweep) => sweep.answer(token, reply)?,
            Self::Server(sweep) => sweep.answer(reply)?,
        }
        Ok(())
    }

    /// Something stood in the way, and who is asked now may be somebody else.
    pub(super) fn interrupted(&mut self) {
        match self {
            Self::Question(_) | Self::Unready(..) | Self::AfterLink(_) => {}
            Self::Cluster(sweep) => sweep.interrupted(),
            Self::Server(sweep) => sweep.interrupted(),
        }
    }

    /// What came of it, when that is known.
    pub(super) fn settled(&mut self) -> Option<Settled> {
        match self {
            Self::Question(question) => question.settled(),
            Self::Unready(..) => None,
            Self::AfterLink(past) => past.then_some(Settled::Past),
            Self::Cluster(sweep) => sweep.settled(),
            Self::Server(sweep) => sweep.settled(),
        }
    }
}
