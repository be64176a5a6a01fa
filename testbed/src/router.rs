//! All primaries of a cluster behind one call.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use crate::{Command, Conn, Endpoint, Error, SLOTS, Value, slot_of};

/// Commands for one slot that are sent together, in order, over one connection.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The hash slot of every key in it.
    pub slot: u16,
    /// The commands; a transaction with its MULTI and EXEC.
    pub commands: Vec<Command>,
}

impl Unit {
    /// One command on one key.
    pub fn new(key: impl AsRef<[u8]>, command: Command) -> Self {
        Self { slot: slot_of(key.as_ref()), commands: vec![command] }
    }
}

/// A blocking client of a whole cluster, or of a single server.
pub struct Router {
    endpoint: Endpoint,
    owners: BTreeMap<u16, SocketAddr>,
    conns: BTreeMap<SocketAddr, Conn>,
    patience: Duration,
}

impl Router {
    /// Reads the slot map.
    ///
    /// # Errors
    /// When no node answers.
    pub fn connect(endpoint: impl Into<Endpoint>) -> Result<Self, Error> {
        let mut router =
            Self { endpoint: endpoint.into(), owners: BTreeMap::new(), conns: BTreeMap::new(), patience: PATIENCE };
        router.refresh()?;
        Ok(router)
    }

    /// Sets for how long a unit that is redirected or refused for a while is sent again.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The addresses of the primaries with slots.
    #[must_use]
    pub fn primaries(&self) -> Vec<SocketAddr> {
        let mut addrs: Vec<_> = self.owners.values().copied().collect();
        addrs.sort_unstable();
        addrs.dedup();
        addrs
    }

