//! RESP2 replies.

use crate::Error;

/// A reply of a server, RESP2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A null bulk string or a null array.
    Null,
    /// `+OK` and the like.
    Simple(String),
    /// `-CODE message`, without the dash.
    Error(String),
    /// An integer.
    Integer(i64),
    /// A bulk string.
    Bulk(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
}

impl Value {
    /// The bytes of a bulk or simple string.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bulk(bytes) => Some(bytes),
            Self::Simple(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// A bulk or simple string as text (lossy), an integer as its digits; empty for everything else.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Simple(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            _ => String::new(),
        }
    }

    /// An integer, also one that came as a string.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Bulk(_) | Self::Simple(_) => self.text().parse().ok(),
            _ => None,
        }
    }

    /// The items of an array; empty for everything else.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The error reply's text.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Error(text) => Some(text),
            _ => None,
        }
    }

    /// Turns an error reply into [`Error::Reply`].
    ///
    /// # Errors
    /// When this is an error reply.
    pub fn into_result(self, command: &str) -> Result<Self, Error> {
        match self {
            Self::Error(text) => Err(Error::Reply { command: command.to_owned(), text }),
            value => Ok(value),
        }
    }
}
