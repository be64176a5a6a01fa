//! The main job on real servers.

mod addresses;
mod clusters;
mod failover;
mod history;
mod refused;
mod standalone;
mod status;
mod terminal;
mod tls;
mod tool;
mod trouble;
