use std::ops::Range;

use bytes::Bytes;

use crate::line::{length, line};
use crate::{Error, ErrorKind, Limits, Reading};

/// Finds the commands in what a client or a primary sends, without copying: an array of bulk strings, an inline
/// command, or a bare newline (the keepalive of a primary that has nothing to send yet).
///
/// The scanner is handed the bytes from the start of a command on, again with more bytes behind them for as long as
/// it answers `None`. It keeps its place: bytes that it has passed are not read again, so that a command of a million
/// arguments in small reads costs no more than in one read.
///
/// # Examples
/// ```
/// let mut scanner = resp::CommandScanner::default();
/// let whole = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
/// assert_eq!(scanner.scan(&whole[..9]), Ok(None));
/// assert_eq!(scanner.scan(whole), Ok(Some(whole.len())));
/// let args: Vec<&[u8]> = scanner.args().iter().map(|arg| &whole[arg.clone()]).collect();
/// assert_eq!(args, [&b"GET"[..], b"key"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct CommandScanner {
    limits: Limits,
    args: Vec<Range<usize>>,
    place: Place,
}

/// How far the scanner has come within the command at hand.
#[derive(Debug, Clone, Copy, Default)]
enum Place {
    /// Before the first byte, or in a first line whose end is not there yet.
    #[default]
    Start,
    /// In that first line; up to `searched` it has no end.
    FirstLine { searched: usize },
    /// Before the header of the next argument.
    Argument { at: usize, left: usize, searched: usize },
    /// Behind the command: the next call starts anew.
    Done,
}

impl CommandScanner {
    /// A scanner with limits of its own.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Looks for the end of the command that starts at `buf[0]`; answers its length in bytes, or `None` when more
    /// bytes are needed.
    ///
    /// A bare newline and an empty array are commands without arguments.
    ///
    /// # Errors
    /// When the bytes are not a command, or it exceeds the limits. The offset counts from `buf[0]`.
    pub fn scan(&mut self, buf: &[u8]) -> Result<Option<usize>, Error> {
        let mut place = match self.place {
            Place::Start | Place::Done => {
                self.args.clear();
                self.first_line(buf, 0)?
            }
            Place::FirstLine { searched } => self.first_line(buf, searched)?,
            within => Step::Go(within),
        };
        loop {
            match place {
                Step::End(len) => {
                    self.place = Place::Done;
                    return Ok(Some(len));
                }
                Step::Wait(at) => {
                    self.place = at;
                    return Ok(None);
                }
                Step::Go(Place::Argument { at, left, searched }) => place = self.arguments(buf, at, left, searched)?,
                Step::Go(_) => return Ok(None),
            }
        }
    }

    /// The arguments of the command that [`scan`](Self::scan) found last, the name first, as ranges of its buffer.
    #[must_use]
    pub fn args(&self) -> &[Range<usize>] {
        &self.args
    }

    /// Forgets a command that was begun, for when the bytes behind it will never come.
    pub fn reset(&mut self) {
        self.place = Place::Start;
        self.args.clear();
    }

    fn first_line(&mut self, buf: &[u8], searched: usize) -> Result<Step, Error> {
        let Some(&first) = buf.first() else { return Ok(Step::Wait(Place::Start)) };
        if first == b'*'
            && let Some((count, at)) = short_number(buf, 1)
        {
            return self.begin(count, at);
        }
        let mut searched = searched;
        let reading = if first == b'*' { Reading::ArgumentCount } else { Reading::Inline };
        let Some((text, behind)) = line(buf, 0, &mut searched, &self.limits, reading)? else {
            return Ok(Step::Wait(Place::FirstLine { searched }));
        };
        match text {
            [b'*', digits @ ..] => {
                // As in the server, a negative count is an empty command.
                let count = match digits {
                    [b'-', ..] => 0,
                    _ => length(digits, self.limits.max_elements, 1, Reading::ArgumentCount)?,
                };
                self.begin(count, behind)
            }
            _ => {
                split_inline(text, &mut self.args)?;
                Ok(Step::End(behind))
            }
        }
    }

