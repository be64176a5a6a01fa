//! The configuration file: from what was typed to what it means.
//!
//! The file has the shape of `RedisShake` v3's `sync.toml`, and such a file runs unchanged. What was typed is read
//! strictly into a raw tree (unknown keys and wrong types are errors that name the file, the line and the key), and
//! that tree becomes once a [`Plan`]: complete, typed, checked. Nothing outside this module sees the raw tree.
//!
//! Nothing here logs. What a user should know without it being an error is in [`Plan::notes`].

mod endpoint;
mod error;
mod expand;
mod network;
mod notes;
mod place;
mod plan;
mod raw;
mod secret;
mod section;
mod side;
mod size;
mod status;
mod suggest;
mod tls;
mod validate;
mod workdir;

use std::fs;
use std::path::Path;

pub use endpoint::{Endpoint, EndpointError};
pub use error::{ConfigError, ConfigErrorKind};
pub use plan::{
    Ack, Auth, CrossSlot, Delivery, ExtraKeys, Limits, LogFormat, LogLevel, LogPlan, OnHistoryLost, OnLoss, Plan,
    RestoreBehavior, SourceKind, SourcePlan, TargetKind, TargetPlan,
};
pub use secret::Secret;
pub use tls::TlsPlan;

/// Reads the file at `path` and says what it means.
///
/// `env` answers what an environment variable holds; string values may name variables as `${NAME}` or
/// `${NAME:-default}`. The working directory (`[advanced] dir`) is created where it is missing; every other relative
/// path in the file is relative to it.
///
/// # Errors
/// One sentence naming file, line and key; see [`ConfigErrorKind`] for the classes.
///
/// # Examples
/// ```
/// # use std::path::Path;
/// let error = shake_cli::config::load(Path::new("no-such.toml"), &|name| std::env::var(name).ok()).unwrap_err();
/// assert_eq!(error.to_string(), "no-such.toml: cannot be read");
/// ```
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Plan, ConfigError> {
    let read = || {
        let raw = read(path, env)?;
        let plan = validate::plan(&raw)?;
        validate::prepare(&raw, &plan)?;
        Ok(plan)
    };
    read().map_err(|error: ConfigError| error.in_file(path))
}

/// As [`load`], for who only wants to know: the working directory is neither needed nor created.
///
/// # Errors
/// As [`load`].
pub fn look_into(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Plan, ConfigError> {
    let plan = read(path, env).and_then(|raw| validate::plan(&raw));
    plan.map_err(|error| error.in_file(path))
}

fn read(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<raw::RawConfig, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::new(ConfigErrorKind::Unreadable, None, "cannot be read").because(source))?;
    raw::RawConfig::parse(&text, env)
}
