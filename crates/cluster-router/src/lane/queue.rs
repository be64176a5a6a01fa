//! What a lane has to send, has sent, and has not had confirmed: one queue with two cursors.

use std::collections::VecDeque;

use bytes::BytesMut;

use super::Verdict;
use crate::{Phase, Slot};

/// One command, or one transaction from MULTI to EXEC, on its way to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The slot of its keys; none for what has no key.
    pub(crate) slot: Option<Slot>,
    /// How many replies the node will send for it.
    pub(crate) replies: u32,
    /// The database it is for.
    pub(crate) db: u32,
    /// The part of the source's history that it is from, for messages.
    pub(crate) phase: Phase,
    /// Offset of its end in that part, for messages.
    pub(crate) offset: u64,
    /// Whether it was sent before, and may have taken effect then.
    pub(crate) repeated: bool,
    /// Whether something behind it was sent in the belief that it would succeed.
    pub(crate) relied_on: bool,
    /// Whether a data error is as good as a success. Of a snapshot's entry it is told.
    pub(crate) forgiving: bool,
    /// What its last reply is handed back with, when somebody wants to know it.
    pub(crate) token: Option<u64>,
    /// The round that it is counted in; `None` for what the lane itself sends.
    pub(crate) round: Option<u64>,
}

impl Entry {
    /// What a data error means for it when it is forgiving.
    pub(crate) fn forgiven(&self) -> Verdict {
        match self.phase {
            Phase::Snapshot => Verdict::Concede,
            Phase::Stream => Verdict::Accept,
        }
    }
}

/// Entries in order, encoded, in blocks. Bytes stay until they are confirmed: what a lost or redirected connection
/// leaves open is handed out again from here.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    blocks: VecDeque<Block>,
    /// The first entry of the first block that is not confirmed.
    head: usize,
    /// Block and byte up to which bytes were written to the connection.
    sent: Cursor,
    /// Bytes that are not confirmed, written or not.
    bytes: usize,
    /// Bytes that are not written.
    unsent: usize,
    spare: Option<Block>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Cursor {
    block: usize,
    byte: usize,
}

#[derive(Debug, Default)]
struct Block {
    bytes: BytesMut,
    entries: Vec<Placed>,
    /// Nothing behind this block is sent before the block is confirmed.
    is_barrier: bool,
}

#[derive(Debug, Clone, Copy)]
struct Placed {
    entry: Entry,
    /// Where the entry ends in the bytes of its block.
    end: usize,
}

impl Queue {
    /// Appends an entry; `encode` writes its bytes.
    pub(crate) fn push(&mut self, entry: Entry, encode: impl FnOnce(&mut BytesMut)) {
        if self.blocks.back().is_none_or(|block| block.is_barrier || block.bytes.len() >= BLOCK_BYTES) {
            self.begin_block(false);
        }
        self.append(entry, encode);
    }

    /// Appends an entry that must be confirmed before anything behind it is sent.
    pub(crate) fn push_barrier(&mut self, entry: Entry, encode: impl FnOnce(&mut BytesMut)) {
        self.begin_block(true);
        self.append(entry, encode);
    }

    fn begin_block(&mut self, is_barrier: bool) {
        let block = self.spare.take().unwrap_or_default();
        self.blocks.push_back(Block { is_barrier, ..block });
        self.leave_written_block();
    }

    fn append(&mut self, entry: Entry, encode: impl FnOnce(&mut BytesMut)) {
        let Some(block) = self.blocks.back_mut() else { return };
        let start = block.bytes.len();
        encode(&mut block.bytes);
        let end = block.bytes.len();
        block.entries.push(Placed { entry, end });
        self.bytes += end - start;
        self.unsent += end - start;
    }

    /// Bytes that are held: not confirmed.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that were written and are not confirmed.
    pub(crate) fn in_flight(&self) -> usize {
        self.bytes - self.unsent
    }

    pub(crate) fn has_unsent(&self) -> bool {
        self.unsent > 0
    }

    /// The next bytes to write; empty when all are written, or a barrier is not confirmed.
    pub(crate) fn unsent(&self) -> &[u8] {
        if self.blocks.iter().take(self.sent.block).any(|block| block.is_barrier) {
            return &[];
        }
        self.blocks.get(self.sent.block).and_then(|block| block.bytes.get(self.sent.byte..)).unwrap_or_default()
    }

