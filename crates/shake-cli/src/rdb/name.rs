//! Names of keys in sentences and tables.

use std::fmt::{self, Write};

/// A name in quotes, on one line, however hostile: what is not printable text is escaped, and a long one is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    bytes: &'a [u8],
    /// The length of the whole name, of which `bytes` may be the start.
    len: usize,
    limit: usize,
}

impl<'a> Name<'a> {
    /// The name, cut behind a length that is good for a sentence.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self::cut_at(bytes, 120)
    }

    /// The same, cut behind this many bytes.
    pub(super) const fn cut_at(bytes: &'a [u8], limit: usize) -> Self {
        Self { bytes, len: bytes.len(), limit }
    }

    /// The same, where only the start of a name of this length is known.
    pub(super) const fn of_length(self, len: usize) -> Self {
        Self { len, ..self }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = cut(self.bytes, self.limit);
        f.write_char('"')?;
        for chunk in shown.utf8_chunks() {
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
        if shown.len() < self.len {
            write!(f, "... ({} bytes)", self.len)?;
        }
        Ok(())
    }
}

/// At most this many bytes from the start, without half a character at the end.
pub(super) fn cut(bytes: &[u8], limit: usize) -> &[u8] {
    let Some(shown) = bytes.get(..limit).filter(|shown| shown.len() < bytes.len()) else { return bytes };
    let whole = shown.utf8_chunks().last().map_or(0, |chunk| {
        // What is cut is one that could go on, and does.
        let half = chunk.invalid();
        let start = shown.len() - half.len();
        let goes_on = (1..4).any(|more| bytes.get(start..limit + more).is_some_and(|c| std::str::from_utf8(c).is_ok()));
        if !half.is_empty() && goes_on { half.len() } else { 0 }
    });
    shown.get(..limit - whole).unwrap_or(shown)
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

    #[test]
    fn cuts_are_between_characters_and_lengths_are_true() {
        assert_eq!(Name::cut_at("abcé".as_bytes(), 4).to_string(), "\"abc\"... (5 bytes)");
        assert_eq!(Name::cut_at("a💡bc".as_bytes(), 4).to_string(), "\"a\"... (7 bytes)");
        assert_eq!(Name::cut_at(b"abc\xe2xyz", 4).to_string(), r#""abc\xe2"... (7 bytes)"#);
        assert_eq!(Name::cut_at(b"abcdef", 4).of_length(600).to_string(), "\"abcd\"... (600 bytes)");
    }
}
