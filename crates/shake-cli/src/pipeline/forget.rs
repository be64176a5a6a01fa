//! Removes from a target what links keep there.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use cluster_router::{Client, ClientError, Discovery, NodeAddr, Outgoing, Router, SlotMap, TargetKind, slot_of};
use resp::Reply;
use tokio::time::timeout;

use super::error::{PipelineError, with_causes};
use super::known_links::{PATIENCE, identities, look_at_target, not_answered};
use super::links::{LOOK, visiting_router};
use super::network::Network;
use super::plan::PipelinePlan;
use super::positions::{self, AT_ONCE, Asking, question};
use super::preflight::{self, Known};
use super::reserved::RESERVED_PREFIX;
use super::seen_sources::SeenSources;

/// What is to be removed from a target. Nothing is, before it is [carried out](Self::carry_out).
pub struct Removal {
    what: What,
    discovery: Arc<Discovery>,
    map: SlotMap,
}

enum What {
    /// The fields of these links.
    Links(Vec<LinkSlots>),
    /// These keys, each in its database.
    Keys(Vec<(u32, Bytes)>),
}

/// The slots that have fields of a link.
struct LinkSlots {
    link: String,
    source: NodeAddr,
    slots: Vec<cluster_router::Slot>,
}

/// A connection of a running link to a node of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The node.
    pub node: NodeAddr,
    /// The connection's name.
    pub name: String,
    /// Where it comes from.
    pub addr: String,
}

/// What was removed, a line each.
pub type Removed = Vec<String>;

impl Removal {
    /// Finds what the target has of the links of the plan's sources; or, of `all` links, every reserved key.
    ///
    /// # Errors
    /// When the target does not answer, or a source, without which it is not known which links are meant.
    pub async fn find(plan: &PipelinePlan, network: &Network, all: bool) -> Result<Self, PipelineError> {
        let (discovery, map, nodes) = preflight::target(plan, network).await?;
        let what = if all {
            What::Keys(reserved_keys(&discovery, &nodes).await?)
        } else {
            What::Links(links_of_sources(plan, network, (&discovery, &map)).await?)
        };
        Ok(Self { what, discovery, map })
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.what {
            What::Links(links) => links.is_empty(),
            What::Keys(keys) => keys.is_empty(),
        }
    }

    /// What is to be removed, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match &self.what {
            What::Links(links) => {
                let line = |LinkSlots { link, source, slots }: &LinkSlots| {
                    format!("link {link} of source {source}: its fields in the positions of {} slots", slots.len())
                };
                links.iter().map(line).collect()
            }
            What::Keys(keys) => {
                let mut counts: BTreeMap<(u32, &str), usize> = BTreeMap::new();
                keys.iter().for_each(|(db, key)| *counts.entry((*db, kind(key))).or_default() += 1);
                let line = |((db, kind), count)| format!("database {db}: {count} {kind}");
                counts.into_iter().map(line).collect()
            }
        }
    }

    /// The connections of links that run, of those whose keys are to be removed.
    ///
    /// # Errors
    /// When a primary of the target does not answer.
    pub async fn holders(&self) -> Result<Vec<Holder>, PipelineError> {
        let owners = self.map.indexes().filter(|&node| !self.map.ranges_of(node).is_empty());
        let owners: Vec<NodeAddr> = owners.filter_map(|node| Some(self.map.node(node)?.addr.clone())).collect();
        let mut nodes = owners.clone();
        // A link may still be connected to what was a primary a moment ago.
        if let (TargetKind::Cluster, Ok(topology)) = (self.discovery.kind(), self.discovery.topology(None).await) {
            let usable = topology.nodes.iter().filter(|node| node.is_usable()).map(|node| node.addr.clone());
            nodes.extend(usable.filter(|node| !owners.contains(node)));
        }
        let mut holders = Vec::new();
        for node in nodes {
            match clients(&self.discovery, &node).await {
                Ok(text) => {
                    holders.extend(named(&text).filter(|(name, _)| self.concerns(name)).map(|(name, addr)| Holder {
                        node: node.clone(),
                        name: name.to_owned(),
                        addr: addr.to_owned(),
                    }))
                }
                Err(error) if owners.contains(&node) => return Err(refused(&error)),
                Err(_) => {}
            }
        }
        Ok(holders)
    }

    /// Whether a connection of this name is one of a link whose keys are to be removed.
    fn concerns(&self, name: &str) -> bool {
        let Some(link) = name.strip_prefix("shake:") else { return false };
        match &self.what {
            What::Links(links) => links.iter().any(|known| known.link == link),
            What::Keys(_) => ![LOOK, FORGET].iter().any(|visitor| name.starts_with(visitor)),
        }
    }

    /// Removes it.
    ///
    /// # Errors
    /// When the target refuses, or does not answer for a while; some may be removed then.
    pub async fn carry_out(self, plan: &PipelinePlan) -> Result<Removed, PipelineError> {
        let mut router = visiting_router(FORGET, plan, self.discovery.clone(), &self.map);
        match self.what {
            What::Links(links) => {
                let mut removed = Removed::new();
                for link in links {
                    removed.push(remove_link(&mut router, &link).await?);
                }
                Ok(removed)
            }
            What::Keys(keys) => {
                let unlink = |(db, key): (u32, Bytes)| {
                    let question = Outgoing { db, ..question(slot_of(&key)) };
                    (question, vec![Bytes::from_static(b"UNLINK"), key])
                };
                let count = remove(&mut router, keys.into_iter().map(unlink).collect()).await?;
                Ok(vec![format!("{count} keys")])
            }
        }
    }
}

