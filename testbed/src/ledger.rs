//! Writes that tell afterwards what was lost, doubled or put out of order on the way to another cluster.

mod courier;
mod key;
mod operation;
mod possible;
mod reading;
mod records;
mod script;
mod state;
mod step;
mod verdict;
mod writer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

pub use self::{
    records::Records,
    verdict::{Finding, Trouble, Verdict},
};
use self::{script::Script, writer::Writer};
use crate::{Endpoint, Error};

/// What a [`Ledger`] writes.
#[derive(Clone, Debug)]
pub struct LedgerSpec {
    seed: u64,
    rate: u64,
    prefix: String,
    tags: usize,
}

impl LedgerSpec {
    /// 1,000 operations per second on keys that begin with `ledger:`, the same sequence for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, rate: 1_000, prefix: "ledger:".to_owned(), tags: 200 }
    }

    /// Operations per second.
    #[must_use]
    pub fn rate(mut self, rate: u64) -> Self {
        self.rate = rate.max(1);
        self
    }

    /// What every key begins with: different ledgers on one cluster need different ones.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The number of hash tags, and so about the number of slots that are written to; 200 unless told otherwise.
    #[must_use]
    pub fn tags(mut self, tags: usize) -> Self {
        self.tags = tags.max(1);
        self
    }
}

/// A thread that writes what must be applied exactly once and in order, and keeps account of it.
///
/// Every item of a list, a stream or an appended text has a number; counters count; keys of several types are set,
/// counted, deleted and set again. What the source answers settles what it holds. An operation whose answer was lost
/// may have happened or not, until a later answer tells.
///
/// The thread follows MOVED, reconnects, and holds while the source cannot be written to. A node that stands still for
/// longer than 20 seconds without being replaced would spoil the account: what it was sent could happen late.
pub struct Ledger {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    writer: Option<JoinHandle<Result<Records, Error>>>,
}

impl Ledger {
    /// Begins to write, on keys that nobody else uses and that do not exist yet.
    ///
    /// # Errors
    /// When the source cannot be reached.
    pub fn start(source: impl Into<Endpoint>, spec: LedgerSpec) -> Result<Self, Error> {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let script = Script::new(spec.seed);
        let records = Records::new(spec.prefix, spec.tags);
        let writer = Writer::connect(source.into(), script, records, Arc::clone(&stop), Arc::clone(&acknowledged))?;
        let writer = thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer.run(spec.rate))
            .map_err(Error::io("start the ledger's thread"))?;
        Ok(Self { stop, acknowledged, writer: Some(writer) })
    }

    /// Operations acknowledged so far.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Stops writing, and waits for the answers that are still out.
    ///
    /// # Errors
    /// When the writer had given up before.
    pub fn stop(mut self) -> Result<Records, Error> {
        self.stop.store(true, Ordering::Relaxed);
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) | None => Err(Error::Usage("the ledger's thread panicked".to_owned())),
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            // Whoever wants to hear how it went calls `stop`.
            let _ = writer.join();
        }
    }
}
