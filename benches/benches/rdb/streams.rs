//! Streams as Redis 7.2 and later write them (`RDB_TYPE_STREAM_LISTPACKS_3`).

use crate::file::Writer;
use crate::packed::Listpack;

/// A stream of one node, and a group whose consumer has five pending entries.
pub(crate) fn stream(writer: &mut Writer, number: u32) {
    let first = 1_700_000_000_000 + u64::from(number) * ENTRIES;
    writer.key(21, &format!("x:{number}"));
    writer.length(1);
    writer.string(&id(first));
    let node = node(writer);
    writer.string(&node);
    writer.long_length(ENTRIES);
    // Last, first, highest deleted; and how many were ever added.
    for (ms, seq) in [(first + ENTRIES - 1, 0), (first, 0), (0, 0)] {
        writer.long_length(ms);
        writer.long_length(seq);
    }
    writer.long_length(ENTRIES);
    writer.length(1);
    group(writer, first);
}

fn group(writer: &mut Writer, first: u64) {
    writer.string(b"g1");
    writer.long_length(first + PENDING - 1);
    writer.long_length(0);
    writer.long_length(PENDING);
    writer.long_length(PENDING);
    for ms in first..first + PENDING {
        writer.bytes(&id(ms));
        writer.bytes(&1_700_000_000_000_u64.to_le_bytes());
        writer.length(1);
    }
    writer.length(1);
    writer.string(b"c1");
    // Seen, active.
    writer.bytes(&1_700_000_000_000_u64.to_le_bytes());
    writer.bytes(&1_700_000_000_000_u64.to_le_bytes());
    writer.long_length(PENDING);
    for ms in first..first + PENDING {
        writer.bytes(&id(ms));
    }
}

/// A node: live and deleted entries, the fields of the master entry, and the entries, one a millisecond.
fn node(writer: &mut Writer) -> Vec<u8> {
    let mut pack = Listpack::new();
    let entries = i64::try_from(ENTRIES).unwrap_or_default();
    pack.int(entries);
    pack.int(0);
    pack.int(3);
    for field in [b"temp".as_slice(), b"device", b"note"] {
        pack.string(field);
    }
    pack.int(0);
    for entry in 0..entries {
        // The fields are those of the master entry.
        pack.int(2);
        pack.int(entry);
        pack.int(0);
        pack.int(entry * 1000);
        pack.string(&writer.text(10));
        pack.string(&writer.text(20));
        pack.int(6);
    }
    pack.finish().0
}

fn id(ms: u64) -> [u8; 16] {
    (u128::from(ms) << 64).to_be_bytes()
}

const ENTRIES: u64 = 20;
const PENDING: u64 = 5;
