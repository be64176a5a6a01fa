//! Tests of the crate from outside: the protocol, the backlog, the link against a scripted primary, and real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod ack_cadence;
mod backlog;
mod chunking;
mod fake_primary;
mod full_backlog;
mod handshake;
mod real_server;
mod reconnect;
mod refusals;
mod spool;
mod spool_dir;
mod spool_order;
