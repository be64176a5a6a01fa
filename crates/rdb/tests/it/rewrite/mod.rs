//! What servers take: payloads for `RESTORE`, and values rewritten to commands. On real servers.

mod restore;

#[cfg(feature = "resp")]
mod commands;
#[cfg(feature = "resp")]
mod contents;
#[cfg(feature = "resp")]
mod fixtures;
#[cfg(feature = "resp")]
mod hazards;
#[cfg(feature = "resp")]
mod limits;
#[cfg(feature = "resp")]
mod pending;
#[cfg(feature = "resp")]
mod stream_commands;
#[cfg(feature = "resp")]
mod transfer;