    /// The connection to one node, opened when needed.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn conn(&mut self, addr: SocketAddr) -> Result<&mut Conn, Error> {
        if let std::collections::btree_map::Entry::Vacant(entry) = self.conns.entry(addr) {
            entry.insert(self.endpoint.connect(addr)?);
        }
        self.conns.get_mut(&addr).ok_or_else(|| Error::Usage(format!("no connection to {addr}")))
    }

    /// Gives up the connection to one node.
    pub(crate) fn forget(&mut self, addr: SocketAddr) {
        self.conns.remove(&addr);
    }

    /// The primary of a slot.
    ///
    /// # Errors
    /// When nobody serves it.
    pub fn owner(&self, slot: u16) -> Result<SocketAddr, Error> {
        // Keys are the first slots of ranges: the range that holds a slot begins at or before it.
        let owner = self.owners.range(..=slot).next_back().map(|(_, addr)| *addr);
        owner.ok_or_else(|| Error::Usage(format!("nobody serves slot {slot}")))
    }

    /// Sends one command on one key, following redirects.
    ///
    /// # Errors
    /// When the connection fails for good, and when the reply is an error.
    pub fn call(&mut self, key: impl AsRef<[u8]>, command: impl Into<Command>) -> Result<Value, Error> {
        let command = command.into();
        let summary = command.summary();
        let replies = self.run(&[Unit::new(key, command)])?;
        replies.into_iter().flatten().next().unwrap_or(Value::Null).into_result(&summary)
    }

    /// Sends units to all nodes at once, following redirects; the replies of each unit, in the units' order.
    ///
    /// A unit that was redirected or met a lost connection is sent again as a whole, so parts of it may run twice.
    ///
    /// # Errors
    /// When a unit could not be settled within the router's patience.
    pub fn run(&mut self, units: &[Unit]) -> Result<Vec<Vec<Value>>, Error> {
        let mut replies = self.attempt(units);
        let deadline = Instant::now() + self.patience;
        for (unit, replies) in units.iter().zip(&mut replies) {
            while let Some(trouble) = trouble_of(replies) {
                if Instant::now() > deadline {
                    return Err(Error::Timeout(format!("slot {}: {trouble}", unit.slot)));
                }
                *replies = Ok(self.again(unit, &trouble).unwrap_or_else(|error| vec![lost(&error)]));
            }
        }
        replies.into_iter().collect()
    }

    /// Sends everything once; what fails stays a failure.
    fn attempt(&mut self, units: &[Unit]) -> Vec<Result<Vec<Value>, Error>> {
        let owners: Vec<_> = units.iter().map(|unit| self.owner(unit.slot)).collect();
        let mut batches: BTreeMap<SocketAddr, Vec<u8>> = BTreeMap::new();
        for (unit, owner) in units.iter().zip(&owners) {
            if let Ok(addr) = owner {
                let out = batches.entry(*addr).or_default();
                unit.commands.iter().for_each(|command| command.encode(out));
            }
        }
        let mut broken: BTreeMap<SocketAddr, String> = BTreeMap::new();
        for (addr, bytes) in &batches {
            if let Err(error) = self.conn(*addr).and_then(|conn| conn.send_bytes(bytes)) {
                broken.insert(*addr, error.to_string());
            }
        }
        let mut outcomes = Vec::with_capacity(units.len());
        for (unit, owner) in units.iter().zip(owners) {
            outcomes.push(owner.and_then(|addr| self.collect(addr, unit, &mut broken)));
        }
        for addr in broken.keys() {
            self.conns.remove(addr);
        }
        outcomes
    }

    fn collect(
        &mut self,
        addr: SocketAddr,
        unit: &Unit,
        broken: &mut BTreeMap<SocketAddr, String>,
    ) -> Result<Vec<Value>, Error> {
        if let Some(why) = broken.get(&addr) {
            return Err(Error::Protocol(why.clone()));
        }
        let conn = self.conn(addr)?;
        let replies: Result<Vec<_>, _> = unit.commands.iter().map(|_| conn.receive()).collect();
        replies.inspect_err(|error| {
            broken.insert(addr, error.to_string());
        })
    }

    /// Sends one unit again, to where the trouble points.
    fn again(&mut self, unit: &Unit, trouble: &str) -> Result<Vec<Value>, Error> {
        if let Some(addr) = trouble.strip_prefix("ASK ").and_then(|rest| rest.split(' ').nth(1)?.parse().ok()) {
            return self.ask(addr, unit);
        }
        if !trouble.starts_with("MOVED ") {
            thread::sleep(RETRY_PAUSE);
        }
        self.refresh()?;
        self.attempt(std::slice::from_ref(unit)).pop().unwrap_or(Ok(Vec::new()))
    }

    /// ASKING holds for the next command alone, or for the transaction that it begins.
    fn ask(&mut self, addr: SocketAddr, unit: &Unit) -> Result<Vec<Value>, Error> {
        let transaction = unit.commands.first().is_some_and(|first| first.name().eq_ignore_ascii_case("MULTI"));
        let conn = self.conn(addr)?;
        let mut replies = Vec::new();
        for (index, command) in unit.commands.iter().enumerate() {
            if index == 0 || !transaction {
                conn.exchange("ASKING")?;
            }
            replies.push(conn.exchange(command)?);
        }
        Ok(replies)
    }

    /// Reads the slot map anew, from the first node that answers.
    ///
    /// # Errors
    /// When no node answers.
    pub fn refresh(&mut self) -> Result<(), Error> {
        let mut last = Error::Usage("there is no address to ask".to_owned());
        let known = self.primaries();
        for addr in known.into_iter().chain(self.endpoint.seeds.clone()) {
            match self.read_map(addr) {
                Ok(owners) => {
                    self.owners = owners;
                    return Ok(());
                }
                Err(error) => {
                    self.conns.remove(&addr);
                    last = error;
                }
            }
        }
        Err(last)
    }

    fn read_map(&mut self, addr: SocketAddr) -> Result<BTreeMap<u16, SocketAddr>, Error> {
        let conn = self.conn(addr)?;
        if conn.info("cluster_enabled")? != "1" {
            return Ok(BTreeMap::from([(0, addr)]));
        }
        let ranges = conn.call("CLUSTER SLOTS")?;
        let owners: BTreeMap<_, _> = ranges.items().iter().filter_map(owner_of_range).collect();
        if owners.is_empty() { Err(Error::Protocol(format!("{addr} knows of no slots"))) } else { Ok(owners) }
    }
}

/// First slot and primary of one item of `CLUSTER SLOTS`: `[first, last, [ip, port, ..], ..]`.
fn owner_of_range(range: &Value) -> Option<(u16, SocketAddr)> {
    let [first, _last, primary, ..] = range.items() else { return None };
    let [ip, port, ..] = primary.items() else { return None };
    let slot = u16::try_from(first.integer()?).ok().filter(|slot| *slot < SLOTS)?;
    Some((slot, format!("{}:{}", ip.text(), port.integer()?).parse().ok()?))
}

/// Why a unit has to be sent again, if it has to.
fn trouble_of(replies: &Result<Vec<Value>, Error>) -> Option<String> {
    match replies {
        Err(error) => Some(error.to_string()),
        Ok(replies) => {
            let errors = replies.iter().filter_map(Value::error);
            errors.filter(|text| PASSING.iter().any(|code| text.starts_with(code))).map(str::to_owned).next()
        }
    }
}

fn lost(error: &Error) -> Value {
    Value::Error(format!("LOST {error}"))
}

/// Error replies that go away. `LOST` stands for a connection that failed.
const PASSING: &[&str] =
    &["MOVED ", "ASK ", "TRYAGAIN", "CLUSTERDOWN", "LOADING", "READONLY", "MASTERDOWN", "NOREPLICAS", "LOST "];

const PATIENCE: Duration = Duration::from_secs(20);
const RETRY_PAUSE: Duration = Duration::from_millis(50);
