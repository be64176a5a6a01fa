//! A standalone server.

use std::{net::SocketAddr, path::Path};

use crate::{
    Conn, Endpoint, Error, find_server,
    node::{Home, Node, Options, retry_ports},
    ports::{PortLease, loopback},
    tls::{Certificate, Tls},
};

/// What a [`Server`] is to be.
#[derive(Clone, Debug)]
pub struct ServerSpec {
    server: String,
    options: Options,
    password: Option<String>,
    tls: Option<Tls>,
}

impl ServerSpec {
    /// A server by its name, such as `redis-7.0`; `any` takes what is there.
    #[must_use]
    pub fn new(server: impl Into<String>) -> Self {
        Self { server: server.into(), options: Vec::new(), password: None, tls: None }
    }

    /// Adds a line of the configuration file.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.push((name.into(), value.into()));
        self
    }

    /// Asks every connection for this password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Listens with TLS on a second port; `mutual` asks clients for a certificate, too.
    #[must_use]
    pub fn tls(mut self, certificate: Certificate, mutual: bool) -> Self {
        self.tls = Some(Tls { certificate, mutual, between_nodes: true });
        self
    }
}

/// A running standalone server; dropping it kills the process and removes its folder.
pub struct Server {
    node: Node,
    password: Option<String>,
    tls_port: Option<u16>,
    _ports: PortLease,
    _home: Home,
}

impl Server {
    /// Starts a server and waits until it serves.
    ///
    /// # Errors
    /// When the binary is missing or the server does not start.
    pub fn start(spec: ServerSpec) -> Result<Self, Error> {
        let binary = find_server(&spec.server)?;
        retry_ports(|| {
            let ports = PortLease::claim(2)?;
            let port = ports.ports().first().copied().unwrap_or_default();
            let tls = spec.tls.as_ref().zip(ports.ports().last().copied());
            let tls_options = tls.map(|(tls, port)| tls.options(port)).unwrap_or_default();
            let options = tls_options.into_iter().chain(spec.options.iter().cloned()).collect();
            let home = Home::create("server")?;
            let node = Node::prepare(&binary, &home, port, &options, spec.password.as_deref())?;
            node.spawn()?;
            node.wait_up()?;
            let tls_port = tls.map(|(_, port)| port);
            Ok(Self { node, password: spec.password.clone(), tls_port, _ports: ports, _home: home })
        })
    }

    /// The server's address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.node.addr()
    }

    /// Where it listens with TLS.
    ///
    /// # Errors
    /// When it does not.
    pub fn tls_addr(&self) -> Result<SocketAddr, Error> {
        self.tls_port.map(loopback).ok_or_else(|| Error::Usage("the server was started without TLS".to_owned()))
    }

    /// The folder in which the server runs: dump files and its log are there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.node.folder()
    }

    /// The process's number; nothing after [`Self::kill`].
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.node.pid()
    }

    /// A new connection, authenticated.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn conn(&self) -> Result<Conn, Error> {
        self.node.connect()
    }

    /// One field of `INFO`.
    ///
    /// # Errors
    /// When the server cannot be asked or has no such field.
    pub fn info(&self, field: &str) -> Result<String, Error> {
        self.conn()?.info(field)
    }

    /// Kills the process (SIGKILL) and waits for its end.
    ///
    /// # Errors
    /// When its end cannot be waited for.
    pub fn kill(&self) -> Result<(), Error> {
        self.node.kill()
    }

    /// Starts it again after [`Self::kill`], on the same port and in the same folder.
    ///
    /// # Errors
    /// When it runs already or does not start.
    pub fn restart(&self) -> Result<(), Error> {
        self.node.spawn()?;
        self.node.wait_up().map(drop)
    }

    /// Freezes the process (SIGSTOP).
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self) -> Result<(), Error> {
        self.node.signal("STOP")
    }

    /// Lets a frozen process go on (SIGCONT).
    ///
    /// # Errors
    /// When it does not run.
    pub fn cont(&self) -> Result<(), Error> {
        self.node.signal("CONT")
    }
}

impl From<&Server> for Endpoint {
    fn from(server: &Server) -> Self {
        Self { seeds: vec![server.addr()], password: server.password.clone(), db: 0 }
    }
}
