use bytes::Bytes;

use crate::{Offset, ReplId};

/// What happened, in the order of the bytes that said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The primary knows us, and PSYNC is on its way.
    Handshake(HandshakeInfo),
    /// The primary starts over with a snapshot that stands for everything up to `offset`.
    FullResync {
        /// The history that the snapshot and the stream after it belong to.
        replid: ReplId,
        /// The last offset that the snapshot covers.
        offset: Offset,
    },
    /// The stream goes on where we asked for it.
    Continue {
        /// The history from here on. After a failover it is not the one that was asked for; offsets go on.
        replid: ReplId,
    },
    /// The snapshot's first byte is next.
    SnapshotBegin {
        /// Its length in bytes, when the primary knows it (`$<len>` as opposed to `$EOF:<mark>`).
        len: Option<u64>,
    },
    /// Bytes of the snapshot.
    Snapshot(Bytes),
    /// The snapshot is complete.
    SnapshotEnd,
    /// Bytes of the stream: commands, cut anywhere.
    Stream(Bytes),
}

/// What the handshake told about the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HandshakeInfo {
    /// Whether the primary took the announced version, as Valkey 8 and later do. `false` also if none was announced.
    pub version_accepted: bool,
}
