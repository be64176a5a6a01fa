//! Slots that move between the shards of a source, while the streams of both are followed.
//!
//! A key that is moved comes to its new owner with a RESTORE-ASKING in that one's stream, and leaves the old one with a DEL
//! in its stream; the two streams race, and nothing tells this DEL from one that a client has sent. So a DEL of a slot that
//! its shard does not own now, or is giving away, or that another stream has claimed with a RESTORE-ASKING, is in doubt: it is
//! not applied. The key is read at its new owner instead, together with the offset in that one's stream which the value
//! belongs to, and put there into that one's link: as it is, or absent. The old link's position stays before the DEL until
//! that is confirmed, so that a crash repeats it.
//!
//! [`table`] knows the slots; [`watch`] asks the source for them; [`port`] is a link's way to the others; [`reading`] is the
//! positioned read.

mod port;
mod reading;
mod table;
mod watch;

pub(crate) use port::{Doubt, Port, Request};
pub(crate) use reading::{Read, ReadError, Value, read};
pub(crate) use table::{Member, Moves};
pub(crate) use watch::SourceWatch;
