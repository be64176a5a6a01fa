//! Data of every type and encoding, the same for the same seed.

mod kinds;

use std::time::{Duration, Instant};

use self::kinds::KINDS;
use crate::{Command, Endpoint, Error, Random, Router, Unit, cmd};

/// A set of keys of all types, small and large, some of them with an expiry.
///
/// The same seed gives the same keys and values. Expiries are relative to the time of filling; those that are
/// meant to last do so for hours.
#[derive(Clone, Debug)]
pub struct Dataset {
    seed: u64,
    keys: usize,
    prefix: String,
    short_lived: bool,
    field_expiry: bool,
}

/// What [`Dataset::fill`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// Keys written.
    pub keys: usize,
    /// Commands that it took.
    pub commands: usize,
    /// How long it took.
    pub elapsed: Duration,
}

impl Dataset {
    /// 10,000 keys that begin with `data:`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, keys: 10_000, prefix: "data:".to_owned(), short_lived: true, field_expiry: false }
    }

    /// The number of keys.
    #[must_use]
    pub fn keys(mut self, keys: usize) -> Self {
        self.keys = keys;
        self
    }

    /// What every key begins with.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Whether one key in a hundred is to expire within three seconds; on by default.
    #[must_use]
    pub fn short_lived(mut self, short_lived: bool) -> Self {
        self.short_lived = short_lived;
        self
    }

    /// Whether some hashes have fields with an expiry (redis 7.4, valkey 9.0 and later); off by default.
    #[must_use]
    pub fn field_expiry(mut self, field_expiry: bool) -> Self {
        self.field_expiry = field_expiry;
        self
    }

    /// Writes all keys.
    ///
    /// # Errors
    /// When a server cannot be reached or refuses a command.
    pub fn fill(&self, target: impl Into<Endpoint>) -> Result<Filled, Error> {
        let started = Instant::now();
        let mut router = Router::connect(target)?;
        let mut commands = 0;
        let mut batch = Vec::with_capacity(BATCH);
        for index in 0..self.keys {
            let unit = self.unit(index);
            commands += unit.commands.len();
            batch.push(unit);
            if batch.len() == BATCH || index + 1 == self.keys {
                run_all(&mut router, &batch)?;
                batch.clear();
            }
        }
        Ok(Filled { keys: self.keys, commands, elapsed: started.elapsed() })
    }

    /// The name of a key by its number.
    #[must_use]
    pub fn key(&self, index: usize) -> String {
        format!("{}{index}", self.prefix)
    }

    /// The commands that make one key. They depend on the seed and the key's number alone.
    fn unit(&self, index: usize) -> Unit {
        let key = self.key(index);
        let number = u64::try_from(index).unwrap_or(u64::MAX);
        let mut random = Random::new(self.seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut commands = KINDS.get(index % KINDS.len()).map(|make| make(&mut random, &key)).unwrap_or_default();
        if self.field_expiry && commands.first().is_some_and(|first| first.name() == "HSET") {
            commands.push(cmd("HPEXPIRE").arg(&key).arg(HOUR_MS).arg("FIELDS").arg(1).arg("field:0"));
        }
        commands.extend(self.expiry(&mut random, &key));
        Unit { commands, ..Unit::new(key, cmd("PING")) }
    }

    fn expiry(&self, random: &mut Random, key: &str) -> Option<Command> {
        let ms = match random.below(100) {
            0 if self.short_lived => 1 + random.below(3_000),
            1..=20 => HOUR_MS + random.below(47 * HOUR_MS),
            _ => return None,
        };
        Some(cmd("PEXPIRE").arg(key).arg(ms))
    }
}

fn run_all(router: &mut Router, units: &[Unit]) -> Result<(), Error> {
    for (unit, replies) in units.iter().zip(router.run(units)?) {
        for (command, reply) in unit.commands.iter().zip(replies) {
            reply.into_result(&command.summary())?;
        }
    }
    Ok(())
}

const HOUR_MS: u64 = 3_600_000;
const BATCH: usize = 500;
