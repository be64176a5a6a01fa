use memchr::memmem;

/// Recognises `REPLCONF GETACK *` in the stream without parsing commands.
///
/// It looks for the end of that command wherever it lies, also inside of values: a spare acknowledgement does no harm,
/// a late one blocks `WAIT` on the primary.
#[derive(Debug)]
pub(super) struct GetAckFinder {
    after_word: memmem::Finder<'static>,
    /// The last bytes of the stream, where a command may have begun.
    tail: Vec<u8>,
}

impl GetAckFinder {
    pub(super) fn new() -> Self {
        Self { after_word: memmem::Finder::new(AFTER_WORD), tail: Vec::with_capacity(2 * CARRY) }
    }

    /// Whether the command ends within `bytes`, the next bytes of the stream.
    pub(super) fn find(&mut self, bytes: &[u8]) -> bool {
        let (head, _) = bytes.split_at(bytes.len().min(CARRY));
        self.tail.extend_from_slice(head);
        let found = self.contains(&self.tail) || self.contains(bytes);
        self.keep_tail(bytes);
        found
    }

    fn contains(&self, bytes: &[u8]) -> bool {
        // The word comes in either case, depending on the server; what follows it has none.
        self.after_word
            .find_iter(bytes)
            .filter_map(|at| bytes.get(at.checked_sub(WORD.len())?..at))
            .any(|word| word.eq_ignore_ascii_case(WORD))
    }

    /// `tail` is the old tail and the head of `bytes` when this is called.
    fn keep_tail(&mut self, bytes: &[u8]) {
        if let Some(end) = bytes.len().checked_sub(CARRY) {
            self.tail.clear();
            self.tail.extend_from_slice(bytes.get(end..).unwrap_or_default());
        } else {
            let surplus = self.tail.len().saturating_sub(CARRY);
            self.tail.drain(..surplus);
        }
    }
}

const WORD: &[u8] = b"GETACK";
const AFTER_WORD: &[u8] = b"\r\n$1\r\n*\r\n";
/// One byte less than the whole pattern, so that what was found once is not found again.
const CARRY: usize = WORD.len() + AFTER_WORD.len() - 1;

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &[u8] = b"*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

    #[test]
    fn found_once_however_it_is_cut() {
        let mut stream = b"*1\r\n$4\r\nPING\r\n".to_vec();
        stream.extend_from_slice(COMMAND);
        stream.extend_from_slice(b"*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nDEL\r\n$1\r\n*\r\n");
        let end = 14 + COMMAND.len();
        for size in 1..stream.len() {
            let mut finder = GetAckFinder::new();
            let found: Vec<usize> =
                stream.chunks(size).enumerate().filter(|(_, chunk)| finder.find(chunk)).map(|(n, _)| n).collect();
            assert_eq!(found, [(end - 1) / size], "chunks of {size}");
        }
    }

    #[test]
    fn letter_case_does_not_matter() {
        assert!(GetAckFinder::new().find(&COMMAND.to_ascii_lowercase()));
        assert!(!GetAckFinder::new().find(b"\r\n$1\r\n*\r\n"));
    }
}
