//! The metrics in Prometheus's text format, version 0.0.4.
//!
//! All of them are read at one moment, when somebody asks: a registry of live metrics would only be a copy of figures
//! that are kept already. What the format asks for is a few lines.

use std::fmt::Write;

use replica::DiskState;

use super::json::state_name;
use super::{VERSION, View, health, unix_seconds};
use crate::meter::Measured;
use crate::pipeline::{Figures, State};

/// What the format calls a metric that only grows, and one that does not.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

/// A metric of every link.
struct LinkMetric {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    /// Nothing where a link does not have it.
    value: fn(&Figures) -> Option<f64>,
}

/// The whole page.
pub(super) fn page(view: &View<'_>) -> String {
    let mut text = Text(String::new());
    whole(view, &mut text);
    text.family("shake_link_state", Kind::Gauge, "What the link is doing: 1 for one of the states, 0 for the others.");
    for link in &view.links {
        for state in [State::Starting, State::Snapshot, State::Stream] {
            let labels = [("source", link.figures.node.as_str()), ("state", state_name(state))];
            text.sample("shake_link_state", &labels, flag(link.figures.state == state));
        }
    }
    for metric in LINK_METRICS {
        each(view, &mut text, metric, |link| (metric.value)(&link.figures));
    }
    each(view, &mut text, &HOLDING_SECONDS, |link| {
        Some(link.figures.holding.as_ref().map_or(0.0, |holding| view.since(holding.since).as_secs_f64()))
    });
    text.0
}

/// What concerns the sync as a whole.
fn whole(view: &View<'_>, text: &mut Text) {
    let ready = health::objections(view).is_empty();
    let mut one = |name, help, labels: &[(&str, &str)], value| {
        text.family(name, Kind::Gauge, help);
        text.sample(name, labels, value);
    };
    let build = [("version", VERSION), ("name", view.facts.name.as_str())];
    one("shake_build_info", "Version of shake-cli and the name of the sync.", &build, 1.0);
    let started = unix_seconds(view.facts.started);
    one("shake_start_time_seconds", "When the process started, in Unix seconds.", &[], started);
    one("shake_threads", "Worker threads.", &[], view.facts.threads as f64);
    one("shake_links", "Source shards that are followed.", &[], view.links.len() as f64);
    one("shake_ready", "1 when every link follows its source and none holds.", &[], flag(ready));
}

fn each(view: &View<'_>, text: &mut Text, metric: &LinkMetric, value: impl Fn(&Measured) -> Option<f64>) {
    text.family(metric.name, metric.kind, metric.help);
    for link in &view.links {
        if let Some(value) = value(link) {
            text.sample(metric.name, &[("source", link.figures.node.as_str())], value);
        }
    }
}

/// The page as it grows. Writing to a string cannot fail.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if index == 0 { '{' } else { ',' }, escaped(text));
        }
        self.0.push_str(if labels.is_empty() { "" } else { "}" });
        let _ = writeln!(self.0, " {value}");
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

const fn counter(name: &'static str, help: &'static str, value: fn(&Figures) -> Option<f64>) -> LinkMetric {
    LinkMetric { name, kind: Kind::Counter, help, value }
}

const fn gauge(name: &'static str, help: &'static str, value: fn(&Figures) -> Option<f64>) -> LinkMetric {
    LinkMetric { name, kind: Kind::Gauge, help, value }
}

const HOLDING_SECONDS: LinkMetric =
    gauge("shake_link_holding_seconds", "For how long the link has been held up; 0 when it is not.", |_| None);

