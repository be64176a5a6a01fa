//! How the program ends: one exit code, and on failure one sentence.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// The reasons to end, each with its documented exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// 0: done, or stopped on request.
    Ok,
    /// 1: something failed at run time.
    Runtime,
    /// 2: the arguments or the configuration are wrong.
    Usage,
    /// 3: a check before the start refused to begin.
    Refused,
    /// 4: verification found differences.
    Differences,
    /// 5: another link or a role change fenced this one.
    Fenced,
    /// 6: the source no longer has the history that is needed, and a full resync is not allowed.
    HistoryLost,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 7] =
        [Self::Ok, Self::Runtime, Self::Usage, Self::Refused, Self::Differences, Self::Fenced, Self::HistoryLost];

    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Runtime => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Differences => 4,
            Self::Fenced => 5,
            Self::HistoryLost => 6,
        }
    }

    /// What the code says, for the help text.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done, or stopped on request",
            Self::Runtime => "failed at run time",
            Self::Usage => "wrong arguments or configuration",
            Self::Refused => "refused by a check before the start",
            Self::Differences => "verification found differences",
            Self::Fenced => "fenced by another link or a role change",
            Self::HistoryLost => "history lost: a full resync is needed and not allowed",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why the program ends early: an exit code and the sentence that goes to standard error.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    sentence: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure that is its own cause.
    #[must_use]
    pub fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self { exit, sentence: sentence.into(), source: None }
    }

    /// A failure that says what `error` says, causes included.
    #[must_use]
    pub fn of(exit: Exit, error: impl Error) -> Self {
        Self::new(exit, with_causes(&error))
    }

    /// The same failure, with the error that caused it.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// How the program ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The whole sentence, causes included, on one line.
    #[must_use]
    pub fn line(&self) -> String {
        with_causes(self)
    }

    /// Ends the program: writes the sentence to standard error and gives the exit code to return from `main`.
    #[must_use = "main returns it"]
    pub fn end(self) -> ExitCode {
        // Whoever closed standard error does not want to know, but the exit code still counts.
        let _ = writeln!(io::stderr(), "shake-cli: {}", self.line());
        self.exit.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// An error and its causes, joined by colons, without line breaks or other control characters.
fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_documented_ones() {
        let codes: Vec<u8> = Exit::ALL.into_iter().map(Exit::code).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_failure_is_one_line_with_its_causes() {
        let cause = std::io::Error::other("disk\nfull");
        let failure = Failure::new(Exit::Runtime, "the backlog cannot be written").because(cause);
        assert_eq!(failure.line(), "the backlog cannot be written: disk full");
        assert_eq!(Failure::of(Exit::Fenced, failure).line(), "the backlog cannot be written: disk full");
    }
}
