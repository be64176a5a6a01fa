//! Standard output, in large pieces.

use std::io::{self, Write};

use crate::exit::{Exit, Failure};

/// Bytes on their way to standard output; what is written here goes out in pieces of [`PIECE`].
pub(super) struct Output {
    /// What is not written yet; to be appended to.
    pub(super) buffer: Vec<u8>,
    sink: Box<dyn Write>,
    failed: Option<io::Error>,
}

impl Output {
    /// Standard output.
    pub(super) fn stdout() -> Self {
        Self::to(Box::new(io::stdout().lock()))
    }

    /// Any other place, for tests.
    pub(super) fn to(sink: Box<dyn Write>) -> Self {
        Self { buffer: Vec::with_capacity(2 * PIECE), sink, failed: None }
    }

    /// Writes what has piled up, if that is a piece; to be called between elements. Failures are kept for
    /// [`check`](Self::check).
    #[inline]
    pub(super) fn relieve(&mut self) {
        if self.buffer.len() >= PIECE {
            self.drain();
        }
    }

    /// Writes bytes at once, past the buffer, which is to be empty. Failures are kept for [`check`](Self::check).
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.sink.write_all(bytes).err();
        }
    }

    /// Whether all that was written so far could be.
    ///
    /// # Errors
    /// With the sentence to end with: a pipe was closed, a disk is full.
    pub(super) fn check(&mut self) -> Result<(), Failure> {
        match self.failed.take() {
            None => Ok(()),
            Some(error) => Err(Failure::new(Exit::Runtime, "standard output cannot be written").because(error)),
        }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.drain();
        if self.failed.is_none() {
            self.failed = self.sink.flush().err();
        }
        self.check()
    }

    fn drain(&mut self) {
        if self.failed.is_none() {
            self.failed = self.sink.write_all(&self.buffer).err();
        }
        self.buffer.clear();
    }
}

/// What is written at once, at least.
const PIECE: usize = 256 << 10;
