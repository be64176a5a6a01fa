use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::address_book::{AddressBook, BookConnect};
use crate::client::{Client, ClientError};
use crate::survey::{Answer, Question, Survey};
use crate::{Connect, Credentials, NodeAddr, SlotMap, Topology};

/// Finds out which node of a target owns which slot.
pub struct Discovery {
    connect: Arc<dyn Connect>,
    credentials: Option<Credentials>,
    kind: TargetKind,
    seeds: Vec<NodeAddr>,
    /// Which seeds lead to which nodes, where that is how nodes are reached.
    book: Option<Arc<AddressBook>>,
    /// Nodes that were part of the cluster when it was last asked: the seeds may be gone by then.
    known: Mutex<BTreeSet<NodeAddr>>,
    /// How often nodes were asked.
    asked: AtomicUsize,
}

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A cluster: any of its nodes knows the others.
    Cluster,
    /// One server for all slots.
    Standalone,
}

impl Discovery {
    /// Will ask `seeds`, in this order, and later the nodes that they named. There must be one seed.
    #[must_use]
    pub fn new(
        connect: Arc<dyn Connect>,
        kind: TargetKind,
        seeds: Vec<NodeAddr>,
        credentials: Option<Credentials>,
    ) -> Self {
        Self { connect, credentials, kind, seeds, book: None, known: Mutex::default(), asked: AtomicUsize::new(0) }
    }

    /// Each seed leads to one node and always the same, and that is how this node is reached, whatever it announces.
    ///
    /// Every look at the cluster asks all seeds which node they lead to. Nodes to which none leads are reached where
    /// they say they are.
    #[must_use]
    pub fn by_seeds(self) -> Self {
        Self { book: Some(Arc::new(AddressBook::new(&self.seeds))), ..self }
    }

    /// How connections are made to nodes by the addresses that they announce.
    #[must_use]
    pub fn connector(&self) -> Arc<dyn Connect> {
        match &self.book {
            Some(book) => Arc::new(BookConnect { inner: self.connect.clone(), book: book.clone() }),
            None => self.connect.clone(),
        }
    }

    /// What the target is.
    #[must_use]
    pub fn kind(&self) -> TargetKind {
        self.kind
    }

    /// The nodes to ask, as they were given.
    #[must_use]
    pub fn seeds(&self) -> &[NodeAddr] {
        &self.seeds
    }

    /// The node that is asked first.
    #[must_use]
    pub fn seed(&self) -> NodeAddr {
        self.seeds.first().cloned().unwrap_or_else(|| NodeAddr::new("", 0))
    }

