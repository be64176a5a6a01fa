//! The replica's side of PSYNC without any I/O.

mod ack;
mod config;
mod error;
mod event;
mod getack;
mod handshake;
mod line;
mod machine;
mod reply;
mod snapshot;

pub use ack::{AckSource, AppliedOffset};
pub use config::{Credentials, PsyncConfig};
pub use error::{PsyncError, PsyncErrorKind, Reading};
pub use event::{Event, HandshakeInfo};
pub use machine::Psync;
