//! Lines and the numbers in them.

use crate::{Error, ErrorKind, Limits, Reading};

/// The line that starts at `start`, without its end, and the offset behind its end; `None` when the end is not there
/// yet. A line ends with LF; a CR before it is not part of the line.
///
/// `searched` is where an earlier call stopped looking: what lies before it is not looked at again.
pub(crate) fn line<'a>(
    buf: &'a [u8],
    start: usize,
    searched: &mut usize,
    limits: &Limits,
    reading: Reading,
) -> Result<Option<(&'a [u8], usize)>, Error> {
    let from = (*searched).max(start);
    match buf.get(from..).and_then(find_line_feed) {
        Some(at) => {
            let line_feed = from + at;
            if line_feed - start > limits.max_line {
                return Err(Error::new(ErrorKind::LineTooLong, start, reading));
            }
            let line = buf.get(start..line_feed).unwrap_or_default();
            Ok(Some((line.strip_suffix(b"\r").unwrap_or(line), line_feed + 1)))
        }
        None if buf.len().saturating_sub(start) > limits.max_line => {
            Err(Error::new(ErrorKind::LineTooLong, start, reading))
        }
        None => {
            *searched = buf.len();
            Ok(None)
        }
    }
}

/// Headers are a few bytes long: looking at those by hand is cheaper than starting a vector search.
fn find_line_feed(bytes: &[u8]) -> Option<usize> {
    let (near, far) = bytes.split_at(bytes.len().min(16));
    near.iter().position(|&b| b == b'\n').or_else(|| memchr::memchr(b'\n', far).map(|at| near.len() + at))
}

/// A decimal integer that fills the whole of `digits`.
pub(crate) fn number(digits: &[u8]) -> Option<i64> {
    let (negative, digits) = match digits {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &d in digits {
        if !d.is_ascii_digit() {
            return None;
        }
        // Counting downwards reaches i64::MIN as well.
        value = value.checked_mul(10)?.checked_sub(i64::from(d - b'0'))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// A length: a number from zero to `most`.
pub(crate) fn length(digits: &[u8], most: usize, offset: usize, reading: Reading) -> Result<usize, Error> {
    let value = number(digits).ok_or(Error::new(ErrorKind::BadNumber, offset, reading))?;
    match usize::try_from(value) {
        Ok(len) if len <= most => Ok(len),
        _ => Err(Error::new(ErrorKind::BadLength, offset, reading)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_their_edges() {
        assert_eq!(number(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(number(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(number(b"9223372036854775808"), None);
        assert_eq!(number(b"+7"), Some(7));
        for bad in [&b""[..], b"-", b"+", b"1a", b" 1", b"0x1"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }
}
