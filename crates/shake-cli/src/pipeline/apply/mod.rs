//! From a link's backlog to its target: bytes in, commands to the router, confirmed places back.

mod applier;
mod copied;
mod errand;
mod error;
mod events;
mod field_expiry;
mod giant;
mod held_key;
mod in_place;
mod intake;
mod keys;
mod losses;
mod payloads;
mod peers;
mod plain;
mod rephrase;
mod restore;
mod rewrite;
mod rounds;
mod said;
mod sink;
mod snapshot;
mod stream;
mod telling;
mod transaction;
mod unit;

pub(crate) use applier::{Applier, ApplierError, ApplierParts, Stopped};
pub(crate) use error::{ApplyError, ApplyErrorKind};
pub(crate) use keys::Remark;
pub(crate) use payloads::Payloads;
pub(crate) use peers::SourceReader;
pub(crate) use restore::Restore;
pub(crate) use sink::Sink;
pub(crate) use snapshot::SnapshotApplier;
pub(crate) use stream::{Left, StreamApplier, StreamSettings};

use losses::Lost;
