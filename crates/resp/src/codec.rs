use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

use crate::{Command, CommandScanner, Error, ErrorKind, Limits, Reading, Reply, ReplyScanner, put_command};

/// The client's side of a connection: commands out, replies in.
///
/// For control connections and tools; a hot path scans its own buffers.
#[derive(Debug, Default)]
pub struct ReplyCodec {
    scanner: ReplyScanner,
    limits: Limits,
}

impl ReplyCodec {
    /// A codec with limits of its own.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { scanner: ReplyScanner::new(limits), limits }
    }
}

impl Decoder for ReplyCodec {
    type Item = Reply;
    type Error = CodecError;

    fn decode(&mut self, buf: &mut BytesMut) -> Result<Option<Reply>, CodecError> {
        match self.scanner.scan(buf)? {
            Some(found) => Ok(Some(Reply::parse_within(buf.split_to(found.len).freeze(), self.limits)?)),
            None => Ok(None),
        }
    }

    fn decode_eof(&mut self, buf: &mut BytesMut) -> Result<Option<Reply>, CodecError> {
        let reply = self.decode(buf)?;
        nothing_left(reply.is_some(), buf)?;
        Ok(reply)
    }
}

impl<A: AsRef<[u8]>> Encoder<&[A]> for ReplyCodec {
    type Error = CodecError;

    fn encode(&mut self, args: &[A], out: &mut BytesMut) -> Result<(), CodecError> {
        put_command(out, args);
        Ok(())
    }
}

/// The server's side of reading a connection: commands in.
#[derive(Debug, Default)]
pub struct CommandCodec {
    scanner: CommandScanner,
}

impl CommandCodec {
    /// A codec with limits of its own.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { scanner: CommandScanner::new(limits) }
    }
}

impl Decoder for CommandCodec {
    type Item = Command;
    type Error = CodecError;

    fn decode(&mut self, buf: &mut BytesMut) -> Result<Option<Command>, CodecError> {
        match self.scanner.scan(buf)? {
            Some(len) => Ok(Some(Command::from_ranges(&buf.split_to(len).freeze(), self.scanner.args()))),
            None => Ok(None),
        }
    }

    fn decode_eof(&mut self, buf: &mut BytesMut) -> Result<Option<Command>, CodecError> {
        let command = self.decode(buf)?;
        nothing_left(command.is_some(), buf)?;
        Ok(command)
    }
}

/// At the end of input, bytes that are not a whole frame are a frame cut short.
fn nothing_left(found: bool, buf: &BytesMut) -> Result<(), CodecError> {
    if found || buf.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Truncated, buf.len(), Reading::Header).into())
}

/// Why a connection cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The peer sent bytes that are not RESP.
    #[error(transparent)]
    Resp(#[from] Error),
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
