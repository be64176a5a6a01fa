use std::str::FromStr;

use nom::branch::alt;
use nom::bytes::complete::is_not;
use nom::character::complete::char;
use nom::combinator::{map, rest};
use nom::sequence::{preceded, separated_pair};
use nom::{IResult, Parser};

/// The answer to `INFO`, as keys and values; sections are passed over, since no two have the same key.
///
/// # Examples
/// ```
/// use cluster_router::Info;
/// let info = Info::parse(b"# Replication\r\nrole:master\r\nmaster_repl_offset:42\r\n")?;
/// assert_eq!(info.text("role"), Some("master"));
/// assert_eq!(info.number("master_repl_offset"), Some(42));
/// # Ok::<(), cluster_router::InfoError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info<'a> {
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Info<'a> {
    /// Reads the text of an `INFO` answer.
    ///
    /// # Errors
    /// When it is not text, or a line is neither a section's heading nor `key:value`; with the number of the line.
    pub fn parse(text: &'a [u8]) -> Result<Self, InfoError> {
        let text = std::str::from_utf8(text).map_err(|bad| InfoError::NotText { offset: bad.valid_up_to() })?;
        let mut fields = Vec::new();
        for (index, text) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let (_, field) = line(text).map_err(|_| InfoError::NoField { line: index + 1 })?;
            fields.extend(field);
        }
        Ok(Self { fields })
    }

    /// The value of a key.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.fields.iter().find(|(own, _)| *own == key).map(|(_, value)| *value)
    }

    /// The value of a key as a number; `None` when it is not there, or no such number.
    #[must_use]
    pub fn number<N: FromStr>(&self, key: &str) -> Option<N> {
        self.text(key)?.parse().ok()
    }

    /// A part of a value of parts: `offset` of `slave0:ip=127.0.0.1,port=7001,offset=42`.
    #[must_use]
    pub fn part(&self, key: &str, name: &str) -> Option<&'a str> {
        self.text(key)?.split(',').filter_map(|part| part.split_once('=')).find(|(own, _)| *own == name).map(|(_, v)| v)
    }

    /// All keys with their values, in the order of the answer.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.fields.iter().copied()
    }
}

/// A heading, or `key:value`; the value may be empty, and have colons.
fn line(text: &str) -> IResult<&str, Option<(&str, &str)>> {
    let heading = map(preceded(char('#'), rest), |_| None);
    let field = map(separated_pair(is_not(":"), char(':'), rest), Some);
    alt((heading, field)).parse(text)
}

/// Why a text is no answer to `INFO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InfoError {
    /// It is not UTF-8.
    #[error("bytes that are not UTF-8 at offset {offset} while reading INFO")]
    NotText {
        /// Offset of the first such byte.
        offset: usize,
    },
    /// A line has no key.
    #[error("no key and value at line {line} while reading INFO")]
    NoField {
        /// The line, the first one being 1.
        line: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_shapes() {
        let text = b"# Server\r\nexecutable:/a:b\r\nconfig_file:\r\n\r\n# Replication\r\n\
                     slave0:ip=::1,port=7001,state=online,offset=42,lag=0\r\n";
        let info = Info::parse(text).unwrap();
        assert_eq!(info.text("executable"), Some("/a:b"));
        assert_eq!(info.text("config_file"), Some(""));
        assert_eq!(info.text("role"), None);
        assert_eq!((info.part("slave0", "offset"), info.part("slave0", "ip")), (Some("42"), Some("::1")));
        assert_eq!(info.number::<u64>("executable"), None);
        assert_eq!(info.fields().count(), 3);
    }

    #[test]
    fn errors_name_the_line() {
        assert_eq!(Info::parse(b"a:1\r\n\r\nnonsense\r\n"), Err(InfoError::NoField { line: 3 }));
        assert_eq!(Info::parse(b":1"), Err(InfoError::NoField { line: 1 }));
        assert_eq!(Info::parse(b"a:\xff"), Err(InfoError::NotText { offset: 2 }));
    }
}
