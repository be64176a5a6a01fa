//! How to reach a server or a cluster.

use std::{net::SocketAddr, time::Duration};

use crate::{Conn, Error, conn::DEFAULT_TIMEOUT};

/// Addresses by which a cluster, or a single server, can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Nodes that may be asked for the slot map; the first that answers is.
    pub seeds: Vec<SocketAddr>,
    /// The password of the default user.
    pub password: Option<String>,
    /// The database, for servers that have several.
    pub db: u32,
}

impl Endpoint {
    /// Opens an authenticated connection to one node.
    ///
    /// # Errors
    /// When it cannot be reached or refuses the password or database.
    pub fn connect(&self, addr: SocketAddr) -> Result<Conn, Error> {
        self.connect_within(addr, DEFAULT_TIMEOUT)
    }

    /// The same with a timeout of its own, for everything that the connection will do.
    pub(crate) fn connect_within(&self, addr: SocketAddr, timeout: Duration) -> Result<Conn, Error> {
        let mut conn = Conn::connect_within(addr, timeout)?;
        if let Some(password) = &self.password {
            conn.call(["AUTH", password.as_str()])?;
        }
        if self.db != 0 {
            conn.call(["SELECT", &self.db.to_string()])?;
        }
        Ok(conn)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(addr: SocketAddr) -> Self {
        Self { seeds: vec![addr], password: None, db: 0 }
    }
}

impl From<&Endpoint> for Endpoint {
    fn from(endpoint: &Endpoint) -> Self {
        endpoint.clone()
    }
}