    /// A control connection to a node, by the address that it announces.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn client(&self, node: &NodeAddr) -> Result<Client, ClientError> {
        Client::connect(&*self.connector(), node, self.credentials.as_ref()).await
    }

    /// A control connection to whatever an address leads to that was given.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn seed_client(&self, seed: &NodeAddr) -> Result<Client, ClientError> {
        Client::connect(&*self.connect, seed, self.credentials.as_ref()).await
    }

    /// The owners of all slots, as [`topology`](Self::topology) has them.
    ///
    /// # Errors
    /// When no node answers, with what the first one said.
    pub async fn slot_map(&self, hint: Option<&NodeAddr>) -> Result<SlotMap, ClientError> {
        match self.kind {
            TargetKind::Standalone => Ok(SlotMap::single(self.seed())),
            TargetKind::Cluster => Ok(self.look(hint).await?.map),
        }
    }

    /// The cluster, as the first node sees it that knows the owners of all slots: `hint` before the others, and those
    /// begun with another one each time, so that a node that is cut off from its cluster does not have the only word.
    /// When none knows all, as the first sees it that answers. While there are others to ask, nobody is waited for long.
    ///
    /// # Errors
    /// As [`slot_map`](Self::slot_map).
    pub async fn topology(&self, hint: Option<&NodeAddr>) -> Result<Topology, ClientError> {
        Ok(self.look(hint).await?.topology)
    }

    async fn look(&self, hint: Option<&NodeAddr>) -> Result<View, ClientError> {
        let mut survey = self.survey(hint);
        let (mut incomplete, mut failures) = (Vec::new(), Vec::new());
        while let Some(answer) = survey.next().await {
            match self.view(answer) {
                Ok(view) if view.map.uncovered().is_empty() => return Ok(self.settle(view, &mut survey).await),
                // A node that was reset, or left out, knows less than the others.
                Ok(view) => incomplete.push(view),
                Err((rank, error)) => failures.push((rank, error)),
            }
        }
        let first = failures.into_iter().min_by_key(|(rank, _)| *rank).map(|(_, error)| error);
        let best = incomplete.into_iter().min_by_key(|view| view.rank);
        best.ok_or_else(|| first.unwrap_or_else(|| self.nobody()))
    }

    /// Takes in a view of the whole cluster. Where seeds are how nodes are reached, the others are waited for a little:
    /// they may lead to somebody else by now, and the better informed of two views counts.
    async fn settle(&self, mut best: View, survey: &mut Survey) -> View {
        if let Some(book) = &self.book {
            let begun = Instant::now();
            book.announced(&best.topology);
            survey.ask_no_more();
            while !survey.is_over() {
                let patience = if book.leads_to_owners(&best.map) { SHORT_PATIENCE } else { PATIENCE };
                let Ok(Some(answer)) = timeout_at(begun + patience, survey.next()).await else { break };
                let Ok(view) = self.view(answer) else { continue };
                if view.rank < best.rank && view.map.uncovered().is_empty() {
                    book.announced(&view.topology);
                    best = view;
                }
            }
        }
        self.remember(&best.topology);
        best
    }

    /// What an answer shows; and, if it came from a seed, whom that leads to.
    fn view(&self, answer: Answer) -> Result<View, (usize, ClientError)> {
        let topology = answer.topology.map_err(|error| (answer.rank, error))?;
        if let Some(book) = &self.book {
            book.found(&answer.node, &topology);
        }
        Ok(View { rank: answer.rank, map: SlotMap::from_topology(&topology), topology })
    }

    fn nobody(&self) -> ClientError {
        ClientError::malformed(&self.seed(), io::Error::other("no node to ask"))
    }

    /// The hint, the seeds, and the nodes that were known last.
    fn survey(&self, hint: Option<&NodeAddr>) -> Survey {
        let known: Vec<NodeAddr> = self.known.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        let (direct, announced) = (&self.connect, &self.connector());
        let mut seeds: Vec<_> = self.seeds.iter().map(|node| (direct, node)).collect();
        let others = known.iter().filter(|node| !self.seeds.contains(node)).map(|node| (announced, node));
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        let hint = hint.map(|node| (announced, node));
        if self.book.is_some() {
            rotate(&mut seeds, turn);
            let at_once = seeds.len() + usize::from(hint.is_some());
            return Survey::new(self.questions(hint.into_iter().chain(seeds).chain(others)), at_once);
        }
        seeds.extend(others);
        rotate(&mut seeds, turn);
        seeds.retain(|(_, node)| hint.is_none_or(|(_, hint)| *node != hint));
        Survey::new(self.questions(hint.into_iter().chain(seeds)), 1)
    }

    fn questions<'a>(&self, nodes: impl Iterator<Item = (&'a Arc<dyn Connect>, &'a NodeAddr)>) -> Vec<Question> {
        let question = |(connect, node): (&Arc<dyn Connect>, &NodeAddr)| Question {
            connect: connect.clone(),
            credentials: self.credentials.clone(),
            node: node.clone(),
        };
        nodes.map(question).collect()
    }

    fn remember(&self, topology: &Topology) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = topology.nodes.iter().filter(|node| node.is_usable()).map(|node| node.addr.clone()).collect();
    }
}

/// A cluster as one node sees it.
struct View {
    /// The node's place in the order of asking.
    rank: usize,
    topology: Topology,
    map: SlotMap,
}

/// Another one comes first each time.
fn rotate<T>(all: &mut [T], turn: usize) {
    all.rotate_left(turn % all.len().max(1));
}

/// How long seeds are waited for when an owner of slots is not known to be reached by any.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long, when all are.
const SHORT_PATIENCE: Duration = Duration::from_millis(250);
