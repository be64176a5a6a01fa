use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::error::TlsError;
use super::handshake::{HandshakeError, HandshakeErrorKind};
use super::settings::TlsSettings;
use super::stream::Prompt;
use crate::{BoxFuture, Connect, Io, NodeAddr, TcpConnect};

/// TLS over TCP.
#[derive(Clone)]
pub struct TlsConnect {
    tcp: TcpConnect,
    connector: TlsConnector,
    server_name: Option<ServerName<'static>>,
}

impl TlsConnect {
    /// Makes connections as `settings` say; `timeout` is for the TCP connection and the handshake together.
    ///
    /// # Errors
    /// When something in the settings cannot be used.
    pub fn new(settings: &TlsSettings, timeout: Duration) -> Result<Self, TlsError> {
        let server_name = match &settings.server_name {
            Some(name) => Some(ServerName::try_from(name.clone()).map_err(|_| TlsError::ServerName)?),
            None => None,
        };
        let connector = TlsConnector::from(Arc::new(settings.client_config()?));
        Ok(Self { tcp: TcpConnect { timeout }, connector, server_name })
    }

    async fn open(&self, node: &NodeAddr) -> io::Result<TlsStream<TcpStream>> {
        let deadline = Instant::now() + self.tcp.timeout;
        let name = self.name_of(node)?;
        let tcp = self.tcp.open(node).await?;
        match timeout_at(deadline, self.connector.connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(closed(&error)),
            Ok(Err(error)) => Err(HandshakeError::explain(error)),
            Err(_) => Err(silent(self.tcp.timeout)),
        }
    }

    /// The name that the node's certificate must have.
    fn name_of(&self, node: &NodeAddr) -> io::Result<ServerName<'static>> {
        match &self.server_name {
            Some(name) => Ok(name.clone()),
            None => ServerName::try_from(node.host.clone()).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("the host is no name for a certificate: {error}"))
            }),
        }
    }
}

impl Connect for TlsConnect {
    fn connect<'a>(&'a self, node: &'a NodeAddr) -> BoxFuture<'a, io::Result<Box<dyn Io>>> {
        Box::pin(async move { Ok(Box::new(Prompt(self.open(node).await?)) as Box<dyn Io>) })
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnect").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

fn closed(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), HandshakeError::new(HandshakeErrorKind::Closed, "no reason given"))
}

fn silent(after: Duration) -> io::Error {
    let error = HandshakeError::new(HandshakeErrorKind::Silent, format!("nothing within {after:?}"));
    io::Error::new(io::ErrorKind::TimedOut, error)
}
