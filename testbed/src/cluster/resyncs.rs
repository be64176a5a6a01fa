//! Who asked for whole copies of the data.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::Cluster;
use crate::Error;

/// How many full resyncs a node has served. The server forgets it at its end.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// By processes of this node that have ended.
    earlier: AtomicU64,
    /// By the present one, as far as it was asked.
    present: AtomicU64,
}

impl Served {
    pub(super) fn end_process(&self) {
        self.earlier.fetch_add(self.present.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn total(&self) -> u64 {
        self.earlier.load(Ordering::Relaxed) + self.present.load(Ordering::Relaxed)
    }
}

impl Cluster {
    /// How often each node, by its number, has sent all its data to somebody who is no node of this cluster.
    ///
    /// That is `sync_full` of its `INFO`, for all processes that the node has had, without the full resyncs that the
    /// cluster's own replicas write of in their logs.
    ///
    /// # Errors
    /// When a node's log cannot be read.
    pub fn full_resyncs_of_others(&self) -> Result<Vec<u64>, Error> {
        let mut own: BTreeMap<SocketAddr, u64> = BTreeMap::new();
        for node in &self.nodes {
            let log = fs::read(node.folder().join("log")).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(Vec::new()),
                _ => Err(Error::io("read a server's log")(error)),
            })?;
            for primary in full_resyncs_in(&String::from_utf8_lossy(&log)) {
                *own.entry(primary).or_default() += 1;
            }
        }
        let others = |node: usize| {
            self.note_full_resyncs(node);
            let served = self.served.get(node).map_or(0, Served::total);
            let own = self.addr(node).ok().and_then(|addr| own.get(&addr)).copied().unwrap_or(0);
            served.saturating_sub(own)
        };
        Ok((0..self.nodes.len()).map(others).collect())
    }

    /// Remembers what a node that runs says of itself; one that does not answer soon has said it before.
    pub(super) fn note_full_resyncs(&self, node: usize) {
        let ask = || {
            let mut conn = self.node(node)?.connect_within(SOON)?;
            conn.info("sync_full")
        };
        if !matches!(self.pid(node), Ok(Some(_))) {
            return;
        }
        let count = ask().ok().and_then(|count| count.parse().ok());
        if let (Some(served), Some(count)) = (self.served.get(node), count) {
            served.present.store(count, Ordering::Relaxed);
        }
    }
}

/// The primaries from which a replica has taken all data, from the replica's log.
fn full_resyncs_in(log: &str) -> Vec<SocketAddr> {
    let mut primary: Option<SocketAddr> = None;
    let mut found = Vec::new();
    for line in log.lines() {
        let connecting = CONNECTING.iter().find_map(|words| line.split_once(words));
        if let Some((_, addr)) = connecting {
            primary = addr.trim().parse().ok();
        } else if FULL_RESYNC.iter().any(|words| line.contains(words)) {
            found.extend(primary);
        }
    }
    found
}

const CONNECTING: &[&str] = &["Connecting to MASTER ", "Connecting to PRIMARY "];

/// The last one is redis 8's, which opens a second connection for the snapshot.
const FULL_RESYNC: &[&str] = &["Full resync from master:", "Full resync from primary:", "initialize RDB channel"];

const SOON: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_resyncs_belong_to_the_primary_that_was_connected_to() {
        let log = "1:S * Connecting to MASTER 127.0.0.1:7000\n1:S * Full resync from master: 00:0\n\
                   1:S * Connecting to PRIMARY 127.0.0.1:7001\n1:S * Successful partial resynchronization\n\
                   1:S * Full resync from primary: 00:0\n1:S * PSYNC is not possible, initialize RDB channel.\n";
        let ports: Vec<_> = full_resyncs_in(log).iter().map(SocketAddr::port).collect();
        assert_eq!(ports, [7000, 7001, 7001]);
    }
}
