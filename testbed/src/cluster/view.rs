//! What the cluster itself says of its roles and slots.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use super::Cluster;
use crate::{Error, SLOTS};

impl Cluster {
    /// The numbers of the nodes that are primaries with slots now, in the view of a running node.
    ///
    /// # Errors
    /// When no node can be asked.
    pub fn primaries(&self) -> Result<Vec<usize>, Error> {
        let lines = self.view()?;
        Ok(lines
            .iter()
            .filter(|line| line.primary && !line.slots.is_empty() && !line.failed)
            .map(|line| line.node)
            .collect())
    }

    /// The numbers of the nodes that are replicas now, in the view of a running node.
    ///
    /// # Errors
    /// When no node can be asked.
    pub fn replicas(&self) -> Result<Vec<usize>, Error> {
        Ok(self.view()?.iter().filter(|line| !line.primary && !line.failed).map(|line| line.node).collect())
    }

    /// The replicas of one primary.
    ///
    /// # Errors
    /// When no node can be asked.
    pub fn replicas_of(&self, primary: usize) -> Result<Vec<usize>, Error> {
        let id = self.id(primary)?;
        Ok(self.view()?.iter().filter(|line| line.primary_id == id && !line.failed).map(|line| line.node).collect())
    }

    /// The primary that serves this slot.
    ///
    /// # Errors
    /// When nobody serves it.
    pub fn owner(&self, slot: u16) -> Result<usize, Error> {
        let lines = self.view()?;
        let owner =
            lines.iter().find(|line| line.primary && line.slots.iter().any(|&(from, to)| from <= slot && slot <= to));
        owner.map(|line| line.node).ok_or_else(|| Error::Usage(format!("nobody serves slot {slot}")))
    }

    /// The address of the primary that serves this slot.
    ///
    /// # Errors
    /// When nobody serves it.
    pub fn addr_for_slot(&self, slot: u16) -> Result<SocketAddr, Error> {
        self.addr(self.owner(slot)?)
    }

    /// The view of the first running node that answers.
    pub(super) fn view(&self) -> Result<Vec<Line>, Error> {
        let mut last = Error::Usage("no node of the cluster runs".to_owned());
        for node in self.running() {
            match self.view_of(node) {
                Ok(lines) => return Ok(lines),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// `CLUSTER NODES` of one node, for the nodes that this cluster started, by number.
    pub(super) fn view_of(&self, node: usize) -> Result<Vec<Line>, Error> {
        let mut conn = self.conn(node)?;
        // A frozen node accepts connections: ask the next one soon.
        conn.set_timeout(VIEW_TIMEOUT)?;
        let text = conn.call("CLUSTER NODES")?.text();
        let numbers: BTreeMap<&str, usize> =
            self.ids.iter().enumerate().map(|(node, id)| (id.as_str(), node)).collect();
        let mut lines: Vec<_> = text.lines().filter_map(|line| Line::parse(line, &numbers)).collect();
        lines.sort_by_key(|line| line.node);
        Ok(lines)
    }
}

/// One line of `CLUSTER NODES`.
pub(super) struct Line {
    pub(super) node: usize,
    pub(super) primary: bool,
    pub(super) failed: bool,
    pub(super) primary_id: String,
    pub(super) slots: Vec<(u16, u16)>,
}

impl Line {
    /// `<id> <address> <flags> <primary> <ping> <pong> <epoch> <link> <slot> ...`
    fn parse(line: &str, numbers: &BTreeMap<&str, usize>) -> Option<Self> {
        let words: Vec<_> = line.split_whitespace().collect();
        let node = *numbers.get(words.first()?)?;
        let flags: Vec<_> = words.get(2)?.split(',').collect();
        Some(Self {
            node,
            primary: flags.contains(&"master"),
            failed: flags.contains(&"fail"),
            primary_id: (*words.get(3)?).to_owned(),
            slots: words.iter().skip(8).filter_map(|word| slots(word)).collect(),
        })
    }
}

/// `5`, `0-100`; nothing for a slot that is being moved (`[5->-id]`).
fn slots(word: &str) -> Option<(u16, u16)> {
    let (from, to) = word.split_once('-').unwrap_or((word, word));
    let range = (from.parse().ok()?, to.parse().ok()?);
    (range.1 < SLOTS).then_some(range)
}

/// How long a cluster may take to get healthy.
pub(super) const READY_TIMEOUT: Duration = Duration::from_secs(30);

const VIEW_TIMEOUT: Duration = Duration::from_secs(2);
