//! Where a snapshot is read from, and how far that is.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::InputArgs;
use crate::exit::{Exit, Failure};

/// A file or standard input, read in pieces.
pub(super) struct Input {
    name: String,
    source: Box<dyn Read>,
    piece: Vec<u8>,
    bar: ProgressBar,
}

impl Input {
    /// Opens what the arguments name.
    ///
    /// # Errors
    /// With the usage code, when the file cannot be opened.
    pub(super) fn open(args: &InputArgs) -> Result<Self, Failure> {
        match args.file.as_deref().filter(|file| *file != Path::new("-")) {
            None => Ok(Self::new("standard input".to_owned(), Box::new(io::stdin().lock()), None)),
            Some(path) => Self::file(path),
        }
    }

    fn file(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let failed = |error| Failure::new(Exit::Usage, format!("{name} cannot be opened")).because(error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(Failure::new(Exit::Usage, format!("{name} is a folder, not a snapshot")));
        }
        let len = metadata.is_file().then_some(metadata.len());
        Ok(Self::new(name, Box::new(file), len))
    }

    fn new(name: String, source: Box<dyn Read>, len: Option<u64>) -> Self {
        Self { name, source, piece: vec![0; PIECE], bar: bar(len) }
    }

    /// What to call it in a sentence.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub(super) fn read(&mut self) -> Result<&[u8], Failure> {
        loop {
            match self.source.read(&mut self.piece) {
                Ok(len) => {
                    self.bar.inc(len as u64);
                    return Ok(self.piece.get(..len).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let sentence = format!("{} cannot be read", self.name);
                    return Err(Failure::new(Exit::Runtime, sentence).because(error));
                }
            }
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A progress bar on standard error, if somebody sees it there.
fn bar(len: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match len {
        Some(len) => (ProgressBar::new(len), "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"),
        None => (ProgressBar::no_length(), "{spinner} {bytes}, {bytes_per_sec}"),
    };
    // The template is a constant; were it wrong, the plain bar would do.
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What is read at once, at most.
const PIECE: usize = 256 << 10;
