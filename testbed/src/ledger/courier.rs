//! Sends each operation once, and tells what is known of its outcome.

use std::{collections::BTreeMap, net::SocketAddr};

use crate::{Endpoint, Error, Router, Unit, Value};

/// Sends each operation once.
pub(super) struct Courier {
    router: Router,
}

/// What is known of an operation.
pub(super) enum Outcome {
    Answered(Vec<Value>),
    /// It did not happen, for this reason.
    Refused(String),
    /// The answer was lost.
    Unanswered,
}

impl Courier {
    pub(super) fn connect(source: Endpoint) -> Result<Self, Error> {
        Ok(Self { router: Router::connect(source)? })
    }

    /// For reading, which may be repeated.
    pub(super) fn router(&mut self) -> &mut Router {
        &mut self.router
    }

    /// Sends everything at once; the outcomes in the same order.
    pub(super) fn send(&mut self, units: &[Unit]) -> Vec<Outcome> {
        let mut links = self.send_out(units);
        units.iter().map(|unit| self.collect(unit, &mut links)).collect()
    }

    fn send_out(&mut self, units: &[Unit]) -> BTreeMap<SocketAddr, Link> {
        let mut batches: BTreeMap<SocketAddr, Vec<u8>> = BTreeMap::new();
        for unit in units {
            if let Ok(addr) = self.router.owner(unit.slot) {
                let out = batches.entry(addr).or_default();
                unit.commands.iter().for_each(|command| command.encode(out));
            }
        }
        let send = |(addr, bytes): (SocketAddr, Vec<u8>)| {
            let link = match self.router.conn(addr) {
                Err(error) => Link::Unreached(error.to_string()),
                Ok(conn) => conn.send_bytes(&bytes).map_or(Link::Lost, |()| Link::Up),
            };
            if matches!(link, Link::Lost) {
                self.router.forget(addr);
            }
            (addr, link)
        };
        batches.into_iter().map(send).collect()
    }

    fn collect(&mut self, unit: &Unit, links: &mut BTreeMap<SocketAddr, Link>) -> Outcome {
        let Ok(addr) = self.router.owner(unit.slot) else { return Outcome::Refused("no owner".to_owned()) };
        match links.get(&addr) {
            Some(Link::Up) => {}
            Some(Link::Lost) => return Outcome::Unanswered,
            Some(Link::Unreached(why)) => return Outcome::Refused(why.clone()),
            None => return Outcome::Refused("not sent".to_owned()),
        }
        let replies: Result<Vec<Value>, Error> =
            self.router.conn(addr).and_then(|conn| unit.commands.iter().map(|_| conn.receive()).collect());
        match replies {
            Ok(replies) => refusal(&replies).map_or(Outcome::Answered(replies), Outcome::Refused),
            Err(_) => {
                self.router.forget(addr);
                links.insert(addr, Link::Lost);
                Outcome::Unanswered
            }
        }
    }

    /// Reads the slot map anew; as long as nobody can be asked the old one holds.
    pub(super) fn refresh(&mut self) {
        let _ = self.router.refresh();
    }
}

/// How a node was reached with a batch.
enum Link {
    Up,
    Lost,
    Unreached(String),
}

/// An error that says that nothing was done; a transaction with such a command is not executed.
fn refusal(replies: &[Value]) -> Option<String> {
    let mut errors = replies.iter().filter_map(Value::error);
    errors.find(|text| REFUSALS.iter().any(|code| text.starts_with(code))).map(str::to_owned)
}

const REFUSALS: &[&str] =
    &["MOVED ", "ASK ", "TRYAGAIN", "CLUSTERDOWN", "LOADING", "READONLY", "MASTERDOWN", "NOREPLICAS", "EXECABORT"];
