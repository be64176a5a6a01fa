use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

use crate::NodeAddr;

/// A connection of any kind: TCP, TLS, or the two ends of a test.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A future that may be moved between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens connections to nodes. The seam for TLS, proxies, address maps and tests.
pub trait Connect: Send + Sync {
    /// Opens a connection; nothing has been said on it yet.
    fn connect<'a>(&'a self, node: &'a NodeAddr) -> BoxFuture<'a, io::Result<Box<dyn Io>>>;

    /// Whether connections are TLS: a node that listens on two ports tells both.
    fn is_tls(&self) -> bool {
        false
    }
}

/// Plain TCP, without Nagle's delay, and with keep-alive.
#[derive(Debug, Clone, Copy)]
pub struct TcpConnect {
    /// How long to wait for a connection, look-up of the name included.
    pub timeout: Duration,
}

impl TcpConnect {
    pub(crate) async fn open(&self, node: &NodeAddr) -> io::Result<TcpStream> {
        let opened = tokio::time::timeout(self.timeout, open(node)).await;
        opened.map_err(|_| timed_out(self.timeout))?
    }
}

impl Default for TcpConnect {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5) }
    }
}

impl Connect for TcpConnect {
    fn connect<'a>(&'a self, node: &'a NodeAddr) -> BoxFuture<'a, io::Result<Box<dyn Io>>> {
        Box::pin(async move { Ok(Box::new(self.open(node).await?) as Box<dyn Io>) })
    }
}

/// Tries the addresses of a name one after the other.
async fn open(node: &NodeAddr) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in lookup_host((node.host.as_str(), node.port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_nodelay(true)?;
        // A peer whose host is gone says nothing: without this a connection that only waits would wait for ever.
        socket.set_keepalive(true)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn timed_out(after: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {after:?}"))
}