const LINK_METRICS: &[LinkMetric] = &[
    gauge("shake_link_connected", "1 while the source is connected.", |f| Some(flag(f.connected))),
    counter("shake_link_full_resyncs_total", "Full resyncs begun, the first one included.", |f| {
        Some(f.snapshots as f64)
    }),
    gauge("shake_link_snapshot_pending", "1 while the source prepares a snapshot.", |f| Some(flag(f.snapshot_pending))),
    gauge("shake_link_snapshot_length_bytes", "Length of the last snapshot, where the source told it.", |f| {
        f.snapshot_len.map(|len| len as f64)
    }),
    gauge("shake_link_snapshot_received_bytes", "Bytes of the last snapshot that were received.", |f| {
        Some(f.snapshot_received as f64)
    }),
    gauge("shake_link_snapshot_applied_bytes", "Bytes of the last snapshot that were turned into commands.", |f| {
        Some(f.snapshot_bytes as f64)
    }),
    counter("shake_link_keys_total", "Keys of snapshots that were sent to the target.", |f| Some(f.keys_total as f64)),
    counter("shake_link_commands_total", "Commands of the stream that were sent to the target.", |f| {
        Some(f.commands_total as f64)
    }),
    gauge("shake_link_unconfirmed_commands", "Commands that the target has not confirmed.", |f| {
        Some(f.unconfirmed_commands as f64)
    }),
    gauge("shake_link_unconfirmed_bytes", "Bytes of the commands that the target has not confirmed.", |f| {
        Some(f.unconfirmed_bytes as f64)
    }),
    gauge(
        "shake_link_received_offset_bytes",
        "Replication offset received from the source; 0 before the stream.",
        |f| Some(f.received_offset as f64),
    ),
    gauge(
        "shake_link_confirmed_offset_bytes",
        "Replication offset confirmed by the target; 0 before the stream.",
        |f| Some(f.confirmed_offset as f64),
    ),
    gauge("shake_link_behind_bytes", "Bytes received that the target has not confirmed.", |f| {
        Some(f.behind_bytes as f64)
    }),
    gauge("shake_link_behind_seconds", "Age of the oldest byte received that the target has not confirmed.", |f| {
        Some(f.behind_ms as f64 / 1000.0)
    }),
    counter("shake_link_skipped_total", "Commands over several slots that were left out, as configured.", |f| {
        Some(f.skipped as f64)
    }),
    counter(
        "shake_link_conflicts_total",
        "Conflicts conceded: commands sent again and taken for done, values removed from the target while they were built.",
        |f| Some(f.conflicts as f64),
    ),
    gauge("shake_link_backlog_memory_bytes", "Memory that the backlog uses.", |f| Some(f.backlog.memory_bytes as f64)),
    gauge("shake_link_backlog_spilled_bytes", "Bytes of the backlog that are on disk, not in memory.", |f| {
        Some(f.backlog.spilled_bytes as f64)
    }),
    gauge("shake_link_backlog_disk_bytes", "Size of the backlog's files.", |f| Some(f.backlog.disk_bytes as f64)),
    gauge(
        "shake_link_backlog_disk_working",
        "1 while the disk takes more of the backlog; absent without a disk.",
        |f| f.backlog.disk.map(|disk| flag(disk == DiskState::Working)),
    ),
    gauge("shake_link_backlog_full", "1 while the source is not read from because the backlog is full.", |f| {
        Some(flag(f.backlog.waiting_for_room))
    }),
    counter("shake_link_holds_total", "How often something at the target has stood in the way.", |f| {
        Some(f.holds as f64)
    }),
    gauge("shake_link_holding", "1 while something at the target stands in the way.", |f| {
        Some(flag(f.holding.is_some()))
    }),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::status::tests::{facts, three_links};

    #[test]
    fn the_page() {
        let facts = facts();
        let view = three_links(&facts);
        insta::assert_snapshot!(page(&view).replace(&format!("\"{VERSION}\""), "\"VERSION\""));
    }

    #[test]
    fn names_follow_the_conventions_and_no_series_comes_twice() {
        let facts = facts();
        let page = page(&three_links(&facts));
        let mut series = HashSet::new();
        for line in page.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').unwrap();
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<f64>().is_ok() && series.insert(name.to_owned()), "{line}");
            }
        }
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\\b\"c\nd"), r#"a\\b\"c\nd"#);
    }
}
