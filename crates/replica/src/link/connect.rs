use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};

/// A byte stream in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Any byte stream in both directions.
pub type BoxedStream = Box<dyn Duplex>;

/// Opens connections to one primary.
pub trait Connect: Send {
    /// Opens a new connection; it has to give up by itself after a while.
    fn connect(&mut self) -> impl Future<Output = io::Result<BoxedStream>> + Send;

    /// The primary's address, for messages.
    fn node(&self) -> String;
}

/// Connects over plain TCP.
#[derive(Debug, Clone)]
pub struct TcpConnect {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How long one attempt may take, name lookup included.
    pub timeout: Duration,
}

impl TcpConnect {
    async fn open(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in lookup_host((self.host.as_str(), self.port)).await? {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // Acknowledgements are small and must not wait for more.
            socket.set_nodelay(true)?;
            // Beside the time-out for silence, which rests while the backlog is full.
            socket.set_keepalive(true)?;
            match socket.connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Connect for TcpConnect {
    async fn connect(&mut self) -> io::Result<BoxedStream> {
        match timeout(self.timeout, self.open()).await {
            Ok(stream) => Ok(Box::new(stream?)),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "connecting took too long")),
        }
    }

    fn node(&self) -> String {
        if self.host.contains(':') {
            return format!("[{}]:{}", self.host, self.port);
        }
        format!("{}:{}", self.host, self.port)
    }
}
