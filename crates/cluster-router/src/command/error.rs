use std::fmt;

/// Why the keys of a command cannot be told: what is wrong, and at which argument of which command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyError {
    /// What is wrong.
    pub kind: KeyErrorKind,
    /// The command, as the table names it.
    pub command: &'static str,
    /// Index of the argument that is wrong or missing; 0 is the name.
    pub argument: usize,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at argument {} while reading the keys of {}", self.kind, self.argument, self.command)
    }
}

impl std::error::Error for KeyError {}

/// What is wrong with the arguments of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// More or fewer arguments than the command takes.
    WrongArity,
    /// A container without a subcommand, or with one that is not in the table.
    UnknownSubcommand,
    /// An argument that must be there is not.
    MissingArgument,
    /// A number of keys that is not a number, or a negative one.
    BadCount,
    /// A number of keys for which there are too few arguments.
    CountTooLarge,
    /// Keys and what belongs to each of them do not come out even.
    Unpaired,
    /// The keyword that announces the keys is missing.
    MissingKeyword,
    /// Keys are given in two ways that exclude each other.
    Conflicting,
}

impl fmt::Display for KeyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongArity => "wrong number of arguments",
            Self::UnknownSubcommand => "unknown subcommand",
            Self::MissingArgument => "missing argument",
            Self::BadCount => "number of keys is not a number",
            Self::CountTooLarge => "fewer arguments than keys are announced",
            Self::Unpaired => "keys and their values do not come out even",
            Self::MissingKeyword => "missing keyword",
            Self::Conflicting => "keys given twice",
        })
    }
}
