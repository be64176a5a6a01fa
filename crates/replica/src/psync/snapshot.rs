use bytes::Bytes;
use memchr::memmem;

use super::reply::{MARK_LEN, SnapshotHeader};

/// Finds where the snapshot ends and the stream begins.
#[derive(Debug)]
pub(super) enum Framing {
    /// So many bytes are left.
    Len { left: u64 },
    /// It ends with a mark.
    Mark(Box<MarkSearch>),
}

impl Framing {
    pub(super) fn new(header: &SnapshotHeader) -> Self {
        match header {
            SnapshotHeader::Len(left) => Self::Len { left: *left },
            SnapshotHeader::Mark(mark) => Self::Mark(Box::new(MarkSearch::new(*mark))),
        }
    }

    /// The length that the primary announced.
    pub(super) fn len(&self) -> Option<u64> {
        match self {
            Self::Len { left } => Some(*left),
            Self::Mark(_) => None,
        }
    }

    /// Takes the snapshot's bytes off `input`, passes them to `emit` and says whether the snapshot is complete. All of
    /// `input` is taken when it is not.
    pub(super) fn take(&mut self, input: &mut Bytes, mut emit: impl FnMut(Bytes)) -> bool {
        match self {
            Self::Len { left } => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= taken as u64;
                emit(input.split_to(taken));
                *left == 0
            }
            Self::Mark(search) => search.take(input, emit),
        }
    }
}

/// Looks for the mark behind a snapshot of unknown length, wherever reads cut it.
#[derive(Debug)]
pub(super) struct MarkSearch {
    finder: memmem::Finder<'static>,
    /// How many bytes are held back: the end of the last read was the mark's first `held` bytes.
    held: usize,
}

impl MarkSearch {
    fn new(mark: [u8; MARK_LEN]) -> Self {
        Self { finder: memmem::Finder::new(&mark).into_owned(), held: 0 }
    }

    fn take(&mut self, input: &mut Bytes, mut emit: impl FnMut(Bytes)) -> bool {
        if self.held > 0
            && let Some(complete) = self.take_held(input, &mut emit)
        {
            return complete;
        }
        if let Some(at) = self.finder.find(input) {
            emit(input.split_to(at));
            drop(input.split_to(MARK_LEN));
            return true;
        }
        self.held = self.mark_prefix_at_end_of(input);
        emit(input.split_to(input.len() - self.held));
        input.clear();
        false
    }

    /// Decides about the bytes held back; `None` when they were snapshot and `input` is still to be looked at.
    fn take_held(&mut self, input: &mut Bytes, emit: &mut impl FnMut(Bytes)) -> Option<bool> {
        let held = std::mem::take(&mut self.held);
        let head = input.len().min(MARK_LEN - 1);
        let mut joint = self.finder.needle().get(..held).unwrap_or_default().to_vec();
        joint.extend_from_slice(input.get(..head).unwrap_or_default());

        if let Some(at) = self.finder.find(&joint) {
            // A mark that lies wholly in `input` is longer than `head`: this one begins in what was held.
            drop(input.split_to(at + MARK_LEN - held));
            joint.truncate(at);
            emit(joint.into());
            return Some(true);
        }
        if head < input.len() {
            joint.truncate(held);
            emit(joint.into());
            return None;
        }
        self.held = self.mark_prefix_at_end_of(&joint);
        joint.truncate(joint.len() - self.held);
        emit(joint.into());
        input.clear();
        Some(false)
    }

    /// The longest beginning of the mark that `bytes` end with, the whole mark excluded.
    fn mark_prefix_at_end_of(&self, bytes: &[u8]) -> usize {
        let mark = self.finder.needle();
        let longest = bytes.len().min(MARK_LEN - 1);
        (1..=longest).rev().find(|&n| mark.get(..n).is_some_and(|start| bytes.ends_with(start))).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(header: &SnapshotHeader, input: &[u8], size: usize) -> (Vec<u8>, Vec<u8>, bool) {
        let mut framing = Framing::new(header);
        let (mut snapshot, mut rest, mut complete) = (Vec::new(), Vec::new(), false);
        for chunk in input.chunks(size) {
            let mut chunk = Bytes::copy_from_slice(chunk);
            if !complete {
                complete = framing.take(&mut chunk, |bytes| snapshot.extend_from_slice(&bytes));
            }
            rest.extend_from_slice(&chunk);
        }
        (snapshot, rest, complete)
    }

    /// Marks that overlap with themselves are the hard ones.
    #[test]
    fn the_mark_is_found_wherever_reads_cut_it() {
        let marks =
            [*b"0123456789abcdef0123456789abcdef01234567", [b'a'; 40], *b"aaaaaaaaaabaaaaaaaaaabaaaaaaaaaabaaaaaaa"];
        for mark in marks {
            for tail in 0..MARK_LEN {
                let mut snapshot = b"REDIS0011 some keys ".to_vec();
                snapshot.extend_from_slice(&mark[..tail]);
                snapshot.push(b'-');
                snapshot.extend_from_slice(&mark[..tail]);
                snapshot.push(b'+');
                let input = [&snapshot[..], &mark, b"*1\r\n$4\r\nPING\r\n"].concat();
                for size in 1..=input.len() {
                    let (found, rest, complete) = run(&SnapshotHeader::Mark(mark), &input, size);
                    assert!(complete);
                    assert_eq!(found, snapshot, "chunks of {size}");
                    assert_eq!(rest, b"*1\r\n$4\r\nPING\r\n");
                }
            }
        }
    }

    #[test]
    fn a_counted_snapshot_ends_where_it_says() {
        for size in 1..12 {
            assert_eq!(run(&SnapshotHeader::Len(5), b"12345678", size), (b"12345".to_vec(), b"678".to_vec(), true));
        }
        assert!(!run(&SnapshotHeader::Len(9), b"12345678", 3).2);
    }
}
