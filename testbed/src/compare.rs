//! Whether two clusters hold the same data, key by key.

mod diff;
mod functions;
mod logical;
mod side;

use std::{
    collections::HashSet,
    thread,
    time::{Duration, Instant},
};

pub use self::diff::{Diff, Difference};
use self::{diff::Judge, side::Side};
use crate::{Endpoint, Error};

/// Compares all keys and functions of two clusters or servers. Keys that begin with `shake:` are left out.
///
/// # Errors
/// When a server cannot be reached.
pub fn compare(a: impl Into<Endpoint>, b: impl Into<Endpoint>) -> Result<Diff, Error> {
    Comparison::default().run(a, b)
}

/// Compares again and again until both are equal.
///
/// # Errors
/// [`Error::Timeout`], with the first differences, when they are not equal in time.
pub fn wait_equal(a: impl Into<Endpoint>, b: impl Into<Endpoint>, timeout: Duration) -> Result<Diff, Error> {
    Comparison::default().wait_equal(a, b, timeout)
}

/// How to compare.
///
/// The types must be equal, the values (encodings and the order of sets and hashes do not count; scores count to
/// the last bit, streams with their counters, groups, consumers and pending entries), and the expiries: to the
/// millisecond where both servers tell them (redis 7.0 and later). How many entries a group has read is compared where
/// the stream of commands tells it (see [`Comparison::of_snapshots`]). Function libraries that any primary of the first
/// side has belong on every primary of the second.
///
/// A difference is looked at twice, so that keys which expire or change in between are not reported by mistake.
#[derive(Clone, Debug)]
pub struct Comparison {
    ignored_prefixes: Vec<Vec<u8>>,
    only_prefix: Vec<u8>,
    of_snapshots: bool,
    examples: usize,
    most_differences: usize,
    expiry_tolerance: Duration,
}

impl Default for Comparison {
    fn default() -> Self {
        Self {
            ignored_prefixes: vec![b"shake:".to_vec()],
            only_prefix: Vec::new(),
            of_snapshots: false,
            examples: 10,
            most_differences: usize::MAX,
            expiry_tolerance: Duration::ZERO,
        }
    }
}

impl Comparison {
    /// Leaves out keys with this prefix too.
    #[must_use]
    pub fn ignore_prefix(mut self, prefix: impl AsRef<[u8]>) -> Self {
        self.ignored_prefixes.push(prefix.as_ref().to_vec());
        self
    }

    /// Looks at keys with this prefix alone.
    #[must_use]
    pub fn only_prefix(mut self, prefix: impl AsRef<[u8]>) -> Self {
        self.only_prefix = prefix.as_ref().to_vec();
        self
    }

    /// For data that came with a snapshot and was not touched since: how many entries a group has read is compared
    /// also where the source's stream of commands does not tell it (redis before 7.4).
    #[must_use]
    pub fn of_snapshots(mut self) -> Self {
        self.of_snapshots = true;
        self
    }

    /// Stops when so many differences have been found.
    #[must_use]
    pub fn most_differences(mut self, most: usize) -> Self {
        self.most_differences = most;
        self
    }

    /// Calls expiries equal that are no further apart: for sources that send relative ones (before redis 7.0).
    #[must_use]
    pub fn expiry_tolerance(mut self, tolerance: Duration) -> Self {
        self.expiry_tolerance = tolerance;
        self
    }

    /// Compares all keys and functions, from `a` to `b` and from `b` to `a`.
    ///
    /// # Errors
    /// When a server cannot be reached.
    pub fn run(&self, a: impl Into<Endpoint>, b: impl Into<Endpoint>) -> Result<Diff, Error> {
        let (mut a, mut b) = (Side::connect(a)?, Side::connect(b)?);
        let judge = Judge::new(&a, &b, self.expiry_tolerance, self.of_snapshots);
        let mut diff = Diff::default();
        let mut seen = HashSet::new();
        let mut cursor = a.cursor();
        while let Some(mut keys) = a.next_keys(&mut cursor)? {
            // A scan may return a key twice.
            keys.retain(|key| !self.is_ignored(key) && seen.insert(key.clone()));
            self.judge(&judge, &mut a, &mut b, &keys, &mut diff)?;
        }
        diff.keys = seen.len();
        let mut cursor = b.cursor();
        while let Some(mut keys) = b.next_keys(&mut cursor)? {
            keys.retain(|key| !self.is_ignored(key) && !seen.contains(key));
            self.judge(&judge, &mut a, &mut b, &keys, &mut diff)?;
        }
        for difference in functions::differences(&mut a, &mut b)? {
            diff.add(difference, self.examples);
        }
        Ok(diff)
    }

    /// Compares again and again until both are equal.
    ///
    /// # Errors
    /// [`Error::Timeout`], with the first differences, when they are not equal in time.
    pub fn wait_equal(&self, a: impl Into<Endpoint>, b: impl Into<Endpoint>, timeout: Duration) -> Result<Diff, Error> {
        let (a, b) = (a.into(), b.into());
        let deadline = Instant::now() + timeout;
        let brief = self.clone().most_differences(self.examples.max(1));
        loop {
            let diff = brief.run(&a, &b)?;
            if diff.is_equal() {
                return Ok(diff);
            }
            if Instant::now() > deadline {
                let diff = self.run(&a, &b)?;
                return if diff.is_equal() { Ok(diff) } else { Err(Error::Timeout(format!("equal data: {diff}"))) };
            }
            thread::sleep(PAUSE);
        }
    }

    fn judge(&self, judge: &Judge, a: &mut Side, b: &mut Side, keys: &[Vec<u8>], diff: &mut Diff) -> Result<(), Error> {
        if keys.is_empty() || diff.total() >= self.most_differences {
            return Ok(());
        }
        let mut doubtful = side::unequal_dumps(judge, a, b, keys)?;
        let mut differences = Vec::new();
        for _look in 0..2 {
            differences = side::differences(judge, a, b, &doubtful)?;
            doubtful = differences.iter().map(|difference| difference.key.clone()).collect();
        }
        for difference in differences {
            diff.add(difference, self.examples);
        }
        Ok(())
    }

    fn is_ignored(&self, key: &[u8]) -> bool {
        !key.starts_with(&self.only_prefix) || self.ignored_prefixes.iter().any(|prefix| key.starts_with(prefix))
    }
}

/// Between two looks at clusters that are not equal yet.
const PAUSE: Duration = Duration::from_millis(100);