async fn links_of_sources(
    plan: &PipelinePlan,
    network: &Network,
    (discovery, map): (&Arc<Discovery>, &SlotMap),
) -> Result<Vec<LinkSlots>, PipelineError> {
    let sources = SeenSources::look(plan, network).await;
    if let Some(why) = sources.unasked.first() {
        let message = format!("source {why}: without it, its links are not known; --all removes what all links keep");
        return Err(PipelineError::refused(message));
    }
    let survey = look_at_target(plan, discovery, map).await?;
    let mut known = survey.links();
    let slots = identities(&survey, &sources).into_iter().filter_map(|identity| {
        let slots = known.remove(identity.link.as_str())?;
        Some(LinkSlots { link: identity.link, source: identity.node, slots })
    });
    Ok(slots.collect())
}

async fn remove_link(router: &mut Router, link: &LinkSlots) -> Result<String, PipelineError> {
    let keys = positions::keys(&link.link);
    let [fence, mark] = positions::fields_of(&link.link);
    let remove_fields = |slot| (question(slot), vec!["HDEL".to_owned(), keys.key(slot), fence.clone(), mark.clone()]);
    let count = remove(router, link.slots.iter().copied().map(remove_fields).collect()).await?;
    Ok(format!("link {} of source {}: {count} fields", link.link, link.source))
}

/// Sends what removes something, and adds up how much was.
async fn remove<A: AsRef<[u8]>>(
    router: &mut Router,
    mut commands: Vec<(Outgoing, Vec<A>)>,
) -> Result<i64, PipelineError> {
    let (mut removed, mut last) = (0, None);
    while !commands.is_empty() {
        let some: Vec<_> = commands.drain(..commands.len().min(AT_ONCE)).collect();
        let mut holding = |hold: &cluster_router::Hold| last = Some(hold.to_string());
        let answers = timeout(PATIENCE, Asking::new(router).ask(some, &mut holding)).await;
        let answers = answers.map_err(|_| not_answered(last.clone()))?;
        let answers = answers.map_err(|error| PipelineError::runtime(format!("target {}", with_causes(&error))))?;
        for answer in answers {
            removed += answer.as_integer().ok_or_else(|| {
                let said = answer.first_error().map_or_else(String::new, ToString::to_string);
                PipelineError::runtime(format!("the target refuses to remove what was found: {said}"))
            })?;
        }
    }
    Ok(removed)
}

/// Every key of ours, of all primaries and databases.
async fn reserved_keys(discovery: &Discovery, nodes: &[Known]) -> Result<Vec<(u32, Bytes)>, PipelineError> {
    let mut keys = Vec::new();
    for Known { node, facts } in nodes {
        let mut client = discovery.client(node).await.map_err(|error| refused(&error))?;
        let is_cluster = discovery.kind() == TargetKind::Cluster;
        for &db in if is_cluster { &[0] } else { &facts.databases[..] } {
            if !is_cluster {
                client.call(&["SELECT", &db.to_string()]).await.map_err(|error| refused(&error))?;
            }
            scan(&mut client, |key| keys.push((db, key))).await.map_err(|error| refused(&error))?;
        }
    }
    // A SCAN may name a key twice.
    keys.sort();
    keys.dedup();
    Ok(keys)
}

async fn scan(client: &mut Client, mut found: impl FnMut(Bytes)) -> Result<(), ClientError> {
    let pattern = [RESERVED_PREFIX, b"*"].concat();
    let mut cursor = Bytes::from_static(b"0");
    loop {
        let reply = client.call(&[b"SCAN", &cursor[..], b"MATCH", &pattern, b"COUNT", b"5000"]).await?;
        let Some([next, keys]) = reply.as_array() else { return Ok(()) };
        keys.as_array().unwrap_or_default().iter().filter_map(Reply::as_bytes).cloned().for_each(&mut found);
        match next.as_bytes() {
            Some(next) if &next[..] != b"0" => cursor = next.clone(),
            _ => return Ok(()),
        }
    }
}

async fn clients(discovery: &Discovery, node: &NodeAddr) -> Result<String, ClientError> {
    let text = discovery.client(node).await?.text(&["CLIENT", "LIST"]).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Names and addresses of the connections in an answer to `CLIENT LIST`.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let field = |name: &str| line.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        Some((field("name")?, field("addr")?))
    })
}

fn kind(key: &[u8]) -> &'static str {
    if key.ends_with(b":positions") { "keys with positions" } else { "other keys" }
}

fn refused(error: &ClientError) -> PipelineError {
    PipelineError::refused(format!("target {}", with_causes(error)))
}

/// How the names of the connections begin that remove.
const FORGET: &str = "shake:forget:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_with_their_names() {
        let text = "id=3 addr=10.0.0.1:50000 laddr=10.0.0.2:6379 fd=8 name=shake:abc age=1\n\
                    id=4 addr=10.0.0.1:50001 laddr=10.0.0.2:6379 fd=9 name= age=1\n";
        assert_eq!(named(text).collect::<Vec<_>>(), [("shake:abc", "10.0.0.1:50000"), ("", "10.0.0.1:50001")]);
    }
}
