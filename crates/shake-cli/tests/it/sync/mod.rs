//! The main job on real servers.

mod acknowledged;
mod addresses;
mod backlog;
mod clusters;
mod commands;
mod exact;
mod expiries;
mod failover;
mod flushes;
mod forget;
mod giants;
mod half_moved;
mod history;
mod main_job;
mod memory;
mod positions;
mod refused;
mod slow_target;
mod source_failover;
mod standalone;
mod status;
mod terminal;
mod tls;
mod tool;
mod trouble;
mod versions;
