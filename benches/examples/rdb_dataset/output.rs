//! Commands on standard output, and the random text in them.

use std::io::{self, Write};

use bytes::BytesMut;
use testbed::Random;

/// Collects commands and writes them in large pieces.
pub(crate) struct Output {
    buffer: BytesMut,
    random: Random,
}

impl Default for Output {
    fn default() -> Self {
        Self { buffer: BytesMut::new(), random: Random::new(SEED) }
    }
}

impl Output {
    /// Appends a command.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(crate) fn command<A: AsRef<[u8]>>(&mut self, args: &[A]) -> io::Result<()> {
        resp::put_command(&mut self.buffer, args);
        if self.buffer.len() < PIECE {
            return Ok(());
        }
        self.finish()
    }

    /// Writes what is not written yet.
    ///
    /// # Errors
    /// When standard output is gone.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        io::stdout().lock().write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Random lower-case letters and digits.
    pub(crate) fn text(&mut self, len: usize) -> String {
        (0..len).filter_map(|_| self.random.pick(CHARACTERS)).map(|&character| char::from(character)).collect()
    }

    /// A random number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }
}

const CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const PIECE: usize = 1 << 20;
const SEED: u64 = 42;
