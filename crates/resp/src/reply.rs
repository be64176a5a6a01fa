use bytes::Bytes;

use crate::line::number;
use crate::{Error, ErrorKind, ErrorReply, Limits, Reading, ReplyScanner};

/// A reply as a tree; strings share the buffer that the reply was read into.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// `+OK`
    Simple(Bytes),
    /// `-ERR ...`, and RESP3's `!`
    Error(ErrorReply),
    /// `:1`
    Integer(i64),
    /// `$3 ...`
    Bulk(Bytes),
    /// RESP3's `_`, and the negative lengths of RESP2.
    Null,
    /// `*2 ...`
    Array(Vec<Reply>),
    /// `,1.5`
    Double(f64),
    /// `#t`
    Boolean(bool),
    /// `(123...`
    BigNumber(Bytes),
    /// `=15 txt:...`: three letters that name the format, and the text.
    Verbatim {
        /// `txt` or `mkd`.
        format: [u8; 3],
        /// The text behind the colon.
        text: Bytes,
    },
    /// `%1 ...`
    Map(Vec<(Reply, Reply)>),
    /// `~2 ...`
    Set(Vec<Reply>),
    /// `>2 ...`: sent by the server of its own accord.
    Push(Vec<Reply>),
}

impl Reply {
    /// Builds the tree of a whole reply. Attributes (`|`) are passed over.
    ///
    /// # Errors
    /// When `frame` is not exactly one reply, as a [`ReplyScanner`] finds them.
    pub fn parse(frame: Bytes) -> Result<Self, Error> {
        Self::parse_within(frame, Limits::default())
    }

    /// As [`parse`](Self::parse), with limits other than a server's.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_within(frame: Bytes, limits: Limits) -> Result<Self, Error> {
        match ReplyScanner::new(limits).scan(&frame)? {
            Some(found) if found.len == frame.len() => Tree { frame: &frame, at: 0 }.reply(),
            _ => Err(Error::new(ErrorKind::Truncated, frame.len(), Reading::Header)),
        }
    }

    /// The bytes of a string of any kind.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Simple(bytes) | Self::Bulk(bytes) | Self::BigNumber(bytes) | Self::Verbatim { text: bytes, .. } => {
                Some(bytes)
            }
            _ => None,
        }
    }

    /// The value of an integer.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements of an array, set or push.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Reply]> {
        match self {
            Self::Array(elements) | Self::Set(elements) | Self::Push(elements) => Some(elements),
            _ => None,
        }
    }

    /// The first error in the reply: itself, or an element of it.
    #[must_use]
    pub fn first_error(&self) -> Option<&ErrorReply> {
        match self {
            Self::Error(error) => Some(error),
            Self::Array(elements) | Self::Set(elements) | Self::Push(elements) => {
                elements.iter().find_map(Self::first_error)
            }
            Self::Map(pairs) => pairs.iter().find_map(|(key, value)| key.first_error().or_else(|| value.first_error())),
            _ => None,
        }
    }

    /// The reply, or the error that it is.
    ///
    /// # Errors
    /// When the reply is an error.
    pub fn into_result(self) -> Result<Self, ErrorReply> {
        match self {
            Self::Error(error) => Err(error),
            reply => Ok(reply),
        }
    }
}

/// Walks a frame that the scanner has found whole: lengths and nesting have been checked by it.
struct Tree<'a> {
    frame: &'a Bytes,
    at: usize,
}

