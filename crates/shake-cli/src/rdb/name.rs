//! Names of keys in sentences and tables.

use std::fmt::{self, Write};

/// A name in quotes, on one line, however hostile: what is not printable text is escaped, and a long one is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    bytes: &'a [u8],
    limit: usize,
}

impl<'a> Name<'a> {
    /// The name, cut behind a length that is good for a sentence.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, limit: 120 }
    }

    /// The same, cut behind this many bytes.
    pub(super) const fn cut_at(bytes: &'a [u8], limit: usize) -> Self {
        Self { bytes, limit }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.bytes.get(..self.limit).filter(|cut| cut.len() < self.bytes.len());
        f.write_char('"')?;
        for chunk in cut.unwrap_or(self.bytes).utf8_chunks() {
            for character in chunk.valid().chars() {
                // Quotes and backslashes, controls, and what turns the direction of text.
                match character {
                    '\'' => f.write_char(character)?,
                    _ => write!(f, "{}", character.escape_debug())?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_char('"')?;
        if cut.is_some() {
            write!(f, "... ({} bytes)", self.bytes.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(Name::new("user:é'1".as_bytes()).to_string(), "\"user:é'1\"");
        assert_eq!(Name::new(b"a\"b\\\n\x1b[31m\xff").to_string(), r#""a\"b\\\n\u{1b}[31m\xff""#);
        assert_eq!(Name::new("\u{202e}x".as_bytes()).to_string(), r#""\u{202e}x""#);
        assert_eq!(Name::cut_at(b"abcdef", 4).to_string(), "\"abcd\"... (6 bytes)");
        assert_eq!(Name::cut_at(b"abcd", 4).to_string(), "\"abcd\"");
    }
}
