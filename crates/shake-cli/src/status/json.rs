//! Our own page: everything that is known, as JSON.

use replica::DiskState;
use serde::Serialize;

use super::{VERSION, View, health, unix_seconds};
use crate::meter::Measured;
use crate::pipeline::{Figures, State};

/// The whole sync. Sizes are in bytes, rates are those of the last seconds.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    name: &'a str,
    version: &'static str,
    started_unix_seconds: f64,
    uptime_seconds: f64,
    threads: usize,
    ready: bool,
    not_ready_because: Vec<String>,
    links: Vec<Link<'a>>,
}

#[derive(Debug, Serialize)]
struct Link<'a> {
    source: &'a str,
    state: &'static str,
    connected: bool,
    full_resyncs: u64,
    snapshot: Snapshot,
    commands: u64,
    commands_total: u64,
    commands_per_second: f64,
    received_offset: u64,
    received_bytes_per_second: f64,
    confirmed_offset: u64,
    confirmed_bytes_per_second: f64,
    behind_bytes: u64,
    unconfirmed_commands: u64,
    unconfirmed_bytes: u64,
    conflicts: u64,
    backlog: Backlog,
    holds: u64,
    holding: Option<Hold<'a>>,
}

/// The snapshot that is copied, or the last one that was.
#[derive(Debug, Serialize)]
struct Snapshot {
    /// The source prepares one that it has not begun to send.
    pending: bool,
    /// `null` where the source does not tell.
    length_bytes: Option<u64>,
    received_bytes: u64,
    applied_bytes: u64,
    applied_bytes_per_second: f64,
    keys: u64,
    keys_total: u64,
    keys_per_second: f64,
}

#[derive(Debug, Serialize)]
struct Backlog {
    memory_bytes: u64,
    /// Held on disk, not in memory.
    spilled_bytes: u64,
    /// The size of the files.
    disk_bytes: u64,
    /// `null` where memory is all there is.
    disk: Option<String>,
    /// Why the source is not read from; `null` while it is.
    full: Option<String>,
}

#[derive(Debug, Serialize)]
struct Hold<'a> {
    reason: &'a str,
    since_unix_seconds: f64,
    seconds: f64,
}

impl<'a> Page<'a> {
    pub(super) fn of(view: &'a View<'a>) -> Self {
        let not_ready_because = health::objections(view);
        Self {
            name: &view.facts.name,
            version: VERSION,
            started_unix_seconds: unix_seconds(view.facts.started),
            uptime_seconds: view.since(view.facts.started).as_secs_f64(),
            threads: view.facts.threads,
            ready: not_ready_because.is_empty(),
            not_ready_because,
            links: view.links.iter().map(|link| Link::of(link, view)).collect(),
        }
    }
}

impl<'a> Link<'a> {
    fn of(Measured { figures, rates }: &'a Measured, view: &View<'_>) -> Self {
        Self {
            source: &figures.node,
            state: state_name(figures.state),
            connected: figures.connected,
            full_resyncs: figures.snapshots,
            snapshot: Snapshot {
                pending: figures.snapshot_pending,
                length_bytes: figures.snapshot_len,
                received_bytes: figures.snapshot_received,
                applied_bytes: figures.snapshot_bytes,
                applied_bytes_per_second: rates.snapshot_bytes,
                keys: figures.keys,
                keys_total: figures.keys_total,
                keys_per_second: rates.keys,
            },
            commands: figures.commands,
            commands_total: figures.commands_total,
            commands_per_second: rates.commands,
            received_offset: figures.received_offset,
            received_bytes_per_second: rates.received_bytes,
            confirmed_offset: figures.confirmed_offset,
            confirmed_bytes_per_second: rates.confirmed_bytes,
            behind_bytes: figures.behind_bytes,
            unconfirmed_commands: figures.unconfirmed_commands,
            unconfirmed_bytes: figures.unconfirmed_bytes,
            conflicts: figures.conflicts,
            backlog: Backlog::of(figures),
            holds: figures.holds,
            holding: figures.holding.as_ref().map(|holding| Hold {
                reason: &holding.reason,
                since_unix_seconds: unix_seconds(holding.since),
                seconds: view.since(holding.since).as_secs_f64(),
            }),
        }
    }
}

impl Backlog {
    fn of(figures: &Figures) -> Self {
        let backlog = &figures.backlog;
        Self {
            memory_bytes: backlog.memory_bytes,
            spilled_bytes: backlog.spilled_bytes,
            disk_bytes: backlog.disk_bytes,
            disk: backlog.disk.map(disk_state),
            full: backlog.waiting().map(|waiting| waiting.to_string()),
        }
    }
}

fn disk_state(disk: DiskState) -> String {
    match disk {
        DiskState::Working => "working".to_owned(),
        DiskState::BudgetReached => "budget reached".to_owned(),
        DiskState::Failed(kind) => format!("failed: {kind}"),
        other => format!("{other:?}"),
    }
}

/// The name of a state on this page and among the metrics.
pub(super) fn state_name(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Snapshot => "snapshot",
        State::Stream => "stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::{facts, three_links};

    #[test]
    fn everything_that_is_known() {
        let facts = facts();
        let view = three_links(&facts);
        let page = serde_json::to_string_pretty(&Page::of(&view)).unwrap();
        insta::assert_snapshot!(page.replace(&format!("\"{VERSION}\""), "\"VERSION\""));
    }
}
