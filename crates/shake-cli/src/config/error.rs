//! What can be wrong with a configuration file.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::place::Place;
use crate::exit::{Exit, Failure};

/// The class of a [`ConfigError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The file cannot be read.
    Unreadable,
    /// The file is not TOML.
    Syntax,
    /// A key or a section that does not exist.
    UnknownKey,
    /// A value of another type than the key takes.
    WrongType,
    /// A key that must be there is not.
    Missing,
    /// A value out of range, of an unknown name, or at odds with another key.
    BadValue,
    /// A `${NAME}` that is malformed, or whose variable is not set.
    Variable,
    /// A valid setting that this version cannot honour.
    NotSupported,
    /// A working directory or password file that cannot be used.
    File,
    /// Source and target are the same node.
    SameNode,
}

/// A configuration that cannot be used, as one sentence: `file:line: [section] key: problem`.
#[derive(Debug)]
pub struct ConfigError {
    kind: ConfigErrorKind,
    file: PathBuf,
    line: Option<usize>,
    key: Option<String>,
    problem: String,
    source: Option<io::Error>,
}

impl ConfigError {
    /// An error about the key at `place`, or about the whole file. The problem never holds a secret's value.
    pub(super) fn new(kind: ConfigErrorKind, place: Option<&Place>, problem: impl Into<String>) -> Self {
        Self {
            kind,
            file: PathBuf::new(),
            line: place.and_then(|place| place.line),
            key: place.map(Place::to_string),
            problem: problem.into(),
            source: None,
        }
    }

    /// An error about a line that is not a key's.
    pub(super) fn at_line(kind: ConfigErrorKind, line: Option<usize>, problem: impl Into<String>) -> Self {
        Self { line, ..Self::new(kind, None, problem) }
    }

    /// The same error, with what the operating system said.
    pub(super) fn because(self, source: io::Error) -> Self {
        Self { source: Some(source), ..self }
    }

    /// The same error, with the name of the file it is about.
    pub(super) fn in_file(self, file: &Path) -> Self {
        Self { file: file.to_path_buf(), ..self }
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }

    /// The line it is about, counted from 1, where there is one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// How the program ends because of it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.kind {
            ConfigErrorKind::SameNode => Exit::Refused,
            _ => Exit::Usage,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What turns out after the file was read is no matter of one of its lines.
        if self.file.as_os_str().is_empty() {
            return f.write_str(&self.problem);
        }
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if let Some(key) = &self.key {
            write!(f, " {key}:")?;
        }
        write!(f, " {}", self.problem)
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// A value that cannot be.
pub(super) fn bad(place: &Place, problem: impl Into<String>) -> ConfigError {
    ConfigError::new(ConfigErrorKind::BadValue, Some(place), problem)
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::of(error.exit(), error)
    }
}
