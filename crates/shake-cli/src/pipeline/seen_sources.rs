//! The sources of a plan as they are now, as far as they answer.

use std::sync::Arc;

use cluster_router::{Discovery, Info, NodeAddr, TargetKind};

use super::error::with_causes;
use super::network::Network;
use super::plan::{PipelinePlan, SourceKind};
use super::positions::{NodeHistory, replid_to_ask};

/// The sources that answered, and why others did not.
#[derive(Debug, Default)]
pub(crate) struct SeenSources {
    pub(crate) seen: Vec<SeenSource>,
    pub(crate) unasked: Vec<String>,
}

/// A source that answered.
#[derive(Debug, Clone)]
pub(crate) struct SeenSource {
    pub(crate) node: NodeAddr,
    pub(crate) history: NodeHistory,
    /// The first offset that its replication backlog has; `None` while it keeps none.
    backlog: Option<u64>,
}

impl SeenSources {
    /// Asks all sources; those that do not answer are no failure.
    pub(crate) async fn look(plan: &PipelinePlan, network: &Network) -> Self {
        let (source, reach) = (&plan.source, &network.source);
        let (nodes, credentials) = (source.nodes.clone(), source.credentials.clone());
        let asked = reach.apply(Discovery::new(reach.connect.clone(), TargetKind::Cluster, nodes, credentials));
        let mut sources = Self::default();
        for node in sources.nodes(plan, &asked).await {
            match SeenSource::ask(&asked, &node).await {
                Ok(source) => sources.seen.push(source),
                Err(why) => sources.unasked.push(why),
            }
        }
        sources
    }

    async fn nodes(&mut self, plan: &PipelinePlan, asked: &Arc<Discovery>) -> Vec<NodeAddr> {
        if plan.source.kind == SourceKind::Node {
            return vec![asked.seed()];
        }
        match asked.topology(None).await {
            Ok(topology) => {
                let owners = topology.primaries().filter(|node| !node.slots.is_empty());
                owners.map(|node| node.addr.clone()).collect()
            }
            Err(error) => {
                self.unasked.push(with_causes(&error));
                Vec::new()
            }
        }
    }
}

impl SeenSource {
    async fn ask(asked: &Discovery, node: &NodeAddr) -> Result<Self, String> {
        let text = async { asked.client(node).await?.text(&["INFO", "replication"]).await };
        let text = text.await.map_err(|error| with_causes(&error))?;
        Self::parse(node, &text).ok_or_else(|| format!("{node}: its INFO replication is not understood"))
    }

    fn parse(node: &NodeAddr, text: &[u8]) -> Option<Self> {
        let history = NodeHistory::parse(text)?;
        let info = Info::parse(text).ok()?;
        let is_kept = info.text("repl_backlog_active") == Some("1");
        let backlog = info.number("repl_backlog_first_byte_offset").filter(|_| is_kept);
        Some(Self { node: node.clone(), history, backlog })
    }

    /// Why it cannot continue a history from an offset; `None` when it can.
    pub(crate) fn cannot_continue(&self, replids: &[String], offset: u64) -> Option<String> {
        let Some(replid) = replid_to_ask(replids, offset, Some(&self.history)) else {
            return Some("the target does not know what the source's history is called".to_owned());
        };
        if !self.history.contains(replid, offset) {
            return Some(format!("the source's history is another one, or does not reach offset {offset}"));
        }
        match self.backlog {
            None => Some("the source keeps no replication backlog at the moment".to_owned()),
            Some(first) if offset + 1 < first => {
                Some(format!("the source's replication backlog begins at offset {first}, behind offset {offset}"))
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn source(backlog: &str) -> SeenSource {
        let text = format!(
            "connected_slaves:0\r\nmaster_replid:{A}\r\nmaster_replid2:{B}\r\nmaster_repl_offset:100\r\n\
             second_repl_offset:51\r\n{backlog}"
        );
        SeenSource::parse(&NodeAddr::new("s", 1), text.as_bytes()).unwrap()
    }

    #[test]
    fn a_source_continues_what_its_history_and_its_backlog_have() {
        let kept = source("repl_backlog_active:1\r\nrepl_backlog_first_byte_offset:41\r\n");
        let cases = [(A, 100, true), (A, 101, false), (A, 40, true), (A, 39, false), (B, 50, true), (B, 51, false)];
        for (replid, offset, expected) in cases {
            let why = kept.cannot_continue(&[replid.to_owned()], offset);
            assert_eq!(why.is_none(), expected, "{replid} {offset}: {why:?}");
        }
        assert!(kept.cannot_continue(&[], 50).is_some());
        assert!(source("repl_backlog_active:0\r\n").cannot_continue(&[A.to_owned()], 100).is_some());
    }
}
