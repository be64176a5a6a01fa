//! The state of a sync over HTTP: for people, for scrapers, for probes.

mod health;
mod json;
mod pages;
mod prometheus;
mod server;
mod v3;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

pub use server::{ListenError, Server};

use crate::meter::{Measured, Meter};

/// What is known of a sync, from its start on.
#[derive(Debug)]
pub struct Status {
    facts: Facts,
    /// There is none before both sides have been looked at.
    meter: OnceLock<Arc<Meter>>,
}

/// What does not change while a sync runs.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The sync's name: `source>>target`.
    pub name: String,
    /// The source's address, as configured.
    pub source: String,
    /// Worker threads.
    pub threads: usize,
    /// When the process started.
    pub started: SystemTime,
}

/// Everything that a page is made of, of one moment.
struct View<'a> {
    facts: &'a Facts,
    links: Vec<Measured>,
    now: SystemTime,
}

impl Status {
    /// The status of a sync that has no links yet.
    #[must_use]
    pub fn new(facts: Facts) -> Self {
        Self { facts, meter: OnceLock::new() }
    }

    /// The links are there. Only the first call says so.
    pub fn follow(&self, meter: Arc<Meter>) {
        self.meter.get_or_init(|| meter);
    }

    fn view(&self) -> View<'_> {
        let links = self.meter.get().map(|meter| meter.links()).unwrap_or_default();
        View { facts: &self.facts, links, now: SystemTime::now() }
    }
}

impl View<'_> {
    fn since(&self, time: SystemTime) -> Duration {
        self.now.duration_since(time).unwrap_or_default()
    }
}

/// A point in time as Unix seconds.
fn unix_seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// What the program calls itself.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Rates;
    use crate::pipeline::{Figures, Holding, State};

    pub(super) fn facts() -> Facts {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
        Facts { name: "paris>>tokyo".to_owned(), source: "10.0.0.1:6379".to_owned(), threads: 4, started }
    }

    /// A link that copies, a link that follows, and one that holds.
    pub(super) fn three_links(facts: &Facts) -> View<'_> {
        let now = facts.started + Duration::from_secs(100);
        let copying = Figures {
            state: State::Snapshot,
            connected: true,
            snapshots: 1,
            snapshot_len: Some(1_000),
            snapshot_received: 900,
            snapshot_bytes: 250,
            keys: 10,
            keys_total: 10,
            unconfirmed_commands: 3,
            unconfirmed_bytes: 77,
            behind_bytes: 650,
            ..Figures::of("10.0.0.1:6379")
        };
        let following = Figures {
            state: State::Stream,
            connected: true,
            snapshots: 2,
            snapshot_received: 400,
            snapshot_bytes: 400,
            keys: 5,
            keys_total: 25,
            commands: 1_000,
            commands_total: 3_000,
            received_offset: 7_000,
            confirmed_offset: 6_900,
            behind_bytes: 100,
            ..Figures::of("10.0.0.2:6379")
        };
        let reason = "10.1.0.1:6379: OOM \"quoted\"; trying again in 50 ms".to_owned();
        let holding = Figures {
            node: "[::1]:6379".to_owned(),
            connected: false,
            holds: 4,
            holding: Some(Holding { reason, since: now - Duration::from_secs(12) }),
            ..following.clone()
        };
        let measured =
            |figures, keys, commands| Measured { figures, rates: Rates { keys, commands, ..Rates::default() } };
        let links = vec![measured(copying, 2.5, 0.0), measured(following, 0.0, 40.0), measured(holding, 0.0, 0.0)];
        View { facts, links, now }
    }

    /// The second of them alone.
    pub(super) fn one_link(facts: &Facts) -> View<'_> {
        let mut view = three_links(facts);
        view.links = vec![view.links.swap_remove(1)];
        view
    }
}
