//! The main job on real servers.

mod addresses;
mod backlog;
mod clusters;
mod commands;
mod exact;
mod exactly_once;
mod expiries;
mod failover;
mod flushes;
mod giants;
mod half_moved;
mod history;
mod keyspace;
mod main_job;
mod memory;
mod refused;
mod slow_target;
mod source_failover;
mod source_moves;
mod standalone;
mod status;
mod terminal;
mod tls;
mod tool;
mod trouble;
mod versions;
