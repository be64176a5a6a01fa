//! The thread's side of a ledger.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    courier::{Courier, Outcome},
    operation::Operation,
    possible::Possible,
    reading,
    records::Records,
    script::Script,
};
use crate::{Endpoint, Error, Unit};

/// Writes, and keeps account. Of each hash tag one operation at most is on its way: what is acknowledged is in order.
pub(super) struct Writer {
    courier: Courier,
    script: Script,
    records: Records,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    written: u64,
}

/// An operation on its way, and its hash tag.
struct Errand {
    tag: usize,
    operation: Operation,
    unit: Unit,
}

impl Writer {
    pub(super) fn connect(
        source: Endpoint,
        script: Script,
        records: Records,
        stop: Arc<AtomicBool>,
        acknowledged: Arc<AtomicU64>,
    ) -> Result<Self, Error> {
        Ok(Self { courier: Courier::connect(source)?, script, records, stop, acknowledged, written: 0 })
    }

    pub(super) fn run(mut self, rate: u64) -> Result<Records, Error> {
        let mut begun = Instant::now();
        let mut before = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let due = u128::from(rate) * begun.elapsed().as_millis() / 1_000;
            let due = u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(self.written - before);
            if due == 0 {
                thread::sleep(TICK);
                continue;
            }
            if due > rate {
                // Behind by more than a second: what could not be written then is not made up for.
                (begun, before) = (Instant::now(), self.written);
            }
            self.write(usize::try_from(due).unwrap_or(BATCH).min(BATCH))?;
        }
        Ok(self.records)
    }

    /// Writes so many operations on different tags, and settles each of them.
    fn write(&mut self, count: usize) -> Result<(), Error> {
        let mut errands = self.errands(count.min(self.records.tags.len()));
        self.written += u64::try_from(errands.len()).unwrap_or(0);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let last = self.deliver(&mut errands)?;
            let Some(last) = last.filter(|_| !self.stop.load(Ordering::Relaxed)) else { return Ok(()) };
            if Instant::now() > deadline {
                return Err(Error::Timeout(format!("the source to take writes: {last}")));
            }
            thread::sleep(RETRY_PAUSE);
            self.courier.refresh();
        }
    }

    fn errands(&mut self, count: usize) -> Vec<Errand> {
        let tags = self.records.tags.len();
        let start = self.script.start_among(tags);
        let errand = |index| {
            let (tag, operation) = ((start + index) % tags, self.script.next_operation());
            let unit = operation.unit(&self.records.home(tag));
            Errand { tag, operation, unit }
        };
        (0..count).map(errand).collect()
    }

    /// Sends everything, and leaves what was refused; the last reason for that.
    fn deliver(&mut self, errands: &mut Vec<Errand>) -> Result<Option<String>, Error> {
        let units: Vec<Unit> = errands.iter().map(|errand| errand.unit.clone()).collect();
        let outcomes = self.courier.send(&units);
        let mut refused = Vec::new();
        let mut reason = None;
        for (errand, outcome) in errands.drain(..).zip(outcomes) {
            match outcome {
                Outcome::Answered(replies) => self.answered(&errand, &replies)?,
                Outcome::Unanswered => self.unanswered(&errand)?,
                Outcome::Refused(why) => {
                    reason = Some(why);
                    refused.push(errand);
                }
            }
        }
        *errands = refused;
        self.acknowledged.store(self.records.acknowledged, Ordering::Relaxed);
        Ok(reason)
    }

    fn answered(&mut self, errand: &Errand, replies: &[crate::Value]) -> Result<(), Error> {
        self.records.acknowledged += 1;
        let Some(possible) = self.records.tags.get_mut(errand.tag) else { return Ok(()) };
        if possible.answered(&errand.operation, replies) {
            return Ok(());
        }
        self.records.forgotten += 1;
        self.read(errand.tag)
    }

    fn unanswered(&mut self, errand: &Errand) -> Result<(), Error> {
        self.records.unanswered += 1;
        let Some(possible) = self.records.tags.get_mut(errand.tag) else { return Ok(()) };
        possible.unanswered(&errand.operation);
        if possible.states().len() > MOST_POSSIBLE { self.read(errand.tag) } else { Ok(()) }
    }

    /// What the source holds is what counts.
    fn read(&mut self, tag: usize) -> Result<(), Error> {
        let state = reading::read(self.courier.router(), &[self.records.home(tag)])?.pop();
        if let (Some(possible), Some(state)) = (self.records.tags.get_mut(tag), state) {
            *possible = Possible::only(state);
        }
        Ok(())
    }
}

/// For how long a source may be unwritable before the ledger gives up.
const PATIENCE: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(2);
const RETRY_PAUSE: Duration = Duration::from_millis(50);
const BATCH: usize = 100;

/// Beyond that the source is asked.
const MOST_POSSIBLE: usize = 64;
