//! What `RedisShake` v3 serves at its `metrics_port`, field by field (its `internal/statistics/statistics.go`).

use serde::Serialize;

use super::View;
use crate::meter::Measured;
use crate::pipeline::State;

/// One object, as v3 has it. A sync of several links sums them up in it, so that differences and totals are right, and
/// lists them behind it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Metrics {
    address: String,
    /// v3 numbers entries from 0, and tells the last one's number.
    entry_id: u64,
    allow_entries_count: u64,
    disallow_entries_count: u64,
    is_doing_bgsave: bool,
    rdb_file_size: u64,
    rdb_received_size: u64,
    rdb_send_size: u64,
    aof_received_offset: u64,
    aof_applied_offset: u64,
    in_queue_entries_count: u64,
    unanswered_bytes_count: u64,
    scan_db_id: u64,
    scan_cursor: u64,
    msg: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Metrics>,
}

/// What v3's message speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Bgsave,
    Rdb,
    Aof,
}

impl Metrics {
    pub(super) fn of(view: &View<'_>) -> Self {
        let mut links: Vec<Self> = view.links.iter().map(Self::of_link).collect();
        let mut metrics = match links.len() {
            1 => links.pop().unwrap_or_default(),
            _ => Self::of_links(view, links),
        };
        metrics.address.clone_from(&view.facts.source);
        metrics
    }

    fn of_link(link: &Measured) -> Self {
        let figures = &link.figures;
        let entries = figures.keys_total + figures.commands_total;
        let metrics = Self {
            address: figures.node.clone(),
            entry_id: entries.saturating_sub(1),
            allow_entries_count: entries,
            is_doing_bgsave: figures.snapshot_pending,
            // A source that streams its snapshot does not tell how long it is.
            rdb_file_size: figures.snapshot_len.unwrap_or(figures.snapshot_received.max(figures.snapshot_bytes)),
            rdb_received_size: figures.snapshot_received,
            rdb_send_size: figures.snapshot_bytes,
            aof_received_offset: figures.received_offset,
            aof_applied_offset: figures.confirmed_offset,
            in_queue_entries_count: figures.unconfirmed_commands,
            unanswered_bytes_count: figures.unconfirmed_bytes,
            ..Self::default()
        };
        Self { msg: metrics.message(Doing::of(figures.state), entries_per_second(link)), ..metrics }
    }

    fn of_links(view: &View<'_>, links: Vec<Self>) -> Self {
        let sum = |field: fn(&Self) -> u64| links.iter().map(field).sum::<u64>();
        let metrics = Self {
            entry_id: sum(|link| link.allow_entries_count).saturating_sub(1),
            allow_entries_count: sum(|link| link.allow_entries_count),
            is_doing_bgsave: links.iter().any(|link| link.is_doing_bgsave),
            rdb_file_size: sum(|link| link.rdb_file_size),
            rdb_received_size: sum(|link| link.rdb_received_size),
            rdb_send_size: sum(|link| link.rdb_send_size),
            aof_received_offset: sum(|link| link.aof_received_offset),
            aof_applied_offset: sum(|link| link.aof_applied_offset),
            in_queue_entries_count: sum(|link| link.in_queue_entries_count),
            unanswered_bytes_count: sum(|link| link.unanswered_bytes_count),
            ..Self::default()
        };
        let rate = view.links.iter().map(entries_per_second).sum();
        Self { msg: metrics.message(Doing::of_links(&view.links), rate), links, ..metrics }
    }

    /// v3's sentence, for those who read it by machine.
    fn message(&self, doing: Doing, ops: f64) -> String {
        const GIB: f64 = (1 << 30) as f64;
        let entries = format!(
            "allowOps=[{ops:.2}], disallowOps=[0.00], entryId=[{}], InQueueEntriesCount=[{}], \
             unansweredBytesCount=[{}]bytes",
            self.entry_id, self.in_queue_entries_count, self.unanswered_bytes_count
        );
        match doing {
            Doing::Bgsave => "source db is doing bgsave".to_owned(),
            Doing::Rdb => format!(
                "syncing rdb. percent=[{:.2}]%, {entries}, rdbFileSize=[{:.3}]G, rdbSendSize=[{:.3}]G",
                self.rdb_send_size as f64 * 100.0 / self.rdb_file_size.max(1) as f64,
                self.rdb_file_size as f64 / GIB,
                self.rdb_send_size as f64 / GIB
            ),
            Doing::Aof => format!(
                "syncing aof. {entries}, diff=[{}], aofReceivedOffset=[{}], aofAppliedOffset=[{}]",
                self.aof_received_offset.saturating_sub(self.aof_applied_offset),
                self.aof_received_offset,
                self.aof_applied_offset
            ),
        }
    }
}

impl Doing {
    fn of(state: State) -> Self {
        match state {
            State::Starting => Self::Bgsave,
            State::Snapshot => Self::Rdb,
            State::Stream => Self::Aof,
        }
    }

    /// The links copy as long as one of them does.
    fn of_links(links: &[Measured]) -> Self {
        let all = |state| links.iter().all(|link| link.figures.state == state);
        if all(State::Starting) {
            Self::Bgsave
        } else if all(State::Stream) {
            Self::Aof
        } else {
            Self::Rdb
        }
    }
}

fn entries_per_second(link: &Measured) -> f64 {
    link.rates.keys + link.rates.commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::{facts, one_link, three_links};

    fn json(view: &View<'_>) -> String {
        serde_json::to_string_pretty(&Metrics::of(view)).unwrap()
    }

    #[test]
    fn one_link_is_exactly_what_v3_says() {
        let facts = facts();
        insta::assert_snapshot!(json(&one_link(&facts)));
    }

    #[test]
    fn several_links_are_summed_up_and_listed() {
        let facts = facts();
        insta::assert_snapshot!(json(&three_links(&facts)));
    }

    #[test]
    fn a_sync_that_has_not_begun_has_zeros() {
        let facts = facts();
        let shown = json(&View { links: vec![], ..one_link(&facts) });
        assert!(shown.contains(r#""msg": "source db is doing bgsave""#) && !shown.contains("links"), "{shown}");
    }
}
