use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

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
}

/// Plain TCP, without Nagle's delay.
#[derive(Debug, Clone, Copy)]
pub struct TcpConnect {
    /// How long to wait for a connection.
    pub timeout: Duration,
}

impl Default for TcpConnect {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5) }
    }
}

impl Connect for TcpConnect {
    fn connect<'a>(&'a self, node: &'a NodeAddr) -> BoxFuture<'a, io::Result<Box<dyn Io>>> {
        Box::pin(async move {
            let connecting = TcpStream::connect((node.host.as_str(), node.port));
            let stream =
                tokio::time::timeout(self.timeout, connecting).await.map_err(|_| timed_out(self.timeout))??;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Io>)
        })
    }
}

fn timed_out(after: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {after:?}"))
}
