use std::io::{self, Write};

use indicatif::ProgressBar;
use tracing_subscriber::fmt::MakeWriter;

/// Writes log lines to standard error, above the rows that are drawn there.
#[derive(Debug)]
pub(crate) struct Above {
    bar: ProgressBar,
}

/// Takes whole lines, each in one piece.
#[derive(Debug)]
pub(crate) struct Lines<'a>(&'a ProgressBar);

impl Above {
    pub(super) fn new(bar: ProgressBar) -> Self {
        Self { bar }
    }
}

impl<'a> MakeWriter<'a> for Above {
    type Writer = Lines<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Lines(&self.bar)
    }
}

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
