use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use resp::{CodecError, ErrorReply, Reply, ReplyCodec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::codec::{Decoder, Encoder};

use crate::{Connect, Credentials, HandshakeError, Io, NodeAddr};

/// A control connection to one node: one question, one answer.
///
/// For asking a server about itself; data travels on lanes.
pub struct Client {
    node: NodeAddr,
    io: Box<dyn Io>,
    codec: ReplyCodec,
    received: BytesMut,
}

impl Client {
    /// Connects and authenticates.
    ///
    /// # Errors
    /// When the node cannot be reached within the connector's time, or refuses the credentials.
    pub async fn connect(
        connect: &dyn Connect,
        node: &NodeAddr,
        credentials: Option<&Credentials>,
    ) -> Result<Self, ClientError> {
        let io = connect.connect(node).await.map_err(|source| ClientError::connection(node, source))?;
        let mut client = Self { node: node.clone(), io, codec: ReplyCodec::default(), received: BytesMut::new() };
        if let Some(credentials) = credentials {
            client.call(&credentials.command()).await?;
        }
        Ok(client)
    }

    /// The node at the other end.
    #[must_use]
    pub fn node(&self) -> &NodeAddr {
        &self.node
    }

    /// Sends a command and waits for its reply.
    ///
    /// # Errors
    /// When the reply is an error, does not come within ten seconds, or the connection fails.
    pub async fn call<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Reply, ClientError> {
        let answer = timeout(PATIENCE, self.exchange(args)).await;
        let reply = match answer {
            Ok(reply) => reply.map_err(|source| self.codec_error(source))?,
            Err(_) => return Err(ClientError::connection(&self.node, silent(PATIENCE))),
        };
        reply.into_result().map_err(|reply| ClientError::Refused { node: self.node.clone(), reply })
    }

    /// As [`call`](Self::call), for commands that answer with a text.
    ///
    /// # Errors
    /// As [`call`](Self::call), and when the answer is not a string.
    pub async fn text<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Bytes, ClientError> {
        let reply = self.call(args).await?;
        let text = reply.as_bytes().cloned();
        text.ok_or_else(|| ClientError::connection(&self.node, io::Error::other("the answer is not a text")))
    }

    /// Sends several commands at once and waits for their replies, errors among them.
    ///
    /// # Errors
    /// When they do not come within ten seconds, or the connection fails.
    pub async fn pipeline<A: AsRef<[u8]>>(&mut self, commands: &[Vec<A>]) -> Result<Vec<Reply>, ClientError> {
        let answered = timeout(PATIENCE, self.exchange_all(commands)).await;
        match answered {
            Ok(replies) => replies.map_err(|source| self.codec_error(source)),
            Err(_) => Err(ClientError::connection(&self.node, silent(PATIENCE))),
        }
    }

    /// Gives the connection up for other use. Everything that was asked has been answered.
    #[must_use]
    pub fn into_io(self) -> Box<dyn Io> {
        self.io
    }

    async fn exchange_all<A: AsRef<[u8]>>(&mut self, commands: &[Vec<A>]) -> Result<Vec<Reply>, CodecError> {
        let mut request = BytesMut::new();
        for command in commands {
            self.codec.encode(&command[..], &mut request)?;
        }
        self.io.write_all(&request).await?;
        self.io.flush().await?;
        let mut replies = Vec::with_capacity(commands.len());
        while replies.len() < commands.len() {
            if let Some(reply) = self.codec.decode(&mut self.received)? {
                replies.push(reply);
            } else if self.io.read_buf(&mut self.received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
        Ok(replies)
    }

    async fn exchange<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Reply, CodecError> {
        let mut request = BytesMut::new();
        self.codec.encode(args, &mut request)?;
        // What a node says before it closes tells more than that it has closed.
        let sent = match self.io.write_all(&request).await {
            Ok(()) => self.io.flush().await,
            Err(error) => Err(error),
        };
        loop {
            if let Some(reply) = self.codec.decode(&mut self.received)? {
                return Ok(reply);
            }
            if self.io.read_buf(&mut self.received).await? == 0 {
                sent?;
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    fn codec_error(&self, source: CodecError) -> ClientError {
        match source {
            CodecError::Io(source) => ClientError::connection(&self.node, source),
            CodecError::Resp(_) if self.received.starts_with(TLS_ALERT) => {
                ClientError::connection(&self.node, io::Error::other(HandshakeError::only_tls()))
            }
            CodecError::Resp(source) => ClientError::connection(&self.node, io::Error::other(source)),
        }
    }
}

/// Why a control connection did not get its answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection could not be made, failed, or fell silent.
    #[error("{node}: {source}")]
    Connection {
        /// The node.
        node: NodeAddr,
        /// What happened to the connection.
        source: io::Error,
    },
    /// The node answered with an error.
    #[error("{node}: {reply}")]
    Refused {
        /// The node.
        node: NodeAddr,
        /// Its reply.
        reply: ErrorReply,
    },
}

impl ClientError {
    fn connection(node: &NodeAddr, source: io::Error) -> Self {
        Self::Connection { node: node.clone(), source }
    }

    /// The node's answer cannot be understood.
    pub(crate) fn malformed(node: &NodeAddr, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::connection(node, io::Error::other(error))
    }

    /// The error reply, when that is what it was.
    #[must_use]
    pub fn reply(&self) -> Option<&ErrorReply> {
        match self {
            Self::Refused { reply, .. } => Some(reply),
            Self::Connection { .. } => None,
        }
    }
}

fn silent(after: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {after:?}"))
}

/// How a TLS alert begins: type and major version (RFC 8446, section 5.1).
const TLS_ALERT: &[u8] = &[21, 3];

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(10);
