//! The progress lines.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::info;

use crate::pipeline::{Figures, State, Watcher};

/// Says for every shard how far it is, again and again.
pub struct Reporter {
    watcher: Watcher,
    /// Commands and keys at the last report, by node.
    last: HashMap<String, u64>,
    at: Instant,
}

impl Reporter {
    /// A reporter of what `watcher` sees.
    #[must_use]
    pub fn new(watcher: Watcher) -> Self {
        Self { watcher, last: HashMap::new(), at: Instant::now() }
    }

    /// Reports every so often, without end.
    pub async fn run(mut self, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let elapsed = self.at.elapsed();
            self.at = Instant::now();
            for figures in self.watcher.figures() {
                let line = self.line(&figures, elapsed);
                info!("{line}");
            }
        }
    }

    fn line(&mut self, figures: &Figures, elapsed: Duration) -> String {
        let done = if figures.state == State::Stream { figures.commands } else { figures.keys };
        let before = self.last.insert(figures.node.clone(), done).filter(|&before| before <= done).unwrap_or(0);
        let rate = (done - before) as f64 / elapsed.as_secs_f64().max(0.001);
        line(figures, rate)
    }
}

/// One line for one shard; `rate` is keys or commands a second.
fn line(figures: &Figures, rate: f64) -> String {
    let node = &figures.node;
    let mut line = match figures.state {
        State::Starting => format!("{node} waiting for the source's snapshot"),
        State::Snapshot => format!("{node} snapshot {}, {} keys, {rate:.0} keys/s", share(figures), figures.keys),
        State::Stream => format!(
            "{node} following, {} commands, {rate:.0}/s, {} behind, offset {}",
            figures.commands,
            size(figures.behind_bytes),
            figures.confirmed_offset
        ),
    };
    if !figures.connected {
        line.push_str(", source not connected");
    }
    if figures.backlog_full {
        line.push_str(", backlog full: not reading from the source");
    }
    if figures.skipped > 0 {
        line.push_str(&format!(", {} skipped", figures.skipped));
    }
    if figures.conflicts > 0 {
        line.push_str(&format!(", {} conflicts when sent again", figures.conflicts));
    }
    if let Some(holding) = &figures.holding {
        line.push_str(", holding: ");
        line.push_str(holding);
    }
    line
}

/// How much of a snapshot was read: with its length when that is known.
fn share(figures: &Figures) -> String {
    let done = figures.snapshot_bytes;
    match figures.snapshot_len {
        Some(len) if len > 0 => format!("{} of {} ({} %)", size(done), size(len), done.saturating_mul(100) / len),
        _ => size(done),
    }
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}