    /// As [`unsent`](Self::unsent), but no further than the end of an entry that was written in part: a connection
    /// can only be left, or listened to, between two entries.
    pub(crate) fn unsent_of_begun_entry(&self) -> &[u8] {
        let Some(block) = self.blocks.get(self.sent.block) else { return &[] };
        let (start, end) = block.entry_around(self.sent.byte);
        if start == self.sent.byte { &[] } else { block.bytes.get(self.sent.byte..end).unwrap_or_default() }
    }

    /// Notes that `len` bytes of [`unsent`](Self::unsent) were written.
    pub(crate) fn wrote(&mut self, len: usize) {
        self.unsent -= len;
        self.sent.byte += len;
        self.leave_written_block();
    }

    /// Moves the cursor from the end of a block to the start of the next, when there is one.
    fn leave_written_block(&mut self) {
        let last = self.blocks.len().saturating_sub(1);
        let is_written = |block: &Block| block.bytes.len() == self.sent.byte;
        if self.sent.block < last && self.blocks.get(self.sent.block).is_some_and(is_written) {
            self.sent = Cursor { block: self.sent.block + 1, byte: 0 };
        }
    }

    /// The first entry that is not confirmed, when the whole of it was written.
    pub(crate) fn head(&self) -> Option<Entry> {
        let placed = self.blocks.front()?.entries.get(self.head)?;
        (self.sent.block > 0 || placed.end <= self.sent.byte).then_some(placed.entry)
    }

    /// The first entry that is not confirmed, when something of it was written; and whether that was all of it.
    pub(crate) fn begun(&self) -> Option<(Entry, bool)> {
        let block = self.blocks.front()?;
        let placed = block.entries.get(self.head)?;
        let is_begun = self.sent.block > 0 || block.extent(self.head).0 < self.sent.byte;
        is_begun.then_some((placed.entry, self.sent.block > 0 || placed.end <= self.sent.byte))
    }

    /// The bytes of the first entry that is not confirmed.
    pub(crate) fn head_bytes(&self) -> &[u8] {
        self.blocks.front().map_or(&[], |block| block.bytes_of(self.head))
    }

    /// Takes the first entry off: it is confirmed.
    pub(crate) fn pop(&mut self) {
        let Some(block) = self.blocks.front() else { return };
        self.bytes -= block.bytes_of(self.head).len();
        self.head += 1;
        if self.head < block.entries.len() {
            return;
        }
        self.head = 0;
        let only = self.blocks.len() == 1;
        if let Some(block) = self.blocks.pop_front() {
            self.recycle(block);
        }
        if only {
            self.sent = Cursor::default();
        } else if self.sent.block > 0 {
            self.sent.block -= 1;
        }
    }

    /// The entries that are not confirmed, each with its bytes, in order. Those that were written, if only in part, are
    /// marked as repeated.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Entry, &[u8])> {
        let sent = self.sent;
        self.blocks.iter().enumerate().flat_map(move |(at, block)| {
            let first = if at == 0 { self.head } else { 0 };
            let placed = block.entries.iter().enumerate().skip(first);
            placed.map(move |(index, placed)| {
                let bytes = block.bytes_of(index);
                let is_written = at < sent.block || (at == sent.block && placed.end - bytes.len() < sent.byte);
                (Entry { repeated: placed.entry.repeated || is_written, ..placed.entry }, bytes)
            })
        })
    }

    /// The same entries, as `change` makes them; those that it makes nothing of are left out.
    pub(crate) fn rebuilt(&self, mut change: impl FnMut(Entry) -> Option<Entry>) -> Self {
        let mut rebuilt = Self::default();
        for (entry, bytes) in self.entries() {
            if let Some(entry) = change(entry) {
                rebuilt.push(entry, |out| out.extend_from_slice(bytes));
            }
        }
        rebuilt
    }

    /// Keeps an ordinary block's memory for the next one; a giant value's goes back.
    fn recycle(&mut self, mut block: Block) {
        if block.bytes.capacity() <= 4 * BLOCK_BYTES {
            block.bytes.clear();
            block.entries.clear();
            self.spare = Some(block);
        }
    }
}

impl Block {
    fn bytes_of(&self, index: usize) -> &[u8] {
        let (start, end) = self.extent(index);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Start and end of the entry that the byte at `at` belongs to.
    fn entry_around(&self, at: usize) -> (usize, usize) {
        self.extent(self.entries.partition_point(|placed| placed.end <= at))
    }

    /// Start and end of the entry at `index`; the end twice when there is none.
    fn extent(&self, index: usize) -> (usize, usize) {
        let start = index.checked_sub(1).and_then(|before| self.entries.get(before)).map_or(0, |placed| placed.end);
        (start, self.entries.get(index).map_or(start, |placed| placed.end))
    }
}

/// A block takes no further entry once it holds this much: one write, and one step of giving memory back.
const BLOCK_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(offset: u64) -> Entry {
        let phase = Phase::Stream;
        Entry {
            slot: None,
            replies: 1,
            db: 0,
            phase,
            offset,
            repeated: false,
            relied_on: false,
            forgiving: false,
            token: None,
            round: Some(0),
        }
    }