impl Tree<'_> {
    fn reply(&mut self) -> Result<Reply, Error> {
        let at = self.at;
        let kind = self.frame.get(at).copied().ok_or(Error::new(ErrorKind::Truncated, at, Reading::Header))?;
        let text = self.line()?;
        let null = text == "-1";
        Ok(match kind {
            b'+' => Reply::Simple(text),
            b'-' => Reply::Error(ErrorReply::new(text)),
            b':' => Reply::Integer(self.number(&text)?),
            b'(' => Reply::BigNumber(text),
            b',' => Reply::Double(self.double(&text)?),
            b'#' => Reply::Boolean(self.boolean(&text)?),
            b'_' => Reply::Null,
            b'$' | b'=' | b'!' | b'*' | b'~' | b'>' | b'%' if null => Reply::Null,
            b'$' => Reply::Bulk(self.bulk(&text)?),
            b'!' => Reply::Error(ErrorReply::new(self.bulk(&text)?)),
            b'=' => self.verbatim(&text)?,
            b'*' => Reply::Array(self.elements(&text)?),
            b'~' => Reply::Set(self.elements(&text)?),
            b'>' => Reply::Push(self.elements(&text)?),
            b'%' => Reply::Map(self.pairs(&text)?),
            b'|' => {
                self.pairs(&text)?;
                self.reply()?
            }
            unknown => return Err(Error::new(ErrorKind::UnknownType(unknown), at, Reading::Header)),
        })
    }

    fn line(&mut self) -> Result<Bytes, Error> {
        let start = self.at + 1;
        let rest = self.frame.get(start..).unwrap_or_default();
        let len = memchr::memchr(b'\n', rest).ok_or(Error::new(ErrorKind::Truncated, start, Reading::Header))?;
        self.at = start + len + 1;
        let has_cr = len > 0 && rest.get(len - 1) == Some(&b'\r');
        Ok(self.frame.slice(start..start + len - usize::from(has_cr)))
    }

    fn number(&self, text: &[u8]) -> Result<i64, Error> {
        number(text).ok_or(Error::new(ErrorKind::BadNumber, self.at, Reading::Scalar))
    }

    fn count(&self, text: &[u8]) -> Result<usize, Error> {
        usize::try_from(self.number(text)?).map_err(|_| Error::new(ErrorKind::BadLength, self.at, Reading::Header))
    }

    fn double(&self, text: &[u8]) -> Result<f64, Error> {
        let value = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        value.ok_or(Error::new(ErrorKind::BadValue, self.at, Reading::Scalar))
    }

    fn boolean(&self, text: &[u8]) -> Result<bool, Error> {
        match text {
            b"t" => Ok(true),
            b"f" => Ok(false),
            _ => Err(Error::new(ErrorKind::BadValue, self.at, Reading::Scalar)),
        }
    }

    fn bulk(&mut self, len: &[u8]) -> Result<Bytes, Error> {
        let (start, len) = (self.at, self.count(len)?);
        if self.frame.len() < start + len + 2 {
            return Err(Error::new(ErrorKind::Truncated, start, Reading::Bulk));
        }
        self.at = start + len + 2;
        Ok(self.frame.slice(start..start + len))
    }

    fn verbatim(&mut self, len: &[u8]) -> Result<Reply, Error> {
        let at = self.at;
        let text = self.bulk(len)?;
        match *text {
            [a, b, c, b':', ..] => Ok(Reply::Verbatim { format: [a, b, c], text: text.slice(4..) }),
            _ => Err(Error::new(ErrorKind::BadValue, at, Reading::Bulk)),
        }
    }

    fn elements(&mut self, count: &[u8]) -> Result<Vec<Reply>, Error> {
        (0..self.count(count)?).map(|_| self.reply()).collect()
    }

    fn pairs(&mut self, count: &[u8]) -> Result<Vec<(Reply, Reply)>, Error> {
        (0..self.count(count)?).map(|_| Ok((self.reply()?, self.reply()?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &'static str) -> Result<Reply, Error> {
        Reply::parse(Bytes::from_static(bytes.as_bytes()))
    }

    fn bulk(text: &'static str) -> Reply {
        Reply::Bulk(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn every_kind() {
        let cases = [
            ("+OK\r\n", Reply::Simple("OK".into())),
            ("-ERR no\r\n", Reply::Error(ErrorReply::parse(b"ERR no"))),
            ("!6\r\nERR no\r\n", Reply::Error(ErrorReply::parse(b"ERR no"))),
            (":-7\r\n", Reply::Integer(-7)),
            ("$3\r\na\r\n\r\n", bulk("a\r\n")),
            ("$-1\r\n", Reply::Null),
            ("*-1\r\n", Reply::Null),
            ("_\r\n", Reply::Null),
            ("*0\r\n", Reply::Array(vec![])),
            ("*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", Reply::Array(vec![Reply::Integer(1), Reply::Array(vec![bulk("x")])])),
            (",1.5\r\n", Reply::Double(1.5)),
            (",inf\r\n", Reply::Double(f64::INFINITY)),
            ("#t\r\n", Reply::Boolean(true)),
            ("(123456789012345678901234567890\r\n", Reply::BigNumber("123456789012345678901234567890".into())),
            ("=7\r\ntxt:abc\r\n", Reply::Verbatim { format: *b"txt", text: "abc".into() }),
            ("%1\r\n+a\r\n:1\r\n", Reply::Map(vec![(Reply::Simple("a".into()), Reply::Integer(1))])),
            ("~1\r\n:1\r\n", Reply::Set(vec![Reply::Integer(1)])),
            (">1\r\n:1\r\n", Reply::Push(vec![Reply::Integer(1)])),
            ("|1\r\n+ttl\r\n:9\r\n+OK\r\n", Reply::Simple("OK".into())),
            ("*2\r\n|1\r\n+ttl\r\n:9\r\n:1\r\n:2\r\n", Reply::Array(vec![Reply::Integer(1), Reply::Integer(2)])),
        ];
        for (text, want) in cases {
            assert_eq!(parse(text), Ok(want), "{text:?}");
        }
    }

    #[test]
    fn an_error_inside_exec_is_found() {
        let frame = Bytes::from_static(b"*2\r\n+OK\r\n-WRONGTYPE no\r\n");
        let found = ReplyScanner::default().scan(&frame).unwrap().unwrap();
        assert!(found.has_error);
        assert_eq!(Reply::parse(frame).unwrap().first_error(), Some(&ErrorReply::parse(b"WRONGTYPE no")));
        let mut scanner = ReplyScanner::default();
        assert!(scanner.scan(b"-ERR\r\n").unwrap().unwrap().has_error);
        assert!(!scanner.scan(b"*1\r\n+OK\r\n").unwrap().unwrap().has_error);
    }

    #[test]
    fn errors_name_their_place() {
        let at = |text| parse(text).map_err(|e| (e.kind, e.offset));
        assert_eq!(at("?\r\n"), Err((ErrorKind::UnknownType(b'?'), 0)));
        assert_eq!(at(":x\r\n"), Err((ErrorKind::BadNumber, 1)));
        assert_eq!(at("$-2\r\n"), Err((ErrorKind::BadLength, 1)));
        assert_eq!(at("$1\r\nabc"), Err((ErrorKind::MissingCrLf, 5)));
        assert_eq!(at("+OK\r\n+OK\r\n"), Err((ErrorKind::Truncated, 10)));
        assert_eq!(at("#x\r\n"), Err((ErrorKind::BadValue, 4)));
        let deep = Box::leak("*1\r\n".repeat(40).into_boxed_str());
        assert_eq!(at(deep), Err((ErrorKind::TooDeep, 132)));
    }
}
