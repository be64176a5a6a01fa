//! Streams as snapshots hold them, built from a fuzzer's bytes: all counts right, and what they count arbitrary.

use rdb::ValueType;

use crate::byte_source::ByteSource;
use crate::sealed::ListpackBuilder;
use crate::snapshot::{length, string};

/// The types of streams, the oldest first.
pub const TYPES: [ValueType; 5] =
    [ValueType::Stream, ValueType::Stream2, ValueType::Stream3, ValueType::Stream4, ValueType::Stream5];

/// The value of a stream of the type at this place of [`TYPES`].
pub fn build(version: usize, source: &mut ByteSource<'_>) -> Vec<u8> {
    let mut builder = Builder { version, source, out: Vec::new(), last: (0, 0), live: 0 };
    builder.nodes();
    builder.summary();
    builder.groups();
    if version >= 3 {
        builder.idempotence();
    }
    builder.out
}

struct Builder<'a, 'b> {
    version: usize,
    source: &'a mut ByteSource<'b>,
    out: Vec<u8>,
    /// The highest ID so far.
    last: (u64, u64),
    live: usize,
}

impl Builder<'_, '_> {
    fn lengths<const N: usize>(&mut self, values: [u64; N]) {
        for value in values {
            self.out.push(0x81);
            self.out.extend_from_slice(&value.to_be_bytes());
        }
    }

    fn name(&mut self) {
        let len = self.source.below(4);
        self.out.extend(string(self.source.bytes(usize::from(len))));
    }

    fn raw_id(&mut self, (ms, seq): (u64, u64)) {
        self.out.extend(ms.to_be_bytes());
        self.out.extend(seq.to_be_bytes());
    }

    /// An ID above the last one.
    fn next_id(&mut self) -> (u64, u64) {
        let step = self.source.byte();
        self.last = if step & 0x80 == 0 {
            (self.last.0, self.last.1 + 1 + u64::from(step))
        } else {
            (self.last.0 + u64::from(step & 0x7f) + 1, u64::from(step))
        };
        self.last
    }

    fn nodes(&mut self) {
        let count = self.source.below(3);
        self.out.extend(length(usize::from(count)));
        for _ in 0..count {
            self.node();
        }
    }

    fn node(&mut self) {
        let master = self.next_id();
        self.out.extend(length(16));
        self.raw_id(master);
        let (fields, flags) = (self.source.below(4), self.source.bytes(4));
        let mut blob = ListpackBuilder::default();
        let deleted = flags.iter().filter(|flags| *flags & 1 != 0).count();
        blob.int((flags.len() - deleted) as i64);
        blob.int(deleted as i64);
        self.live += flags.len() - deleted;
        self.strings(&mut blob, fields);
        blob.int(0);
        for (index, flags) in flags.iter().enumerate() {
            let id = if index == 0 { master } else { self.next_id() };
            self.entry(&mut blob, i64::from(flags & 3), fields, id, master);
        }
        let blob = blob.close();
        self.out.extend(string(&blob));
    }

    /// Their number and the strings.
    fn strings(&mut self, blob: &mut ListpackBuilder, count: u8) {
        blob.int(i64::from(count));
        for _ in 0..count {
            self.text(blob);
        }
    }

    fn text(&mut self, blob: &mut ListpackBuilder) {
        let len = self.source.below(8);
        match len {
            0 => blob.int(i64::from_le_bytes(self.source.array())),
            _ => blob.string(self.source.bytes(usize::from(len))),
        }
    }

    fn entry(&mut self, blob: &mut ListpackBuilder, flags: i64, fields: u8, id: (u64, u64), master: (u64, u64)) {
        blob.int(flags);
        blob.int(id.0.wrapping_sub(master.0).cast_signed());
        blob.int(id.1.wrapping_sub(master.1).cast_signed());
        if flags & 2 != 0 {
            (0..fields).for_each(|_| self.text(blob));
            return blob.int(i64::from(fields) + 3);
        }
        let own = self.source.below(4);
        blob.int(i64::from(own));
        (0..own * 2).for_each(|_| self.text(blob));
        blob.int(i64::from(own) * 2 + 4);
    }

    fn summary(&mut self) {
        let (ms, seq) = self.next_id();
        self.lengths([self.live as u64, ms, seq]);
        if self.version >= 1 {
            let [first, deleted, added] = self.source.array().map(u64::from);
            self.lengths([0, first, 0, deleted, self.live as u64 + added]);
        }
    }

    fn groups(&mut self) {
        let count = self.source.below(3);
        self.out.extend(length(usize::from(count)));
        for group in 0..count {
            self.out.extend(string(&[&[group][..], self.source.bytes(2)].concat()));
            self.group();
        }
    }

    fn group(&mut self) {
        let [ms, seq, read] = self.source.array().map(u64::from);
        self.lengths([ms, seq]);
        if self.version >= 1 {
            // 255 stands for not known.
            self.lengths([if read == 255 { u64::MAX } else { read }]);
        }
        let consumers = usize::from(self.source.below(3));
        let pending = if consumers == 0 { 0 } else { usize::from(self.source.below(4)) };
        self.out.extend(length(pending));
        for seq in 0..pending {
            self.raw_id((ms, seq as u64 + 1));
            let time = i64::from(u32::from_le_bytes(self.source.array()));
            self.out.extend(time.to_le_bytes());
            let deliveries = u64::from(self.source.byte());
            self.lengths([deliveries]);
        }
        self.consumers(consumers, pending, ms);
        if self.version >= 4 {
            self.out.extend(length(0));
        }
    }

    /// Each pending entry is some consumer's, in turn.
    fn consumers(&mut self, count: usize, pending: usize, ms: u64) {
        self.out.extend(length(count));
        for consumer in 0..count {
            self.out.extend(string(&[&[consumer as u8][..], self.source.bytes(2)].concat()));
            let times = if self.version >= 2 { 2 } else { 1 };
            for _ in 0..times {
                let time = i64::from(u32::from_le_bytes(self.source.array()));
                self.out.extend(time.to_le_bytes());
            }
            let owned = (0..pending).filter(|seq| seq % count == consumer);
            self.out.extend(length(owned.clone().count()));
            owned.for_each(|seq| self.raw_id((ms, seq as u64 + 1)));
        }
    }

    fn idempotence(&mut self) {
        let [duration, max_entries, producers] = self.source.array().map(u64::from);
        let producers = producers % 3;
        self.lengths([duration, max_entries, producers]);
        for _ in 0..producers {
            self.name();
            let messages = u64::from(self.source.below(3));
            self.lengths([messages]);
            for _ in 0..messages {
                self.name();
                let [ms, seq] = self.source.array().map(u64::from);
                self.lengths([ms, seq]);
            }
        }
        let counters = self.source.array().map(u64::from);
        self.lengths::<2>(counters);
    }
}
