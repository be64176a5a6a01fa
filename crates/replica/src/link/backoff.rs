use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Doubling delays between attempts, each shortened at random so that many links do not come back in step.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The delay before the next attempt: half to all of 100 ms, 200 ms ... 5 s.
    pub(super) fn next(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.attempts.min(MOST_DOUBLINGS)).min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        full.mul_f64(0.5 + random_fraction() / 2.0)
    }

    /// Forgets the failures so far.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// A number from 0 to 1. Hash maps are seeded from the system's randomness, and that is good enough for jitter.
fn random_fraction() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// 100 ms doubled so many times is beyond the longest delay.
const MOST_DOUBLINGS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_five_seconds() {
        let mut backoff = Backoff::default();
        for full in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            let delay = backoff.next();
            let full = Duration::from_millis(full);
            assert!(full / 2 <= delay && delay <= full, "{delay:?} of {full:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
