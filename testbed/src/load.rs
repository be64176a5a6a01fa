//! Writes of every kind, going on in the background.

mod operations;
mod script;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use self::{operations::FIELD_EXPIRY, script::Script};
use crate::{Endpoint, Error, Router, Unit, Value};

/// What a [`Load`] writes.
///
/// All writes are commands on keys of one hash slot (or a transaction of such), and no command touches a key
/// within a minute of its expiry, so that their outcome does not depend on when they are applied.
#[derive(Clone, Debug)]
pub struct LoadSpec {
    seed: u64,
    rate: u64,
    prefix: String,
    tags: u64,
}

impl LoadSpec {
    /// 1,000 operations per second on keys that begin with `load:`, the same sequence for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, rate: 1_000, prefix: "load:".to_owned(), tags: 64 }
    }

    /// Operations per second; 0 for as many as the servers take.
    #[must_use]
    pub fn rate(mut self, rate: u64) -> Self {
        self.rate = rate;
        self
    }

    /// What every key begins with: different loads on one cluster need different ones.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The number of hash tags, and so about the number of slots that are written to; 64 unless told otherwise.
    #[must_use]
    pub fn tags(mut self, tags: u64) -> Self {
        self.tags = tags.max(1);
        self
    }
}

/// A thread that writes until it is stopped. Dropping it stops it too.
///
/// It follows MOVED and ASK, reconnects, and holds while a cluster cannot be written to.
pub struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    writer: Option<JoinHandle<Result<Summary, Error>>>,
}

/// What a [`Load`] has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Operations: a transaction counts once.
    pub operations: u64,
    /// Commands, those in transactions included.
    pub commands: u64,
    /// Operations by their name.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Error replies by their text. A load that meets no trouble has none.
    pub errors: BTreeMap<String, u64>,
    /// From the first write to the last.
    pub elapsed: Duration,
}

impl Load {
    /// Starts writing.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub fn start(target: impl Into<Endpoint>, spec: LoadSpec) -> Result<Self, Error> {
        let mut router = Router::connect(target)?;
        router.set_patience(PATIENCE);
        let version = lowest_version(&mut router)?;
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writer =
            Writer { router, stop: Arc::clone(&stop), written: Arc::clone(&written), summary: Summary::default() };
        let handle = thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || writer.run(&spec, version))
            .map_err(Error::io("start the load's thread"))?;
        Ok(Self { stop, written, writer: Some(handle) })
    }

    /// Operations written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Stops writing and waits for the replies that are still out.
    ///
    /// # Errors
    /// When the load had given up before.
    pub fn stop(mut self) -> Result<Summary, Error> {
        self.stop.store(true, Ordering::Relaxed);
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(Error::Usage("the load's thread panicked".to_owned())),
            None => Ok(Summary::default()),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(writer) = self.writer.take() {
            // Whoever wants to hear how it went calls `stop`.
            let _ = writer.join();
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, commands, kinds, elapsed, .. } = self;
        let seconds = elapsed.as_secs_f64();
        write!(f, "{operations} operations of {} kinds ({commands} commands) in {seconds:.1} s", kinds.len())?;
        self.errors.iter().try_for_each(|(text, count)| write!(f, "\n  {count} x {text}"))
    }
}

/// The thread's side.
struct Writer {
    router: Router,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    summary: Summary,
}

impl Writer {
    fn run(mut self, spec: &LoadSpec, version: u32) -> Result<Summary, Error> {
        let mut script = Script::new(spec.seed, &spec.prefix, spec.tags, version);
        let started = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            let due = if spec.rate == 0 { BATCH } else { self.due(spec.rate, started.elapsed()) };
            if due == 0 {
                thread::sleep(TICK);
                continue;
            }
            self.write(&mut script, due.min(BATCH))?;
            self.summary.elapsed = started.elapsed();
        }
        Ok(self.summary)
    }

    /// How many operations the rate is ahead of what was written.
    fn due(&self, rate: u64, elapsed: Duration) -> u64 {
        let wanted = u128::from(rate) * elapsed.as_millis() / 1_000;
        u64::try_from(wanted).unwrap_or(u64::MAX).saturating_sub(self.summary.operations)
    }

    fn write(&mut self, script: &mut Script, count: u64) -> Result<(), Error> {
        let units: Vec<Unit> = (0..count)
            .map(|_| {
                let (name, unit) = script.next_operation();
                *self.summary.kinds.entry(name).or_default() += 1;
                unit
            })
            .collect();
        for replies in self.router.run(&units)? {
            self.summary.commands += u64::try_from(replies.len()).unwrap_or(0);
            replies.iter().for_each(|reply| count_errors(reply, &mut self.summary.errors));
        }
        self.summary.operations += count;
        self.written.store(self.summary.operations, Ordering::Relaxed);
        Ok(())
    }
}

/// Also those within the reply of a transaction.
fn count_errors(reply: &Value, errors: &mut BTreeMap<String, u64>) {
    if let Some(text) = reply.error() {
        *errors.entry(text.to_owned()).or_default() += 1;
    }
    reply.items().iter().for_each(|item| count_errors(item, errors));
}

/// The version that all primaries have at least, as major * 100 + minor: which commands can be used.
fn lowest_version(router: &mut Router) -> Result<u32, Error> {
    let mut lowest = u32::MAX;
    for addr in router.primaries() {
        let conn = router.conn(addr)?;
        let text = conn.info("redis_version")?;
        let mut numbers = text.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
        let claimed = numbers.next().unwrap_or(0) * 100 + numbers.next().unwrap_or(0);
        // Valkey 9 claims to be redis 7.2, but has this from redis 8.0.
        let known = conn.call("COMMAND INFO HSETEX")?;
        let has_field_expiry = known.items().first().is_some_and(|item| !item.items().is_empty());
        lowest = lowest.min(if has_field_expiry { claimed.max(FIELD_EXPIRY) } else { claimed });
    }
    Ok(lowest)
}

/// For how long a cluster may be unwritable before the load gives up.
const PATIENCE: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(5);
const BATCH: u64 = 200;
