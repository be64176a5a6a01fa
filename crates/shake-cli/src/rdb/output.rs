//! Standard output, in large pieces.

use std::io::{self, Write};

use super::walk::Stop;
use crate::exit::{Exit, Failure};

/// Bytes on their way to standard output; what is written here goes out in pieces of [`PIECE`].
pub(super) struct Output {
    /// What is not written yet; to be appended to.
    pub(super) buffer: Vec<u8>,
    sink: Box<dyn Write>,
    failed: Option<io::Error>,
    /// Whether a reader that goes away has read what it wanted.
    may_close: bool,
}

impl Output {
    /// Standard output. A reader that closes it, such as `head`, has what it wanted: that is no failure.
    pub(super) fn stdout() -> Self {
        Self { may_close: true, ..Self::to(Box::new(io::stdout().lock())) }
    }

    /// Standard output, where whoever reads has to read everything.
    pub(super) fn whole_stdout() -> Self {
        Self::to(Box::new(io::stdout().lock()))
    }

    /// Any other place, for tests.
    pub(super) fn to(sink: Box<dyn Write>) -> Self {
        Self { buffer: Vec::with_capacity(2 * PIECE), sink, failed: None, may_close: false }
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
    /// With the sentence to end with, as when a disk is full; or that nobody reads any more.
    pub(super) fn check(&mut self) -> Result<(), Stop> {
        match self.failed.take() {
            None => Ok(()),
            Some(error) if self.may_close && error.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Closed),
            Some(error) => {
                let failure = Failure::new(Exit::Runtime, "standard output cannot be written");
                Err(Stop::Failed(failure.because(error)))
            }
        }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// When it cannot be written, other than because nobody reads any more.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.drain();
        if self.failed.is_none() {
            self.failed = self.sink.flush().err();
        }
        match self.check() {
            Err(Stop::Failed(failure)) => Err(failure),
            _ => Ok(()),
        }
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
