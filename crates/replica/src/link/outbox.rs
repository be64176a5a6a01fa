use std::io;

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// What is on its way to the primary.
#[derive(Debug)]
pub(super) struct Outbox<W> {
    sink: W,
    out: Bytes,
    flushed: bool,
}

impl<W: AsyncWrite + Unpin> Outbox<W> {
    pub(super) fn new(sink: W) -> Self {
        Self { sink, out: Bytes::new(), flushed: true }
    }

    /// Whether it takes more: all that was put in has been written.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    pub(super) fn put(&mut self, bytes: Bytes) {
        self.out = bytes;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.out.is_empty() && self.flushed
    }

    /// Writes some of it, or flushes what was written. Dropping the future loses nothing.
    pub(super) async fn send(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            self.sink.flush().await?;
            self.flushed = true;
            return Ok(());
        }
        self.flushed = false;
        match self.sink.write_buf(&mut self.out).await? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok(()),
        }
    }
}
