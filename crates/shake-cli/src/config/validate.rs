//! From what was typed to what it means: defaults, combinations, and what this version cannot do.

use std::num::NonZeroUsize;
use std::path::{self, Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::error::{ConfigError, ConfigErrorKind, bad};
use super::notes::notes;
use super::place::{Located, Place};
use super::plan::{
    Ack, CrossSlot, Delivery, Limits, LogFormat, LogLevel, LogPlan, OnHistoryLost, OnLoss, Plan, RestoreBehavior,
    SourceKind, SourcePlan, TargetKind, TargetPlan,
};
use super::raw::{RawAdvanced, RawConfig, RawCrossSlot, RawJob, RawSide, RawSource, RawSync, RawTarget};
use super::status;
use super::workdir;

/// What `raw` means.
pub(super) fn plan(raw: &RawConfig) -> Result<Plan, ConfigError> {
    refuse_unsupported(raw)?;
    let dir = working_directory(&raw.advanced)?;
    let source = source(&raw.source, &dir)?;
    let target = target(&raw.target, &dir)?;
    refuse_same_node(&source, &target, &raw.target.side)?;
    Ok(Plan {
        name: format!("{}>>{}", source.name, target.name),
        source,
        target,
        restore: value_or(&raw.advanced.restore_behavior, RestoreBehavior::Rewrite),
        limits: limits(&raw.advanced),
        ack: value_or(&raw.sync.ack, Ack::Received),
        extra_keys: raw.sync.extra_keys.as_ref().map(|choice| choice.value),
        delivery: value_or(&raw.sync.delivery, Delivery::ExactlyOnce),
        on_history_lost: value_or(&raw.sync.on_history_lost, OnHistoryLost::FullResync),
        cross_slot: cross_slot(&raw.sync)?,
        on_loss: value_or(&raw.sync.on_loss, OnLoss::Stop),
        log: log(&raw.advanced, &dir),
        status: status::listen(&raw.advanced)?,
        threads: threads(&raw.advanced),
        notes: notes(raw),
        dir,
    })
}

/// Creates the working directory, once nothing else is wrong.
pub(super) fn prepare(raw: &RawConfig, plan: &Plan) -> Result<(), ConfigError> {
    workdir::prepare(&plan.dir).map_err(|source| {
        let problem = format!("the directory {} cannot be written", plan.dir.display());
        ConfigError::new(ConfigErrorKind::File, Some(&raw.advanced.dir_place), problem).because(source)
    })
}

fn refuse_unsupported(raw: &RawConfig) -> Result<(), ConfigError> {
    if let Some(job) = &raw.job {
        match job.value {
            RawJob::Sync => {}
            RawJob::Restore => return Err(not_supported(&job.place, "\"restore\" is not supported yet")),
            RawJob::Scan => return Err(not_supported(&job.place, "\"scan\" is not supported yet")),
        }
    }
    Ok(())
}

fn source(raw: &RawSource, dir: &Path) -> Result<SourcePlan, ConfigError> {
    let kind = value_or(&raw.kind, SourceKind::Node);
    let endpoints = raw.side.endpoints(kind == SourceKind::Cluster)?;
    Ok(SourcePlan {
        kind,
        by_addresses: raw.side.by_addresses(kind == SourceKind::Cluster),
        tls: raw.side.tls_plan(dir)?,
        auth: raw.side.auth(dir)?,
        psync_command: psync_command(raw)?,
        name: raw.side.name(&endpoints)?,
        endpoints,
    })
}

fn target(raw: &RawTarget, dir: &Path) -> Result<TargetPlan, ConfigError> {
    let kind = value_or(&raw.kind, TargetKind::Standalone);
    let endpoints = raw.side.endpoints(kind == TargetKind::Cluster)?;
    Ok(TargetPlan {
        kind,
        by_addresses: raw.side.by_addresses(kind == TargetKind::Cluster),
        tls: raw.side.tls_plan(dir)?,
        auth: raw.side.auth(dir)?,
        name: raw.side.name(&endpoints)?,
        endpoints,
    })
}

fn psync_command(raw: &RawSource) -> Result<Option<String>, ConfigError> {
    match &raw.elasticache_psync {
        Some(command) if command.value.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Err(bad(&command.place, "expected the name of one command"))
        }
        Some(command) if !command.value.is_empty() => Ok(Some(command.value.clone())),
        _ => Ok(None),
    }
}

fn refuse_same_node(source: &SourcePlan, target: &TargetPlan, side: &RawSide) -> Result<(), ConfigError> {
    let place = side.addresses.as_ref().map_or(&side.address_place, |list| &list.place);
    for endpoint in &target.endpoints {
        if source.endpoints.iter().any(|other| other.is_same_as(endpoint)) {
            let problem = format!("source and target are the same node ({endpoint})");
            return Err(ConfigError::new(ConfigErrorKind::SameNode, Some(place), problem));
        }
    }
    Ok(())
}

fn cross_slot(raw: &RawSync) -> Result<CrossSlot, ConfigError> {
    match &raw.cross_slot {
        Some(policy) if policy.value == RawCrossSlot::Copy => {
            Err(not_supported(&policy.place, "\"copy\" is not supported yet; \"fail\" and \"skip\" are"))
        }
        Some(policy) if policy.value == RawCrossSlot::Skip => Ok(CrossSlot::Skip),
        _ => Ok(CrossSlot::Fail),
    }
}

fn limits(raw: &RawAdvanced) -> Limits {
    Limits {
        backlog_memory: value_or(&raw.backlog_memory, 64 << 20),
        backlog_disk: value_or(&raw.backlog_disk, 10 << 30),
        window_bytes: value_or(&raw.max_querybuf_len, MOST_WINDOW).min(MOST_WINDOW),
        max_bulk: value_or(&raw.max_bulk_len, 512_000_000),
    }
}

fn working_directory(raw: &RawAdvanced) -> Result<PathBuf, ConfigError> {
    let dir = raw.dir.as_ref().map_or("data", |dir| dir.value.as_str());
    path::absolute(dir).map_err(|source| bad(&raw.dir_place, "expected the path of a directory").because(source))
}

fn log(raw: &RawAdvanced, dir: &Path) -> LogPlan {
    let file = raw.log_file.as_ref().map_or("redis-shake.log", |file| file.value.as_str());
    let seconds = value_or(&raw.log_interval, 5);
    LogPlan {
        file: (!file.is_empty()).then(|| dir.join(file)),
        level: value_or(&raw.log_level, LogLevel::Info),
        format: value_or(&raw.log_format, LogFormat::Text),
        interval: (seconds > 0).then(|| Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))),
    }
}

/// 0 stands for every processor there is.
fn threads(raw: &RawAdvanced) -> usize {
    match value_or(&raw.ncpu, 4) {
        0 => thread::available_parallelism().map_or(1, NonZeroUsize::get),
        threads => threads,
    }
}

fn value_or<T: Copy>(typed: &Option<Located<T>>, default: T) -> T {
    typed.as_ref().map_or(default, |located| located.value)
}

fn not_supported(place: &Place, problem: &str) -> ConfigError {
    ConfigError::new(ConfigErrorKind::NotSupported, Some(place), problem)
}

/// More than this on its way to one node gains nothing, and is sent again when the connection is lost.
const MOST_WINDOW: usize = 4 << 20;
