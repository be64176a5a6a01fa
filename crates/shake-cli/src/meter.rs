//! How fast the links are.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::pipeline::{Figures, State, Watcher};

/// Looks at the links once a second, so that whoever asks gets rates beside the figures.
#[derive(Debug)]
pub struct Meter {
    watcher: Watcher,
    samples: Mutex<VecDeque<Sample>>,
}

#[derive(Debug)]
struct Sample {
    at: Instant,
    figures: Vec<Figures>,
}

/// The figures of one link, and how fast they grow.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The figures now.
    pub figures: Figures,
    /// How fast they have grown in the last seconds.
    pub rates: Rates,
}

/// How fast the figures of one link grow, each a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rates {
    /// Keys of a snapshot.
    pub keys: f64,
    /// Bytes of a snapshot.
    pub snapshot_bytes: f64,
    /// Commands of the stream.
    pub commands: f64,
    /// Bytes of the stream that were received.
    pub received_bytes: f64,
    /// Bytes of the stream that the target has confirmed.
    pub confirmed_bytes: f64,
}

impl Meter {
    /// A meter of what `watcher` sees.
    #[must_use]
    pub fn new(watcher: Watcher) -> Self {
        let meter = Self { watcher, samples: Mutex::default() };
        meter.sample();
        meter
    }

    /// Takes samples, without end.
    pub async fn run(&self) {
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.sample();
        }
    }

    fn sample(&self) {
        let sample = Sample { at: Instant::now(), figures: self.watcher.figures() };
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push_back(sample);
        if samples.len() > WINDOW {
            samples.pop_front();
        }
    }

    /// Every link as it is now.
    #[must_use]
    pub fn links(&self) -> Vec<Measured> {
        let figures = self.watcher.figures();
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = |(index, figures): (usize, Figures)| {
            let sample = samples.front();
            let before = sample.and_then(|sample| Some((sample.at, sample.figures.get(index)?)));
            let rates =
                before.map_or_else(Rates::default, |(at, before)| Rates::between(before, &figures, at.elapsed()));
            Measured { figures, rates }
        };
        figures.into_iter().enumerate().map(measured).collect()
    }
}

impl Rates {
    /// How fast a link's figures grew from `before` to `now`; nothing where the two do not compare.
    #[must_use]
    pub fn between(before: &Figures, now: &Figures, elapsed: Duration) -> Self {
        if before.node != now.node {
            return Self::default();
        }
        let per_second = |before: u64, now: u64| now.saturating_sub(before) as f64 / elapsed.as_secs_f64().max(LEAST);
        // Offsets of another history, or of none yet, have nothing to do with those of this one.
        let same_history = before.snapshots == now.snapshots;
        let in_stream = same_history && before.state == State::Stream && before.confirmed_offset > 0;
        let stream = |before, now| if in_stream { per_second(before, now) } else { 0.0 };
        Self {
            keys: per_second(before.keys_total, now.keys_total),
            snapshot_bytes: per_second(if same_history { before.snapshot_bytes } else { 0 }, now.snapshot_bytes),
            commands: per_second(before.commands_total, now.commands_total),
            received_bytes: stream(before.received_offset, now.received_offset),
            confirmed_bytes: stream(before.confirmed_offset, now.confirmed_offset),
        }
    }
}

/// How many samples there are: rates are those of so many seconds.
const WINDOW: usize = 5;

/// In less than this, in seconds, nothing can be told of a rate.
const LEAST: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_growth_over_time_within_one_history() {
        let at = |snapshots, commands_total, offset| Figures {
            state: State::Stream,
            snapshots,
            commands_total,
            received_offset: offset,
            confirmed_offset: offset,
            ..Figures::of("a:1")
        };
        let rates = Rates::between(&at(1, 10, 1_000), &at(1, 30, 5_000), Duration::from_secs(2));
        assert_eq!((rates.commands, rates.received_bytes, rates.confirmed_bytes), (10.0, 2_000.0, 2_000.0));
        let rates = Rates::between(&at(1, 10, 1_000), &at(2, 30, 5_000), Duration::from_secs(2));
        assert_eq!((rates.commands, rates.received_bytes), (10.0, 0.0), "another history has other offsets");
        let other = Figures::of("b:1");
        assert_eq!(Rates::between(&other, &at(1, 30, 5_000), Duration::from_secs(2)), Rates::default());
    }
}