    fn begin(&self, count: usize, at: usize) -> Result<Step, Error> {
        if count > self.limits.max_elements {
            return Err(Error::new(ErrorKind::BadLength, 1, Reading::ArgumentCount));
        }
        Ok(if count == 0 { Step::End(at) } else { Step::Go(Place::Argument { at, left: count, searched: 0 }) })
    }

    fn arguments(&mut self, buf: &[u8], at: usize, left: usize, searched: usize) -> Result<Step, Error> {
        let (mut at, mut left, mut searched) = (at, left, searched);
        while left > 0 {
            let Some((len, start)) = self.argument_header(buf, at, &mut searched)? else {
                return Ok(Step::Wait(Place::Argument { at, left, searched }));
            };
            let end = start + len;
            match buf.get(end..end + 2) {
                Some(b"\r\n") => {}
                Some(_) => return Err(Error::new(ErrorKind::MissingCrLf, end, Reading::Argument)),
                None => return Ok(Step::Wait(Place::Argument { at, left, searched })),
            }
            self.args.push(start..end);
            at = end + 2;
            left -= 1;
        }
        Ok(Step::End(at))
    }

    fn argument_header(&self, buf: &[u8], at: usize, searched: &mut usize) -> Result<Option<(usize, usize)>, Error> {
        let reading = Reading::ArgumentLength;
        let Some(&kind) = buf.get(at) else { return Ok(None) };
        if kind != b'$' {
            return Err(Error::new(ErrorKind::NotABulk(kind), at, reading));
        }
        let (len, behind) = match short_number(buf, at + 1) {
            Some(found) => found,
            None => match line(buf, at + 1, searched, &self.limits, reading)? {
                Some((digits, behind)) => (length(digits, self.limits.max_bulk, at + 1, reading)?, behind),
                None => return Ok(None),
            },
        };
        if len > self.limits.max_bulk {
            return Err(Error::new(ErrorKind::BadLength, at + 1, reading));
        }
        Ok(Some((len, behind)))
    }
}

enum Step {
    /// The command ends before this offset.
    End(usize),
    /// More bytes are needed to go on from here.
    Wait(Place),
    /// Go on from here.
    Go(Place),
}

/// A number of one to four digits and its CR LF, when all of it is there: nearly every header.
#[inline]
fn short_number(buf: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (i, &byte) in buf.get(at..)?.iter().take(5).enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + usize::from(byte - b'0'),
            b'\r' if i > 0 && buf.get(at + i + 1) == Some(&b'\n') => return Some((value, at + i + 2)),
            _ => return None,
        }
    }
    None
}

/// Splits an inline command at its blanks (`sdssplitargs`). Arguments in quotes keep their bytes as they stand: escapes
/// inside double quotes are not decoded, because ranges of the input are all that is handed out; no primary sends any.
fn split_inline(text: &[u8], args: &mut Vec<Range<usize>>) -> Result<(), Error> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | 0x0b | 0x0c => at += 1,
            b'"' | b'\'' => {
                let (arg, behind) = quoted(text, at, byte)?;
                args.push(arg);
                at = behind;
            }
            _ => {
                let rest = text.get(at..).unwrap_or_default();
                let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                args.push(at..at + len);
                at += len;
            }
        }
    }
    Ok(())
}

fn quoted(text: &[u8], at: usize, quote: u8) -> Result<(Range<usize>, usize), Error> {
    let unbalanced = Error::new(ErrorKind::UnbalancedQuotes, at, Reading::Inline);
    let mut end = at + 1;
    loop {
        match text.get(end) {
            None => return Err(unbalanced),
            Some(b'\\') => end += 2,
            Some(&byte) if byte == quote => break,
            Some(_) => end += 1,
        }
    }
    match text.get(end + 1) {
        None => Ok((at + 1..end, end + 1)),
        Some(next) if next.is_ascii_whitespace() => Ok((at + 1..end, end + 1)),
        Some(_) => Err(unbalanced),
    }
}

