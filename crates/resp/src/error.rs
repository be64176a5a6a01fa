use std::fmt;

/// Why bytes are not RESP: what is wrong, where, and in the middle of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Offset of the offending byte, counted from the first byte of the frame it is in.
    pub offset: usize,
    /// What was being read.
    pub reading: Reading,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, offset: usize, reading: Reading) -> Self {
        Self { kind, offset, reading }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {} while reading {}", self.kind, self.offset, self.reading)
    }
}

impl std::error::Error for Error {}

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A frame starts with a byte that names no type.
    UnknownType(u8),
    /// A number is not a decimal integer, or does not fit 64 bits.
    BadNumber,
    /// A length is negative where that has no meaning, or beyond its limit.
    BadLength,
    /// A line does not end within [`Limits::max_line`](crate::Limits::max_line).
    LineTooLong,
    /// The two bytes behind a bulk string are not CR LF.
    MissingCrLf,
    /// An inline command has a quote that is not closed, or text right behind a closing quote.
    UnbalancedQuotes,
    /// A reply is nested deeper than [`Limits::max_depth`](crate::Limits::max_depth).
    TooDeep,
    /// An argument of a command is not a bulk string.
    NotABulk(u8),
    /// A boolean or a double is not one.
    BadValue,
    /// Bytes end in the middle of a frame that was said to be whole.
    Truncated,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType(b) => write!(f, "unknown type byte 0x{b:02x}"),
            Self::BadNumber => f.write_str("not a number"),
            Self::BadLength => f.write_str("length out of bounds"),
            Self::LineTooLong => f.write_str("line too long"),
            Self::MissingCrLf => f.write_str("missing CR LF"),
            Self::UnbalancedQuotes => f.write_str("unbalanced quotes"),
            Self::TooDeep => f.write_str("nested too deep"),
            Self::NotABulk(b) => write!(f, "expected '$', found byte 0x{b:02x}"),
            Self::BadValue => f.write_str("malformed value"),
            Self::Truncated => f.write_str("bytes end"),
        }
    }
}

/// The part of a frame that was being read when an error was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// The first byte of a frame, or the line behind it.
    Header,
    /// The number of arguments of a command.
    ArgumentCount,
    /// The length of an argument.
    ArgumentLength,
    /// An argument.
    Argument,
    /// An inline command.
    Inline,
    /// A bulk string of a reply.
    Bulk,
    /// A simple value of a reply: integer, double, boolean.
    Scalar,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "a frame's header",
            Self::ArgumentCount => "a command's argument count",
            Self::ArgumentLength => "an argument's length",
            Self::Argument => "an argument",
            Self::Inline => "an inline command",
            Self::Bulk => "a bulk string",
            Self::Scalar => "a scalar",
        })
    }
}