    fn filled(lens: &[usize]) -> Queue {
        let mut queue = Queue::default();
        for (i, &len) in lens.iter().enumerate() {
            queue.push(entry(i as u64), |out| out.resize(out.len() + len, b"0123456789"[i]));
        }
        queue
    }

    /// Writes what the queue offers, `step` bytes at a time.
    fn write_all(queue: &mut Queue, step: usize) -> Vec<u8> {
        let mut written = Vec::new();
        while !queue.unsent().is_empty() {
            let len = queue.unsent().len().min(step);
            written.extend_from_slice(&queue.unsent()[..len]);
            queue.wrote(len);
        }
        written
    }

    #[test]
    fn bytes_leave_in_order_and_stay_until_confirmed() {
        for step in [1, 7, 1 << 20] {
            let lens = [3, BLOCK_BYTES, 5, BLOCK_BYTES - 1, 1, 1];
            let mut queue = filled(&lens);
            let total: usize = lens.iter().sum();
            assert_eq!(write_all(&mut queue, step).len(), total);
            assert_eq!((queue.bytes(), queue.in_flight(), queue.has_unsent()), (total, total, false));
            for (i, len) in lens.iter().enumerate() {
                assert_eq!(queue.head(), Some(entry(i as u64)));
                assert_eq!(queue.head_bytes().len(), *len);
                queue.pop();
            }
            assert_eq!((queue.head(), queue.bytes()), (None, 0));
        }
    }

    #[test]
    fn an_entry_written_in_part_is_no_head_yet() {
        let mut queue = filled(&[4, 4]);
        assert_eq!((queue.head(), queue.unsent_of_begun_entry()), (None, &b""[..]));
        queue.wrote(6);
        assert_eq!((queue.head(), queue.unsent_of_begun_entry()), (Some(entry(0)), &b"11"[..]));
        queue.pop();
        assert_eq!(queue.head(), None);
        queue.wrote(2);
        assert_eq!((queue.head(), queue.unsent_of_begun_entry()), (Some(entry(1)), &b""[..]));
    }

    #[test]
    fn a_new_block_behind_a_written_one_is_sent() {
        let mut queue = filled(&[BLOCK_BYTES]);
        write_all(&mut queue, BLOCK_BYTES);
        queue.push(entry(1), |out| out.extend_from_slice(b"next"));
        assert_eq!(write_all(&mut queue, 9), b"next");
    }

    #[test]
    fn entries_pushed_behind_a_popped_block_are_sent() {
        let mut queue = filled(&[4]);
        write_all(&mut queue, 9);
        queue.pop();
        queue.push(entry(7), |out| out.extend_from_slice(b"next"));
        assert_eq!(write_all(&mut queue, 9), b"next");
        assert_eq!(queue.head(), Some(entry(7)));
    }

    #[test]
    fn nothing_passes_a_barrier() {
        let mut queue = filled(&[3]);
        queue.push_barrier(entry(1), |out| out.extend_from_slice(b"select"));
        queue.push(entry(2), |out| out.extend_from_slice(b"behind"));
        assert_eq!(write_all(&mut queue, 99), b"000select");
        queue.pop();
        assert!(queue.unsent().is_empty() && queue.has_unsent());
        queue.pop();
        assert_eq!(write_all(&mut queue, 99), b"behind");
    }

    #[test]
    fn entries_that_were_begun_are_marked() {
        let mut queue = filled(&[3, 3, 3]);
        queue.wrote(4);
        let repeated: Vec<bool> = queue.entries().map(|(entry, _)| entry.repeated).collect();
        assert_eq!(repeated, [true, true, false]);
    }

    #[test]
    fn what_is_open_can_be_read_out() {
        let mut queue = filled(&[2, BLOCK_BYTES, 2]);
        queue.wrote(2);
        queue.pop();
        let open: Vec<(u64, usize)> = queue.entries().map(|(entry, bytes)| (entry.offset, bytes.len())).collect();
        assert_eq!(open, [(1, BLOCK_BYTES), (2, 2)]);
        assert_eq!(queue.bytes(), BLOCK_BYTES + 2);
    }
}
