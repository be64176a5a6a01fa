use std::sync::Arc;

use bytes::Bytes;
use cluster_router::Slot;
use tokio::sync::{mpsc, oneshot};

use super::table::{Member, Moves};

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
    peers: Arc<[mpsc::UnboundedSender<Request>]>,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl Port {
    /// The ports of so many links.
    pub(crate) fn all(count: usize, moves: &Arc<Moves>) -> Vec<Self> {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| mpsc::unbounded_channel()).unzip();
        let peers: Arc<[_]> = senders.into();
        let port = |(me, requests)| Self { me, moves: moves.clone(), peers: peers.clone(), requests };
        (0..).zip(receivers).map(port).collect()
    }

    /// Asks another link; nothing comes back when it has ended.
    pub(crate) fn ask(&self, peer: Member, request: Request) {
        if let Some(peer) = self.peers.get(usize::from(peer)) {
            let _ = peer.send(request);
        }
    }

    /// The next request of another link. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Request> {
        self.requests.recv().await
    }
}
