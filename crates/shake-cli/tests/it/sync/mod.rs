//! The main job on real servers.

mod addresses;
mod backlog;
mod clusters;
mod failover;
mod giants;
mod history;
mod memory;
mod refused;
mod standalone;
mod tls;
mod tool;
mod trouble;
mod versions;
