use std::sync::Arc;

use bytes::Bytes;
use cluster_router::Slot;
use tokio::sync::{mpsc, oneshot};

use super::table::{Member, Moves};
use crate::pipeline::source_shard::SourceShard;

/// What one link asks of another.
#[derive(Debug)]
pub(crate) enum Request {
    /// Read these keys of a slot, and put them into your stream as they are. Answered when that is confirmed.
    Settle { slot: Slot, keys: Vec<Bytes>, done: oneshot::Sender<()> },
    /// Say when everything that you have sent so far is confirmed.
    Flush { done: oneshot::Sender<()> },
}

/// Keys that a link was told to delete, and that may be another's by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) slot: Slot,
    pub(crate) keys: Vec<Bytes>,
}

/// A link's way to the others.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) me: Member,
    pub(crate) moves: Arc<Moves>,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl Port {
    /// Takes a link in, and gives it a number.
    pub(crate) fn join(moves: &Arc<Moves>, shard: SourceShard) -> Self {
        let (sender, requests) = mpsc::unbounded_channel();
        let me = moves.add(shard, sender);
        Self { me, moves: moves.clone(), requests }
    }

    /// The next request of another link. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Request> {
        self.requests.recv().await
    }
}
