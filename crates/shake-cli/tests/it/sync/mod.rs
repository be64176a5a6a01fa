//! The main job on real servers.

mod clusters;
mod failover;
mod history;
mod refused;
mod standalone;
mod tool;
mod trouble;
