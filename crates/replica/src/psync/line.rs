use bytes::{Buf, Bytes};

/// Takes lines off reads that may end anywhere.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    partial: Vec<u8>,
}

impl LineReader {
    /// How many bytes of a line have come that has not ended.
    pub(super) fn pending(&self) -> u64 {
        self.partial.len() as u64
    }

    /// The next line without its end, taken off the front of `input`; `None` when all of `input` was taken and the line
    /// has not ended.
    pub(super) fn take(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, LineTooLong> {
        let end = memchr::memchr(b'\n', input);
        let taken = end.map_or(input.len(), |at| at + 1);
        if self.partial.len() + taken > LONGEST {
            return Err(LineTooLong);
        }
        if end.is_none() {
            self.partial.extend_from_slice(input);
            input.advance(taken);
            return Ok(None);
        }
        let last = input.split_to(taken);
        Ok(Some(trimmed(if self.partial.is_empty() { last } else { self.joined(&last) })))
    }

    fn joined(&mut self, last: &[u8]) -> Bytes {
        let mut line = std::mem::take(&mut self.partial);
        line.extend_from_slice(last);
        line.into()
    }
}

#[derive(Debug)]
pub(super) struct LineTooLong;

fn trimmed(mut line: Bytes) -> Bytes {
    let end = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).map_or(line.len(), <[u8]>::len);
    line.truncate(end);
    line
}

/// Far above any handshake line; an error reply that quotes a command is the longest.
const LONGEST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_either_end() {
        let mut input = Bytes::from_static(b"+OK\r\n\n+PO");
        let mut lines = LineReader::default();
        assert_eq!(lines.take(&mut input).unwrap().unwrap(), "+OK");
        assert_eq!(lines.take(&mut input).unwrap().unwrap(), "");
        assert!(lines.take(&mut input).unwrap().is_none());
        let mut input = Bytes::from_static(b"NG\r\nrest");
        assert_eq!(lines.take(&mut input).unwrap().unwrap(), "+PONG");
        assert_eq!(input, "rest");
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = LineReader::default();
        for _ in 0..LONGEST {
            assert!(lines.take(&mut Bytes::from_static(b"x")).is_ok());
        }
        assert!(lines.take(&mut Bytes::from_static(b"x")).is_err());
    }
}
