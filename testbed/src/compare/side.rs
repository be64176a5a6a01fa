//! One of the two clusters that are compared, read in batches.

use std::{net::SocketAddr, thread};

use super::{
    diff::{Difference, Judge},
    functions,
    logical::{self, Logical},
};
use crate::{Endpoint, Error, Router, Unit, Value, cmd};

/// One of the two clusters.
pub(super) struct Side {
    router: Router,
    /// Redis's version as (major, minor); what a Valkey claims to be compatible with.
    pub(super) version: (u32, u32),
    pub(super) is_valkey: bool,
    pub(super) has_field_expiry: bool,
}

/// How far a scan of all primaries has come.
pub(super) struct Cursor {
    nodes: Vec<SocketAddr>,
    at: Vec<u8>,
}

/// What one side holds under a key; no value where there is none.
pub(super) struct Held {
    pub(super) value: Option<Logical>,
    pub(super) expiry: i64,
}

impl Side {
    pub(super) fn connect(endpoint: impl Into<Endpoint>) -> Result<Self, Error> {
        let mut router = Router::connect(endpoint)?;
        let first = router.primaries().first().copied().ok_or_else(|| Error::Usage("no primary".to_owned()))?;
        let conn = router.conn(first)?;
        let version = conn.info("redis_version")?;
        let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let is_valkey = conn.info("valkey_version").is_ok();
        let known = conn.call("COMMAND INFO HPEXPIRETIME")?;
        let has_field_expiry = known.items().first().is_some_and(|item| !item.items().is_empty());
        Ok(Self { router, version, is_valkey, has_field_expiry })
    }

    /// A cursor at the beginning of all keys.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor { nodes: self.router.primaries(), at: b"0".to_vec() }
    }

    /// Some more keys; nothing at the end.
    pub(super) fn next_keys(&mut self, cursor: &mut Cursor) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let Some(&node) = cursor.nodes.last() else { return Ok(None) };
        let reply = self.router.conn(node)?.call(cmd("SCAN").arg(&cursor.at).arg("COUNT").arg(BATCH))?;
        let [at, keys] = reply.items() else { return Err(Error::Protocol("SCAN without two items".to_owned())) };
        cursor.at = at.bytes().unwrap_or_default().to_vec();
        if cursor.at == b"0" {
            cursor.nodes.pop();
        }
        Ok(Some(keys.items().iter().filter_map(Value::bytes).map(<[u8]>::to_vec).collect()))
    }

    /// The function libraries of every primary; none where the server knows of no functions.
    pub(super) fn libraries(&mut self) -> Result<Vec<functions::Libraries>, Error> {
        if self.version < (7, 0) {
            return Ok(Vec::new());
        }
        let nodes = self.router.primaries();
        let read = |node| Ok(functions::from_reply(&self.router.conn(node)?.call("FUNCTION LIST WITHCODE")?));
        nodes.into_iter().map(read).collect()
    }

    /// The dump of every key without its version and checksum, and its expiry.
    fn dumps(&mut self, keys: &[Vec<u8>], exact: bool) -> Result<Vec<(Vec<u8>, i64)>, Error> {
        let units: Vec<_> = keys
            .iter()
            .map(|key| Unit {
                commands: vec![cmd("DUMP").arg(key), expiry_command(exact).arg(key)],
                ..Unit::new(key, cmd("DUMP"))
            })
            .collect();
        let replies = self.router.run(&units)?;
        Ok(replies.into_iter().map(|replies| (dump_body(replies.first()), expiry(replies.get(1)))).collect())
    }

    fn held(&mut self, keys: &[Vec<u8>], judge: &Judge) -> Result<Vec<Held>, Error> {
        let units: Vec<_> = keys
            .iter()
            .map(|key| Unit {
                commands: vec![cmd("TYPE").arg(key), expiry_command(judge.exact_expiry).arg(key)],
                ..Unit::new(key, cmd("TYPE"))
            })
            .collect();
        let heads = self.router.run(&units)?;
        let kinds: Vec<_> = heads.iter().map(|replies| replies.first().map(Value::text).unwrap_or_default()).collect();
        let units: Vec<_> =
            keys.iter().zip(&kinds).map(|(key, kind)| Unit::new(key, logical::read_command(kind, key))).collect();
        let values = self.router.run(&units)?;
        let mut held = Vec::with_capacity(keys.len());
        for (((key, kind), head), value) in keys.iter().zip(&kinds).zip(&heads).zip(values) {
            let mut value = logical::from_reply(kind, value.into_iter().next().unwrap_or(Value::Null), judge);
            if judge.field_expiry {
                self.add_field_expiries(key, &mut value)?;
            }
            held.push(Held { value, expiry: expiry(head.get(1)) });
        }
        Ok(held)
    }

    fn add_field_expiries(&mut self, key: &[u8], value: &mut Option<Logical>) -> Result<(), Error> {
        let Some(Logical::Hash(fields, expiries)) = value else { return Ok(()) };
        let names = fields.iter().map(|(name, _)| name.as_slice());
        let command = cmd("HPEXPIRETIME").arg(key).arg("FIELDS").arg(fields.len()).args(names);
        *expiries = self.router.call(key, command)?.items().to_vec();
        Ok(())
    }
}

/// The keys whose dump or expiry is not the same. Equal dumps mean equal values; unequal ones may too.
pub(super) fn unequal_dumps(
    judge: &Judge,
    a: &mut Side,
    b: &mut Side,
    keys: &[Vec<u8>],
) -> Result<Vec<Vec<u8>>, Error> {
    let exact = judge.exact_expiry;
    let (left, right) = both(|| a.dumps(keys, exact), || b.dumps(keys, exact))?;
    let pairs = keys.iter().zip(left.into_iter().zip(right));
    let unequal = pairs.filter(|(_, (left, right))| left.0 != right.0 || !judge.same_expiry(left.1, right.1));
    Ok(unequal.map(|(key, _)| key.clone()).collect())
}

/// The keys whose type, value or expiry differ.
pub(super) fn differences(
    judge: &Judge,
    a: &mut Side,
    b: &mut Side,
    keys: &[Vec<u8>],
) -> Result<Vec<Difference>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (left, right) = both(|| a.held(keys, judge), || b.held(keys, judge))?;
    let pairs = keys.iter().zip(left.iter().zip(&right));
    Ok(pairs.filter_map(|(key, (left, right))| judge.difference(key, left, right)).collect())
}

/// Asks both clusters at the same time.
fn both<T: Send>(
    left: impl FnOnce() -> Result<T, Error> + Send,
    right: impl FnOnce() -> Result<T, Error>,
) -> Result<(T, T), Error> {
    thread::scope(|scope| {
        let left = scope.spawn(left);
        let right = right();
        let left = left.join().map_err(|_| Error::Usage("the reading thread panicked".to_owned()))?;
        Ok((left?, right?))
    })
}

/// A dump ends in 2 bytes of version and 8 of checksum, which differ between versions of the server.
fn dump_body(reply: Option<&Value>) -> Vec<u8> {
    let dump = reply.and_then(Value::bytes).unwrap_or_default();
    dump.get(..dump.len().saturating_sub(10)).unwrap_or_default().to_vec()
}

fn expiry_command(exact: bool) -> crate::Command {
    cmd(if exact { "PEXPIRETIME" } else { "PTTL" })
}

fn expiry(reply: Option<&Value>) -> i64 {
    reply.and_then(Value::integer).unwrap_or(MISSING)
}

/// What the server answers for a key that is not there.
pub(super) const MISSING: i64 = -2;

const BATCH: usize = 500;
