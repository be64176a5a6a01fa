use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::handshake::HandshakeError;

/// A TLS stream for users that write and then wait for an answer without flushing.
///
/// TLS takes what is written before the socket does. Whoever then only listens would wait for the answer to something
/// that was never sent, so a read sends first what is left.
pub(super) struct Prompt<S>(pub(super) S);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Prompt<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // A connection that takes no more may still hold the reason why.
        let _ = Pin::new(&mut self.0).poll_flush(cx);
        Pin::new(&mut self.0).poll_read(cx, buf).map_err(HandshakeError::explain)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prompt<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream, duplex};

    use super::*;

    #[tokio::test]
    async fn what_was_written_is_sent_before_the_answer_is_waited_for() {
        let (near, mut far) = duplex(64);
        let mut near = Prompt(BufStream::new(near));
        near.write_all(b"PING").await.unwrap();
        let answering = async {
            let mut request = [0; 4];
            far.read_exact(&mut request).await.unwrap();
            far.write_all(b"PONG").await.unwrap();
        };
        let mut answer = [0; 4];
        let (read, ()) = tokio::join!(near.read_exact(&mut answer), answering);
        read.unwrap();
        assert_eq!(&answer, b"PONG");
    }
}
