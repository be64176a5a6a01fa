use std::fmt;
use std::time::Duration;

use resp::Reply;

use crate::{ClientError, NodeAddr, Position};

/// What happened while the router was driven.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Commands were confirmed: there may be [room](crate::Router::has_room), and this position is now the highest
    /// one up to which all are.
    Confirmed(Option<Position>),
    /// Something stands in the way. Nothing is lost: what is open is kept, and tried again until it is through.
    Holding(Hold),
    /// A node owes a reply for some seconds. The others are asked whether it is still the one; it is waited for.
    Silent {
        /// The node.
        node: NodeAddr,
        /// For how long it has been silent.
        silence: Duration,
    },
    /// What is open was handed out anew. Whether it is through now a confirmation will tell.
    Flowing {
        /// How many commands were handed out anew.
        resent: u64,
    },
    /// A command that was sent before, over a connection that was lost before its reply came, met an error that one
    /// gets which has taken effect already. It counts as done.
    Conflict(Rejection),
    /// A [forgiving](crate::Outgoing::forgiving) command of a snapshot did not find what it was to work on. It counts as
    /// done.
    Missing {
        /// What the node said to which command.
        rejection: Rejection,
        /// Whether it was sent before, and may have taken effect then.
        repeated: bool,
    },
    /// The answer to an [`ask`](crate::Router::ask).
    Answer {
        /// What it was asked with.
        token: u64,
        /// The last reply: of a transaction, that of EXEC. It may be an error.
        reply: Reply,
    },
}

/// What stands in the way of a link.
#[derive(Debug)]
pub struct Hold {
    /// The node.
    pub node: NodeAddr,
    /// What it said, or what became of its connection.
    pub cause: String,
    /// The first word of the node's reply, when it was a reply.
    pub code: Option<String>,
    /// When it is tried again.
    pub retry_in: Duration,
    /// How many times in a row the link has held without a confirmation in between, this one counted.
    pub attempt: u32,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; trying again in {} ms", self.node, self.cause, self.retry_in.as_millis())
    }
}

/// Why a router cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RouterError {
    /// A node refused a command, and trying again would not help.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// A node does not let us in.
    #[error(transparent)]
    Unopened(#[from] ClientError),
    /// What a node had confirmed may be gone, or what it was sent may have taken effect without our knowledge: the link
    /// has to look up how far it is, and to go on from there.
    #[error("{node}: {cause}")]
    Interrupted {
        /// The node.
        node: NodeAddr,
        /// What happened.
        cause: String,
    },
}

impl RouterError {
    pub(super) fn interrupted(node: &NodeAddr, error: &std::io::Error) -> Self {
        Self::Interrupted { node: node.clone(), cause: format!("connection lost: {error}") }
    }

    pub(super) fn replaced(node: &NodeAddr) -> Self {
        Self::Interrupted { node: node.clone(), cause: "it is no primary any more".to_owned() }
    }
}

/// A command that a node refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{node} refused {command} at {position}: {reply}{}", note.as_ref().map(|note| format!("; {note}")).unwrap_or_default())]
pub struct Rejection {
    /// The node.
    pub node: NodeAddr,
    /// Name and first key of the command.
    pub command: Box<str>,
    /// Where the command is in the source's history.
    pub position: Box<str>,
    /// The node's reply.
    pub reply: resp::ErrorReply,
    /// Why it could not be said in other words, where that was tried.
    pub note: Option<Box<str>>,
}
