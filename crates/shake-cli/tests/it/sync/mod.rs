//! The main job on real servers.

mod addresses;
mod backlog;
mod clusters;
mod expiries;
mod failover;
mod flushes;
mod history;
mod refused;
mod standalone;
mod tls;
mod tool;
mod trouble;