/// A whole command whose arguments share one buffer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// The arguments, the name first.
    pub args: Vec<Bytes>,
}

impl Command {
    /// Cuts a frame into arguments by the ranges that a [`CommandScanner`] found in it.
    #[must_use]
    pub fn from_ranges(frame: &Bytes, ranges: &[Range<usize>]) -> Self {
        Self { args: ranges.iter().map(|range| frame.slice(range.clone())).collect() }
    }

    /// The name as it was sent, or nothing for a bare newline.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.args.first().map_or(&[], |name| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Scanned = Option<(usize, Vec<Vec<u8>>)>;

    fn scan(bytes: &[u8]) -> Result<Scanned, Error> {
        let mut scanner = CommandScanner::default();
        let len = scanner.scan(bytes)?;
        Ok(len.map(|len| (len, scanner.args().iter().map(|r| bytes[r.clone()].to_vec()).collect())))
    }

    fn args(words: &[&str]) -> Vec<Vec<u8>> {
        words.iter().map(|w| w.as_bytes().to_vec()).collect()
    }

    #[test]
    fn arrays_inline_commands_and_newlines() {
        assert_eq!(scan(b"*1\r\n$4\r\nPING\r\nrest"), Ok(Some((14, args(&["PING"])))));
        assert_eq!(scan(b"*2\r\n$0\r\n\r\n$1\r\n\n\r\n"), Ok(Some((17, args(&["", "\n"])))));
        assert_eq!(scan(b"SET a 1\r\n"), Ok(Some((9, args(&["SET", "a", "1"])))));
        assert_eq!(scan(b"SET 'a b' \"c\"\n"), Ok(Some((14, args(&["SET", "a b", "c"])))));
        assert_eq!(scan(b"\n*1"), Ok(Some((1, args(&[])))));
        assert_eq!(scan(b"\r\n"), Ok(Some((2, args(&[])))));
        assert_eq!(scan(b"*0\r\n"), Ok(Some((4, args(&[])))));
        assert_eq!(scan(b"*-1\r\n"), Ok(Some((5, args(&[])))));
        assert_eq!(scan(b""), Ok(None));
    }

    #[test]
    fn errors_name_their_place() {
        let at = |bytes: &[u8]| scan(bytes).map_err(|e| (e.kind, e.offset));
        assert_eq!(at(b"*x\r\n"), Err((ErrorKind::BadNumber, 1)));
        assert_eq!(at(b"*1\r\n+OK\r\n"), Err((ErrorKind::NotABulk(b'+'), 4)));
        assert_eq!(at(b"*1\r\n$-1\r\n"), Err((ErrorKind::BadLength, 5)));
        assert_eq!(at(b"*1\r\n$99999999999\r\n"), Err((ErrorKind::BadLength, 5)));
        assert_eq!(at(b"*99999999999\r\n"), Err((ErrorKind::BadLength, 1)));
        assert_eq!(at(b"*1\r\n$2\r\nabc\r\n"), Err((ErrorKind::MissingCrLf, 10)));
        assert_eq!(at(b"SET 'a\r\n"), Err((ErrorKind::UnbalancedQuotes, 4)));
        assert_eq!(at(&[b'1'; 70_000]), Err((ErrorKind::LineTooLong, 0)));
    }

    #[test]
    fn a_scanner_serves_many_commands() {
        let stream = b"*1\r\n$4\r\nPING\r\nSET a b\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n";
        let (mut scanner, mut at, mut names) = (CommandScanner::default(), 0, Vec::new());
        while let Ok(Some(len)) = scanner.scan(&stream[at..]) {
            names.push(String::from_utf8_lossy(&stream[at..][scanner.args()[0].clone()]).into_owned());
            at += len;
        }
        assert_eq!((names, at), (vec!["PING".to_owned(), "SET".into(), "DEL".into()], stream.len()));
    }
}
