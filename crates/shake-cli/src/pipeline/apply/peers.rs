//! What an applier has to do with the other links of its source.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cluster_router::{BoxFuture, Client, Discovery, Milestone, Router, Slot};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::applier::{Applier, Applying};
use super::error::ApplyError;
use super::stream::InDoubt;
use crate::pipeline::error::with_causes;
use crate::pipeline::moves::{Member, Moves, Port, Read, ReadError, Request, read};
use crate::pipeline::source_shard::SourceShard;

/// Reads values at the primary of a link's source shard.
#[derive(Clone)]
pub(crate) struct SourceReader {
    pub(crate) discovery: Arc<Discovery>,
    pub(crate) shard: SourceShard,
}

/// The other links, and what is open between them and this one.
pub(super) struct Peers {
    port: Option<Port>,
    source: SourceReader,
    /// What others want to have read.
    to_read: VecDeque<Settle>,
    /// A connection to read over.
    client: Option<Client>,
    reading: Option<Reading>,
    /// Values that were put into the stream for others, until they are confirmed.
    put: Vec<(Option<Milestone>, oneshot::Sender<()>)>,
    /// Others who want to know when all that was sent so far is confirmed.
    flushing: Vec<(Milestone, oneshot::Sender<()>)>,
    /// Keys in doubt, and what has to be past before others are asked: what was said of them before must not come later.
    noted: VecDeque<(InDoubt, Milestone)>,
    /// Keys in doubt, each with the answer that is waited for.
    doubts: Vec<(InDoubt, Answer)>,
    /// The link that has to be past before ours goes on.
    flush: Option<(Member, Answer)>,
}

struct Settle {
    slot: Slot,
    keys: Vec<Bytes>,
    done: oneshot::Sender<()>,
}

struct Reading {
    slot: Slot,
    done: Vec<oneshot::Sender<()>>,
    answer: BoxFuture<'static, Result<(Client, Read), ReadError>>,
}

/// An answer of another link; none when it has begun anew in the meantime.
type Answer = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Something that others have done.
pub(super) enum Happened {
    Asked(Request),
    Read(Result<(Client, Read), ReadError>),
    /// The doubt with this number is settled, or has to be put again.
    Settled(usize, bool),
    Past(bool),
}

impl Peers {
    pub(super) fn new(port: Option<Port>, source: SourceReader) -> Self {
        Self {
            port,
            source,
            to_read: VecDeque::new(),
            client: None,
            reading: None,
            put: Vec::new(),
            flushing: Vec::new(),
            noted: VecDeque::new(),
            doubts: Vec::new(),
            flush: None,
        }
    }

    pub(super) fn into_port(self) -> Option<Port> {
        self.port
    }

    /// Which of the links this is, and the table of all.
    pub(super) fn links(&self) -> Option<(Member, Arc<Moves>)> {
        self.port.as_ref().map(|port| (port.me, port.moves.clone()))
    }

    /// Whether there are keys in doubt.
    pub(super) fn has_doubts(&self) -> bool {
        !self.doubts.is_empty() || !self.noted.is_empty()
    }

    /// Whether values are being read: nothing may be taken from the stream meanwhile.
    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Notes keys in doubt; others are asked when what was submitted so far is confirmed.
    pub(super) fn doubt(&mut self, doubts: Vec<InDoubt>, router: &mut Router) {
        if !doubts.is_empty() {
            let mark = router.milestone();
            self.noted.extend(doubts.into_iter().map(|in_doubt| (in_doubt, mark)));
        }
    }

    /// Asks the others about what is ready for it.
    fn ask_noted(&mut self, router: &Router) {
        while let Some((in_doubt, _)) = self.noted.pop_front_if(|(_, mark)| router.is_past(*mark)) {
            debug!(slot = %in_doubt.doubt.slot, keys = in_doubt.doubt.keys.len(), "a moved slot: asking its new owner");
            let answer = self.settle(&in_doubt);
            self.doubts.push((in_doubt, answer));
        }
    }

    /// Everything is copied: what was in doubt is so no more.
    pub(super) fn forget_doubts(&mut self, router: &mut Router) {
        let noted = self.noted.drain(..).map(|(in_doubt, _)| in_doubt);
        let asked = self.doubts.drain(..).map(|(in_doubt, _)| in_doubt);
        noted.chain(asked).filter_map(|in_doubt| in_doubt.held).for_each(|held| router.let_go(held));
    }

    fn settle(&self, in_doubt: &InDoubt) -> Answer {
        let (done, answer) = oneshot::channel();
        let (slot, keys) = (in_doubt.doubt.slot, in_doubt.doubt.keys.clone());
        self.ask(in_doubt.peer, Request::Settle { slot, keys, done });
        waiting(answer)
    }

    /// Waits until another link is past what it has sent.
    pub(super) fn flush(&mut self, link: Member) {
        let (done, answer) = oneshot::channel();
        self.ask(link, Request::Flush { done });
        self.flush = Some((link, waiting(answer)));
    }

    fn ask(&self, peer: Member, request: Request) {
        if let Some(port) = &self.port {
            port.moves.ask(peer, request);
        }
    }

