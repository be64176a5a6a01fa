use crate::line::{length, line, number};
use crate::{Error, ErrorKind, Limits, Reading};

/// Finds the end of a reply without building it, and says of what kind it is.
///
/// Nearly all replies to a pipeline of writes are `+OK` or an integer: their kind and length are all that is wanted.
/// Used as [`CommandScanner`](crate::CommandScanner) is: handed the bytes from the start of a reply on, again with more
/// of them for as long as it answers `None`.
///
/// # Examples
/// ```
/// use resp::{ReplyKind, ReplyScanner};
/// let mut scanner = ReplyScanner::default();
/// assert_eq!(scanner.scan(b"*2\r\n:1\r\n$1"), Ok(None));
/// let found = scanner.scan(b"*2\r\n:1\r\n$1\r\nx\r\n+OK\r\n").unwrap().unwrap();
/// assert_eq!((found.len, found.kind), (15, ReplyKind::Array));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReplyScanner {
    limits: Limits,
    /// Offset of the element at hand.
    at: usize,
    searched: usize,
    /// How many elements are still to come, of every array that is open; the outermost first.
    open: Vec<usize>,
    kind: Option<ReplyKind>,
    has_error: bool,
}

/// What [`ReplyScanner::scan`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// Length of the reply in bytes.
    pub len: usize,
    /// Its kind.
    pub kind: ReplyKind,
    /// Whether it is an error, or one of its elements is: `EXEC` answers with the reply to each command.
    pub has_error: bool,
}

/// The kind of a reply, by its type byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyKind {
    /// `+`
    Simple,
    /// `-`, and `!` of RESP3
    Error,
    /// `:`
    Integer,
    /// `$`, and `=` of RESP3
    Bulk,
    /// `_` of RESP3, `$-1` and `*-1` of RESP2
    Null,
    /// `*`
    Array,
    /// `,`
    Double,
    /// `#`
    Boolean,
    /// `(`
    BigNumber,
    /// `%`
    Map,
    /// `~`
    Set,
    /// `>`: not an answer to anything that was asked.
    Push,
}

impl ReplyScanner {
    /// A scanner with limits of its own.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Looks for the end of the reply that starts at `buf[0]`; answers `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the bytes are not a reply, or it exceeds the limits. The offset counts from `buf[0]`.
    pub fn scan(&mut self, buf: &[u8]) -> Result<Option<Scanned>, Error> {
        loop {
            let Some(element) = self.element(buf)? else { return Ok(None) };
            self.at = element.behind;
            self.searched = 0;
            self.has_error |= element.kind == ReplyKind::Error;
            if element.is_attribute {
                // Attributes stand before the reply that they belong to, and are not counted as an element.
                self.push(element.children)?;
                if let Some(left) = self.open.last_mut() {
                    *left += 1;
                }
                continue;
            }
            if self.open.iter().all(|&left| left == 1) || self.open.is_empty() {
                self.kind.get_or_insert(element.kind);
            }
            if element.children > 0 {
                self.push(element.children)?;
            } else {
                self.close();
            }
            if self.open.is_empty() {
                let kind = self.kind.take().unwrap_or(element.kind);
                let has_error = std::mem::take(&mut self.has_error);
                return Ok(Some(Scanned { len: std::mem::take(&mut self.at), kind, has_error }));
            }
        }
    }

    fn push(&mut self, children: usize) -> Result<(), Error> {
        if self.open.len() >= self.limits.max_depth {
            return Err(Error::new(ErrorKind::TooDeep, self.at, Reading::Header));
        }
        self.open.push(children);
        Ok(())
    }

    /// Counts an element as read, and every array that ends with it.
    fn close(&mut self) {
        while let Some(left) = self.open.last_mut() {
            *left -= 1;
            if *left > 0 {
                return;
            }
            self.open.pop();
        }
    }

    fn element(&mut self, buf: &[u8]) -> Result<Option<Element>, Error> {
        let at = self.at;
        let Some(&kind) = buf.get(at) else { return Ok(None) };
        let Some((text, behind)) = line(buf, at + 1, &mut self.searched, &self.limits, Reading::Header)? else {
            return Ok(None);
        };
        let element = Element::parse(kind, text, at, behind, &self.limits)?;
        if element.behind > buf.len() {
            return Ok(None);
        }
        if element.is_bulk && !buf.get(..element.behind).is_some_and(|whole| whole.ends_with(b"\r\n")) {
            return Err(Error::new(ErrorKind::MissingCrLf, element.behind - 2, Reading::Bulk));
        }
        Ok(Some(element))
    }
}

/// One element of a reply: a scalar, a string, or the header of an array.
struct Element {
    kind: ReplyKind,
    /// Offset behind it; of an array, behind its header.
    behind: usize,
    children: usize,
    is_attribute: bool,
    /// Whether a string and its CR LF lie before `behind`.
    is_bulk: bool,
}

impl Element {
    fn parse(kind: u8, text: &[u8], at: usize, behind: usize, limits: &Limits) -> Result<Self, Error> {
        let scalar = |kind| Ok(Self { kind, behind, children: 0, is_attribute: false, is_bulk: false });
        let bulk = |kind| match text {
            b"-1" => scalar(ReplyKind::Null),
            _ => {
                let len = length(text, limits.max_bulk, at + 1, Reading::Bulk)?;
                Ok(Self { kind, behind: behind + len + 2, children: 0, is_attribute: false, is_bulk: true })
            }
        };
        let array = |kind, each: usize, is_attribute| match text {
            b"-1" => scalar(ReplyKind::Null),
            _ => {
                let children = length(text, limits.max_elements / each, at + 1, Reading::Header)? * each;
                Ok(Self { kind, behind, children, is_attribute, is_bulk: false })
            }
        };
        match kind {
            b'+' => scalar(ReplyKind::Simple),
            b'-' => scalar(ReplyKind::Error),
            b':' if number(text).is_none() => Err(Error::new(ErrorKind::BadNumber, at + 1, Reading::Scalar)),
            b':' => scalar(ReplyKind::Integer),
            b'$' | b'=' => bulk(ReplyKind::Bulk),
            b'!' => bulk(ReplyKind::Error),
            b'*' => array(ReplyKind::Array, 1, false),
            b'_' => scalar(ReplyKind::Null),
            b',' => scalar(ReplyKind::Double),
            b'#' => scalar(ReplyKind::Boolean),
            b'(' => scalar(ReplyKind::BigNumber),
            b'%' => array(ReplyKind::Map, 2, false),
            b'~' => array(ReplyKind::Set, 1, false),
            b'>' => array(ReplyKind::Push, 1, false),
            b'|' => array(ReplyKind::Map, 2, true),
            unknown => Err(Error::new(ErrorKind::UnknownType(unknown), at, Reading::Header)),
        }
    }
}
