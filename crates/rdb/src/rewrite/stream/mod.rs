//! Streams: entries, what they count, groups, consumers and what is pending.

mod claims;
mod dangling;
mod entry_ids;
mod groups;
mod scan;
mod tail;
mod writer;

pub(super) use dangling::Dangling;
pub(super) use scan::PendingScan;
pub(super) use writer::StreamWriter;
