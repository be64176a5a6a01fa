//! Asking nodes for their cluster without waiting for those that do not answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::{Client, ClientError};
use crate::{Asked, Connect, Credentials, NodeAddr, Topology};

/// Nodes that are being asked: one after the other, the next one as soon as the last has failed or takes its time.
///
/// Asking all at once would be a connection to each of a hundred nodes at every failover, from every link.
pub(crate) struct Survey {
    waiting: VecDeque<Question>,
    asking: JoinSet<Answer>,
    asked: usize,
}

/// A node to ask, and how it is reached.
pub(crate) struct Question {
    pub(crate) connect: Arc<dyn Connect>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) node: NodeAddr,
}

/// What came of a question.
pub(crate) struct Answer {
    /// Place of the node in the order in which they were to be asked.
    pub(crate) rank: usize,
    pub(crate) node: NodeAddr,
    pub(crate) topology: Result<Topology, ClientError>,
}

impl Survey {
    /// Will ask these, the first `at_once` of them at the same time.
    pub(crate) fn new(questions: impl IntoIterator<Item = Question>, at_once: usize) -> Self {
        let waiting = questions.into_iter().collect();
        let mut survey = Self { waiting, asking: JoinSet::new(), asked: 0 };
        // One more is asked whenever an answer is waited for.
        (1..at_once).for_each(|_| survey.ask_one());
        survey
    }

    /// The next answer; `None` when all have answered. Being asked again, the last answer was of no help.
    pub(crate) async fn next(&mut self) -> Option<Answer> {
        self.ask_one();
        loop {
            tokio::select! {
                answer = self.asking.join_next() => match answer {
                    Some(Ok(answer)) => return Some(answer),
                    Some(Err(_)) => self.ask_one(),
                    None => return None,
                },
                () = sleep(PACE), if !self.waiting.is_empty() => self.ask_one(),
            }
        }
    }

    /// Only those are waited for that were asked already.
    pub(crate) fn ask_no_more(&mut self) {
        self.waiting.clear();
    }

    /// Whether nobody is left who could answer.
    pub(crate) fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.asking.is_empty()
    }

    fn ask_one(&mut self) {
        let Some(question) = self.waiting.pop_front() else { return };
        self.asking.spawn(question.ask(self.asked));
        self.asked += 1;
    }
}

impl Question {
    async fn ask(self, rank: usize) -> Answer {
        let topology = self.topology().await;
        Answer { rank, node: self.node, topology }
    }

    async fn topology(&self) -> Result<Topology, ClientError> {
        let mut client = Client::connect(&*self.connect, &self.node, self.credentials.as_ref()).await?;
        let text = client.text(&["CLUSTER", "NODES"]).await?;
        let asked = Asked { host: &self.node.host, tls: self.connect.is_tls() };
        Topology::from_nodes(&text, asked).map_err(|error| ClientError::malformed(&self.node, error))
    }
}

/// How long a node may take before the next one is asked as well.
const PACE: Duration = Duration::from_millis(500);
