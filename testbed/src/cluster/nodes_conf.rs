//! The cluster's state file, written before the first start: no MEET and no waiting for gossip.

use std::{fmt::Write as _, fs, path::Path};

use super::SlotRanges;
use crate::{Error, Random, ports::BUS_OFFSET};

/// An id of 40 hexadecimal digits for every node.
///
/// Ids differ between clusters: two that ever hear of each other must not mistake one node for another.
pub(super) fn node_ids(ports: &[u16]) -> Vec<String> {
    let process = u64::from(std::process::id()) << 16;
    ports.iter().map(|&port| Random::new(process | u64::from(port)).text(40)).collect()
}

/// Writes the state file of node `index` (the format of the server's `clusterSaveConfig`).
pub(super) fn write(
    folder: &Path,
    index: usize,
    ports: &[u16],
    ids: &[String],
    ranges: &[SlotRanges],
) -> Result<(), Error> {
    let mut text = String::new();
    for (other, (port, id)) in ports.iter().zip(ids).enumerate() {
        let bus = port + BUS_OFFSET;
        let me = if other == index { "myself," } else { "" };
        let shard = other % ranges.len().max(1);
        // The configuration epoch of a shard is that of its primary.
        let epoch = shard + 1;
        let role = match ids.get(shard) {
            Some(primary) if other >= ranges.len() => format!("slave {primary} 0 0 {epoch} connected"),
            _ => format!("master - 0 0 {epoch} connected{}", slots(ranges.get(other))),
        };
        let _ = writeln!(text, "{id} 127.0.0.1:{port}@{bus} {me}{role}");
    }
    let _ = writeln!(text, "vars currentEpoch {} lastVoteEpoch 0", ranges.len());
    let path = folder.join("nodes.conf");
    fs::write(&path, text).map_err(Error::io(format!("write {}", path.display())))
}

/// Writes the state file of a node that knows nobody.
pub(super) fn write_alone(folder: &Path, port: u16, id: &str) -> Result<(), Error> {
    let bus = port + BUS_OFFSET;
    let text =
        format!("{id} 127.0.0.1:{port}@{bus} myself,master - 0 0 0 connected\nvars currentEpoch 0 lastVoteEpoch 0\n");
    let path = folder.join("nodes.conf");
    fs::write(&path, text).map_err(Error::io(format!("write {}", path.display())))
}

fn slots(ranges: Option<&SlotRanges>) -> String {
    ranges.into_iter().flatten().fold(String::new(), |mut text, range| {
        let _ = write!(text, " {}-{}", range.start(), range.end());
        text
    })
}
