//! The account of a ledger.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    possible::Possible,
    reading,
    verdict::{self, Verdict},
};
use crate::{Endpoint, Error, Router};

/// What a source has acknowledged, and so what it and every copy of it must hold.
#[derive(Clone, Debug)]
pub struct Records {
    prefix: String,
    pub(super) tags: Vec<Possible>,
    pub(super) acknowledged: u64,
    pub(super) unanswered: u64,
    pub(super) forgotten: u64,
}

impl Records {
    pub(super) fn new(prefix: String, tags: usize) -> Self {
        Self { prefix, tags: vec![Possible::default(); tags], acknowledged: 0, unanswered: 0, forgotten: 0 }
    }

    /// Operations that were acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Operations whose answers were lost: each may have happened or not.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// How often a source's answer showed that it had forgotten what it had acknowledged, as a failover may make it.
    /// Its keys of that hash tag were read then, and what they held is what counts from there on.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Looks at what a cluster holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn verify(&self, cluster: impl Into<Endpoint>) -> Result<Verdict, Error> {
        let mut verdict = Verdict::default();
        let mut router = Router::connect(cluster)?;
        let homes = self.homes();
        for (homes, tags) in homes.chunks(BATCH).zip(self.tags.chunks(BATCH)) {
            let states = reading::read(&mut router, homes)?;
            for ((home, possible), found) in homes.iter().zip(tags).zip(&states) {
                verdict.keys += found.0.len();
                verdict.findings.extend(verdict::findings(home, possible.states(), found));
            }
        }
        Ok(verdict)
    }

    /// Looks again and again until everything is there exactly once and in order.
    ///
    /// # Errors
    /// [`Error::Timeout`], with the last verdict, when it is not so in time.
    pub fn wait_exact(&self, cluster: impl Into<Endpoint>, timeout: Duration) -> Result<Verdict, Error> {
        let cluster = cluster.into();
        let deadline = Instant::now() + timeout;
        loop {
            let verdict = self.verify(&cluster)?;
            if verdict.is_exact() {
                return Ok(verdict);
            }
            if Instant::now() > deadline {
                return Err(Error::Timeout(format!("exact data: {verdict}")));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Reads the source, and takes what it holds for what counts: after a failover that has lost what was
    /// acknowledged, and where several outcomes are possible.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn settle(&mut self, source: impl Into<Endpoint>) -> Result<(), Error> {
        let mut router = Router::connect(source)?;
        let homes = self.homes();
        for (homes, tags) in homes.chunks(BATCH).zip(self.tags.chunks_mut(BATCH)) {
            let states = reading::read(&mut router, homes)?;
            tags.iter_mut().zip(states).for_each(|(tag, state)| *tag = Possible::only(state));
        }
        Ok(())
    }

    /// What the keys of a hash tag begin with.
    pub(super) fn home(&self, tag: usize) -> String {
        format!("{}{{{tag}}}", self.prefix)
    }

    fn homes(&self) -> Vec<String> {
        (0..self.tags.len()).map(|tag| self.home(tag)).collect()
    }
}

const BATCH: usize = 50;

/// Between two looks at a cluster that is not exact yet.
const PAUSE: Duration = Duration::from_millis(100);
