//! The progress lines.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::info;

use crate::logging::PROGRESS;
use crate::meter::Rates;
use crate::pipeline::{Figures, State, Watcher};
use crate::units::size;

/// Says for every shard how far it is, again and again.
pub struct Reporter {
    watcher: Watcher,
    /// The figures of the last report.
    last: Vec<Figures>,
    at: Instant,
}

impl Reporter {
    /// A reporter of what `watcher` sees.
    #[must_use]
    pub fn new(watcher: Watcher) -> Self {
        let last = watcher.figures();
        Self { watcher, last, at: Instant::now() }
    }

    /// Reports every so often, without end.
    pub async fn run(mut self, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let (now, elapsed) = (self.watcher.figures(), self.at.elapsed());
            self.at = Instant::now();
            for (index, figures) in now.iter().enumerate() {
                let before = self.last.get(index);
                let rates = before.map_or_else(Rates::default, |before| Rates::between(before, figures, elapsed));
                info!(target: PROGRESS, "{}", line(figures, rates));
            }
            self.last = now;
        }
    }
}

/// One line for one shard.
fn line(figures: &Figures, rates: Rates) -> String {
    let node = &figures.node;
    let mut line = match figures.state {
        State::Starting => format!("{node} waiting for the source's snapshot"),
        State::Snapshot => {
            format!("{node} snapshot {}, {} keys, {:.0} keys/s", share(figures), figures.keys, rates.keys)
        }
        State::Stream => format!(
            "{node} following, {} commands, {:.0}/s, {} behind, offset {}",
            figures.commands,
            rates.commands,
            size(figures.behind_bytes),
            figures.confirmed_offset
        ),
    };
    if !figures.connected {
        line.push_str(", source not connected");
    }
    if figures.backlog.waiting_for_room {
        line.push_str(", backlog full: not reading from the source");
    }
    if figures.skipped > 0 {
        line.push_str(&format!(", {} skipped", figures.skipped));
    }
    if figures.conflicts > 0 {
        line.push_str(&format!(", {} conflicts", figures.conflicts));
    }
    if let Some(holding) = &figures.holding {
        line.push_str(", holding: ");
        line.push_str(&holding.reason);
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
