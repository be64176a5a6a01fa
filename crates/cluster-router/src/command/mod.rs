//! The commands of Redis and Valkey: what they are, where their keys are, and how they may be delivered.
//!
//! The table is made from what servers say of themselves (`COMMAND`) and a small file of what they do not say
//! (`overrides.toml`).

mod args;
mod class;
mod described;
mod error;
mod generated;
mod keys;
mod lookup;
mod route;
mod spec;

pub use args::Args;
pub use class::Class;
pub use described::Described;
pub use error::{KeyError, KeyErrorKind};
pub use lookup::{all, find, lookup};
pub use route::{CommandSlot, slot_of_command};
pub use spec::{Begin, CommandSpec, Find, Flags, KeyRule, KeySpec};
