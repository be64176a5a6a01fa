//! The main job on real servers.

mod clusters;
mod refused;
mod standalone;
mod tool;
mod trouble;
