//! How long to wait before trying again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// Waits that double from a tenth of a second to five seconds, each shortened at random by up to a half, so that many
/// links that lost the same node do not come back at the same moment.
///
/// The first try is made at once: a slot that moved is usually served by its new node already.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The wait before the next try.
    pub(crate) fn next(&mut self) -> Duration {
        self.attempts += 1;
        match self.attempts.checked_sub(2) {
            None => Duration::ZERO,
            Some(doublings) => jittered((FIRST * 2u32.pow(doublings.min(6))).min(LONGEST)),
        }
    }

    /// How many tries there were since the last success.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Something went through.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

fn jittered(wait: Duration) -> Duration {
    // A fresh `RandomState` is seeded at random: enough for spreading retries, and no dependency.
    let random = RandomState::new().hash_one(0u8);
    wait - wait.mul_f64((random % 1000) as f64 / 2000.0)
}

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_once_then_longer_and_longer_up_to_five_seconds() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(), Duration::ZERO);
        for attempt in 0..20 {
            let (wait, full) = (backoff.next(), (FIRST * 2u32.pow(attempt.min(6))).min(LONGEST));
            assert!(wait <= full && wait >= full / 2, "attempt {attempt}: {wait:?} of {full:?}");
        }
        backoff.reset();
        assert_eq!((backoff.attempts(), backoff.next()), (0, Duration::ZERO));
    }
}
