use std::fmt::{self, Write};

use bytes::Bytes;

/// An error reply, taken apart once: the code that programs go by, and the text for people.
///
/// Servers write `-CODE message`; the code is the first word (`ERR`, `MOVED`, `OOM` ...). The texts differ
/// between servers and versions: never decide by them.
#[derive(Clone, PartialEq, Eq)]
pub struct ErrorReply {
    text: Bytes,
    code_len: usize,
}

impl ErrorReply {
    /// Takes the text of an error reply, without its leading `-` and trailing CR LF.
    #[must_use]
    pub fn new(text: Bytes) -> Self {
        let code_len = memchr::memchr(b' ', &text).unwrap_or(text.len());
        Self { text, code_len }
    }

    /// As [`new`](Self::new), from borrowed bytes; a leading `-` and a trailing CR LF are taken off when present.
    #[must_use]
    pub fn parse(line: &[u8]) -> Self {
        let line = line.strip_prefix(b"-").unwrap_or(line);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Self::new(Bytes::copy_from_slice(line))
    }

    /// The first word.
    #[must_use]
    pub fn code(&self) -> &[u8] {
        self.text.get(..self.code_len).unwrap_or_default()
    }

    /// What follows the first word; empty when nothing does.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.text.get(self.code_len + 1..).unwrap_or_default()
    }

    /// Code and message as one text.
    #[must_use]
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// Whether the code is `code`; codes are compared as the server writes them, in capitals.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code() == code.as_bytes()
    }
}

impl fmt::Display for ErrorReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.iter().try_for_each(|&byte| match byte {
            b' '..=b'~' => f.write_char(char::from(byte)),
            other => write!(f, "\\x{other:02x}"),
        })
    }
}

impl fmt::Debug for ErrorReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorReply({self})")
    }
}

impl std::error::Error for ErrorReply {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_message() {
        let e = ErrorReply::parse(b"-MOVED 3999 127.0.0.1:6381\r\n");
        assert_eq!((e.code(), e.message()), (&b"MOVED"[..], &b"3999 127.0.0.1:6381"[..]));
        assert!(e.is("MOVED"));
        let e = ErrorReply::parse(b"EXECABORT");
        assert_eq!((e.code(), e.message()), (&b"EXECABORT"[..], &b""[..]));
        assert_eq!(ErrorReply::parse(b"").code(), b"");
    }

    #[test]
    fn control_bytes_do_not_reach_a_log() {
        assert_eq!(ErrorReply::parse(b"ERR 'a'\x1b[31mb").to_string(), "ERR 'a'\\x1b[31mb");
    }
}
