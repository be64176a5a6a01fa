#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod backlog;
mod link;
mod position;
mod psync;
mod unix_millis;

pub use backlog::{
    BacklogFigures, BacklogReader, BacklogStats, BacklogWriter, Budget, DiskState, Gone, History, Phase, Piece, Place,
    Releaser, Spool, SpoolError, SpoolErrorKind, Waiting, WriteError, backlog, backlog_with_disk,
};
pub use link::{
    BoxedStream, Connect, Duplex, Link, LinkConfig, LinkError, LinkErrorKind, LinkEvent, Loss, Observe, OnHistoryLost,
    TcpConnect,
};
pub use position::{BadReplId, Offset, ReplId};
pub use psync::{
    AckSource, AppliedOffset, Credentials, Event, HandshakeInfo, Psync, PsyncConfig, PsyncError, PsyncErrorKind,
    Reading,
};
pub use unix_millis::UnixMillis;