    /// What happens next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Happened {
        let Self { port, reading, doubts, flush, .. } = self;
        let asked = async {
            match port {
                Some(port) => port.next().await,
                None => None,
            }
        };
        let asked = async {
            match asked.await {
                Some(request) => request,
                None => pending().await,
            }
        };
        tokio::select! {
            request = asked => Happened::Asked(request),
            happened = poll_fn(|cx| poll_open(reading, doubts, flush, cx)) => happened,
        }
    }

    /// Reads what is wanted of one slot, as much of it as makes a small answer.
    fn begin_reading(&mut self) {
        let Some(Settle { slot, mut keys, done }) = self.to_read.pop_front() else { return };
        let mut done = vec![done];
        while keys.len() < MOST_AT_ONCE
            && let Some(more) = self.to_read.pop_front_if(|next| next.slot == slot)
        {
            keys.extend(more.keys);
            done.push(more.done);
        }
        let (source, client) = (self.source.clone(), self.client.take());
        let answer = Box::pin(async move {
            let primary = source.shard.primary();
            let mut client = match client.filter(|client| *client.node() == primary) {
                Some(client) => client,
                None => source.discovery.client(&primary).await?,
            };
            let read = read(&mut client, &keys).await?;
            Ok((client, read))
        });
        self.reading = Some(Reading { slot, done, answer });
    }
}

/// An answer, and if it does not come, some patience before it is asked for again.
fn waiting(answer: oneshot::Receiver<()>) -> Answer {
    Box::pin(async move {
        let settled = answer.await.is_ok();
        if !settled {
            sleep(AGAIN).await;
        }
        settled
    })
}

fn poll_open(
    reading: &mut Option<Reading>,
    doubts: &mut [(InDoubt, Answer)],
    flush: &mut Option<(Member, Answer)>,
    cx: &mut Context<'_>,
) -> Poll<Happened> {
    if let Some(reading) = reading
        && let Poll::Ready(read) = reading.answer.as_mut().poll(cx)
    {
        return Poll::Ready(Happened::Read(read));
    }
    for (number, (_, answer)) in doubts.iter_mut().enumerate() {
        if let Poll::Ready(settled) = answer.as_mut().poll(cx) {
            return Poll::Ready(Happened::Settled(number, settled));
        }
    }
    if let Some((_, answer)) = flush
        && let Poll::Ready(past) = answer.as_mut().poll(cx)
    {
        return Poll::Ready(Happened::Past(past));
    }
    Poll::Pending
}

impl Applier {
    /// Does for the other links what can be done now.
    pub(super) fn look_at_peers(&mut self) {
        if self.peers.port.is_none() {
            return;
        }
        if let Applying::Stream(applier) = &mut self.phase {
            self.peers.put.extend(applier.take_put());
            // One read after the other, and what was read has to find its place first: the stream goes on in between.
            if self.peers.reading.is_none() && self.barrier.is_none() && !applier.has_repairs() {
                self.peers.begin_reading();
            }
        }
        let router = &self.router;
        self.peers.ask_noted(router);
        for (_, done) in self.peers.put.extract_if(.., |(mark, _)| mark.is_none_or(|mark| router.is_past(mark))) {
            let _ = done.send(());
        }
        for (_, done) in self.peers.flushing.extract_if(.., |(mark, _)| router.is_past(*mark)) {
            let _ = done.send(());
        }
    }

    /// Takes note of what others have done.
    pub(super) fn peer_happened(&mut self, happened: Happened) -> Result<(), ApplyError> {
        match happened {
            Happened::Asked(Request::Settle { slot, keys, done }) => {
                self.peers.to_read.push_back(Settle { slot, keys, done });
            }
            Happened::Asked(Request::Flush { done }) => {
                let mark = self.router.milestone();
                self.peers.flushing.push((mark, done));
            }
            Happened::Read(read) => return self.was_read(read),
            Happened::Settled(number, true) => {
                let (in_doubt, _) = self.peers.doubts.swap_remove(number);
                in_doubt.held.into_iter().for_each(|held| self.router.let_go(held));
            }
            Happened::Settled(number, false) => {
                let (mut in_doubt, _) = self.peers.doubts.swap_remove(number);
                if let Some((link, moves)) = self.peers.links() {
                    in_doubt.peer = moves.doubt(link, in_doubt.doubt.slot).unwrap_or(link);
                }
                let answer = self.peers.settle(&in_doubt);
                self.peers.doubts.push((in_doubt, answer));
            }
            Happened::Past(true) => {
                self.peers.flush = None;
                self.errands.link_is_past();
            }
            Happened::Past(false) => {
                let moves = self.peers.links().map(|(_, moves)| moves);
                match self.peers.flush.take() {
                    Some((link, _)) if moves.is_some_and(|moves| moves.is_running(link)) => self.peers.flush(link),
                    // Who has ended has nothing under way.
                    _ => self.errands.link_is_past(),
                }
            }
        }
        Ok(())
    }

    fn was_read(&mut self, read: Result<(Client, Read), ReadError>) -> Result<(), ApplyError> {
        let Some(Reading { slot, done, .. }) = self.peers.reading.take() else { return Ok(()) };
        match read {
            // Who has asked will ask again: perhaps somebody else.
            Err(error) => warn!(source = %self.node, "{}; it is tried again", with_causes(&error)),
            Ok((client, read)) => {
                self.peers.client = Some(client);
                if let Applying::Stream(applier) = &mut self.phase {
                    applier.repair(slot, read, done, &mut self.router)?;
                }
            }
        }
        Ok(())
    }
}

/// How many keys are read at once, about.
const MOST_AT_ONCE: usize = 100;

/// How long it takes until what was not answered is asked again.
const AGAIN: Duration = Duration::from_millis(100);
