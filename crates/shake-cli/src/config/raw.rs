//! What was typed: every key, typed and located, nothing filled in.

use toml::de::DeTable;

use super::error::{ConfigError, ConfigErrorKind};
use super::place::{Located, Place};
use super::plan::{
    Ack, Delivery, ExtraKeys, LogFormat, LogLevel, OnHistoryLost, OnLoss, RestoreBehavior, SourceKind, TargetKind,
};
use super::secret::Secret;
use super::section::{Document, Section};

/// A value that may not have been typed.
type Typed<T> = Option<Located<T>>;

/// The whole file.
#[derive(Debug)]
pub(super) struct RawConfig {
    pub(super) job: Typed<RawJob>,
    pub(super) source: RawSource,
    pub(super) target: RawTarget,
    pub(super) sync: RawSync,
    pub(super) advanced: RawAdvanced,
}

/// `type`: what is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RawJob {
    Sync,
    Restore,
    Scan,
}

/// What `[source]` and `[target]` have in common.
#[derive(Debug)]
pub(super) struct RawSide {
    pub(super) name: Typed<String>,
    pub(super) address: Typed<String>,
    /// Where `address` is or would be.
    pub(super) address_place: Place,
    pub(super) addresses: Typed<Vec<String>>,
    pub(super) username: Typed<String>,
    pub(super) password: Typed<Secret>,
    pub(super) password_file: Typed<String>,
    pub(super) tls: RawTls,
    pub(super) version: Typed<f64>,
}

/// What either of them says of TLS.
#[derive(Debug)]
pub(super) struct RawTls {
    pub(super) on: Typed<bool>,
    pub(super) ca: Typed<String>,
    pub(super) insecure: Typed<bool>,
    pub(super) cert: Typed<String>,
    pub(super) key: Typed<String>,
    pub(super) server_name: Typed<String>,
}

/// `[source]`.
#[derive(Debug)]
pub(super) struct RawSource {
    pub(super) side: RawSide,
    pub(super) kind: Typed<SourceKind>,
    pub(super) elasticache_psync: Typed<String>,
    pub(super) rdb_file_path: Typed<String>,
}

/// `[target]`.
#[derive(Debug)]
pub(super) struct RawTarget {
    pub(super) side: RawSide,
    pub(super) kind: Typed<TargetKind>,
}

/// `[sync]`.
#[derive(Debug)]
pub(super) struct RawSync {
    pub(super) delivery: Typed<Delivery>,
    pub(super) ack: Typed<Ack>,
    pub(super) extra_keys: Typed<ExtraKeys>,
    pub(super) on_history_lost: Typed<OnHistoryLost>,
    pub(super) cross_slot: Typed<RawCrossSlot>,
    pub(super) on_loss: Typed<OnLoss>,
}

/// `[sync] cross_slot`, those that cannot be honoured yet included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RawCrossSlot {
    Fail,
    Skip,
    Copy,
}

/// `[advanced]`.
#[derive(Debug)]
pub(super) struct RawAdvanced {
    pub(super) dir: Typed<String>,
    /// Where `dir` is or would be.
    pub(super) dir_place: Place,
    pub(super) ncpu: Typed<usize>,
    pub(super) pprof_port: Typed<u16>,
    pub(super) metrics_port: Typed<u16>,
    pub(super) status_port: Typed<u16>,
    pub(super) status_address: Typed<String>,
    pub(super) log_file: Typed<String>,
    pub(super) log_level: Typed<LogLevel>,
    pub(super) log_format: Typed<LogFormat>,
    pub(super) log_interval: Typed<usize>,
    pub(super) restore_behavior: Typed<RestoreBehavior>,
    pub(super) pipeline_count_limit: Typed<usize>,
    pub(super) max_querybuf_len: Typed<usize>,
    pub(super) max_bulk_len: Typed<usize>,
    pub(super) backlog_memory: Typed<usize>,
    pub(super) backlog_disk: Typed<usize>,
}

impl RawConfig {
    /// Reads the text of a file.
    pub(super) fn parse(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let document = Document { text, env };
        let table = DeTable::parse(text).map_err(|error| syntax_error(document, &error))?;
        refuse_v4(document, table.get_ref())?;
        let top = Section::top(document, table.get_ref(), TOP)?;
        Ok(Self {
            job: top.choice("type", JOBS)?,
            source: RawSource::read(&top.section("source", SOURCE)?)?,
            target: RawTarget::read(&top.section("target", TARGET)?)?,
            sync: RawSync::read(&top.section("sync", SYNC)?)?,
            advanced: RawAdvanced::read(&top.section("advanced", ADVANCED)?)?,
        })
    }
}

impl RawSide {
    fn read(section: &Section<'_>, least_version: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            name: section.string("name")?,
            address: section.string("address")?,
            address_place: section.place("address"),
            addresses: section.strings("addresses")?,
            username: section.string("username")?,
            password: section.string("password")?.map(|password| password.map(Secret::new)),
            password_file: section.string("password_file")?,
            tls: RawTls::read(section)?,
            version: section.version("version", least_version)?,
        })
    }
}

impl RawTls {
    fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            on: section.boolean("tls")?,
            ca: section.string("tls_ca")?,
            insecure: section.boolean("tls_insecure")?,
            cert: section.string("tls_cert")?,
            key: section.string("tls_key")?,
            server_name: section.string("tls_server_name")?,
        })
    }
}

impl RawSource {
    fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            side: RawSide::read(section, 2.8)?,
            kind: section.choice("type", SOURCE_KINDS)?,
            elasticache_psync: section.string("elasticache_psync")?,
            rdb_file_path: section.string("rdb_file_path")?,
        })
    }
}

impl RawTarget {
    fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self { side: RawSide::read(section, 0.0)?, kind: section.choice("type", TARGET_KINDS)? })
    }
}

impl RawSync {
    fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            delivery: section.choice("delivery", DELIVERIES)?,
            ack: section.choice("ack", ACKS)?,
            extra_keys: section.choice("extra_keys", EXTRA_KEYS)?,
            on_history_lost: section.choice("on_history_lost", ON_HISTORY_LOST)?,
            cross_slot: section.choice("cross_slot", CROSS_SLOT)?,
            on_loss: section.choice("on_loss", ON_LOSS)?,
        })
    }
}

impl RawAdvanced {
    fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            dir: section.string("dir")?,
            dir_place: section.place("dir"),
            ncpu: section.integer("ncpu", 0..=MAX_THREADS)?,
            pprof_port: section.port("pprof_port")?,
            metrics_port: section.port("metrics_port")?,
            status_port: section.port("status_port")?,
            status_address: section.string("status_address")?,
            log_file: section.string("log_file")?,
            log_level: section.choice("log_level", LOG_LEVELS)?,
            log_format: section.choice("log_format", LOG_FORMATS)?,
            log_interval: section.integer("log_interval", 0..=MAX_LOG_INTERVAL)?,
            restore_behavior: section.choice("rdb_restore_command_behavior", RESTORE_BEHAVIORS)?,
            pipeline_count_limit: section.integer("pipeline_count_limit", 0..=MAX_BYTES)?,
            max_querybuf_len: section.integer("target_redis_client_max_querybuf_len", MIN_BYTES..=MAX_BYTES)?,
            max_bulk_len: section.integer("target_redis_proto_max_bulk_len", 0..=MAX_BYTES)?,
            backlog_memory: section.size("backlog_memory", MIN_BYTES..=MAX_BYTES)?,
            backlog_disk: section.size("backlog_disk", 0..=MAX_BYTES)?,
        })
    }
}

fn syntax_error(document: Document<'_>, error: &toml::de::Error) -> ConfigError {
    let line = error.span().map(|span| document.line(span.start));
    ConfigError::at_line(ConfigErrorKind::Syntax, line, format!("not valid TOML: {}", error.message()))
}

/// `RedisShake` v4 names its sections after readers and writers; a list of allowed keys would not tell its users why
/// every one of them is refused.
fn refuse_v4(document: Document<'_>, table: &DeTable<'_>) -> Result<(), ConfigError> {
    let v4 = |name: &str| name.ends_with("_reader") || name == "redis_writer";
    let Some(key) = table.keys().filter(|key| v4(key.get_ref())).min_by_key(|key| key.span().start) else {
        return Ok(());
    };
    let line = Some(document.line(key.span().start));
    let problem = format!("[{}]: the file shape of RedisShake v4 is not supported yet", key.get_ref());
    Err(ConfigError::at_line(ConfigErrorKind::NotSupported, line, problem))
}

const TOP: &[&str] = &["type", "source", "target", "sync", "advanced"];
const SOURCE: &[&str] = &[
    "type",
    "name",
    "address",
    "addresses",
    "username",
    "password",
    "password_file",
    "tls",
    "tls_ca",
    "tls_insecure",
    "tls_cert",
    "tls_key",
    "tls_server_name",
    "version",
    "elasticache_psync",
    "rdb_file_path",
];
const TARGET: &[&str] = &[
    "type",
    "name",
    "address",
    "addresses",
    "username",
    "password",
    "password_file",
    "tls",
    "tls_ca",
    "tls_insecure",
    "tls_cert",
    "tls_key",
    "tls_server_name",
    "version",
];
const SYNC: &[&str] = &["delivery", "ack", "extra_keys", "on_history_lost", "cross_slot", "on_loss"];
const ADVANCED: &[&str] = &[
    "dir",
    "ncpu",
    "backlog_memory",
    "backlog_disk",
    "log_file",
    "log_level",
    "log_format",
    "log_interval",
    "rdb_restore_command_behavior",
    "pipeline_count_limit",
    "target_redis_client_max_querybuf_len",
    "target_redis_proto_max_bulk_len",
    "status_port",
    "status_address",
    "metrics_port",
    "pprof_port",
];

const JOBS: &[(&str, RawJob)] = &[("sync", RawJob::Sync), ("restore", RawJob::Restore), ("scan", RawJob::Scan)];
const SOURCE_KINDS: &[(&str, SourceKind)] = &[("cluster", SourceKind::Cluster), ("standalone", SourceKind::Node)];
const TARGET_KINDS: &[(&str, TargetKind)] = &[("cluster", TargetKind::Cluster), ("standalone", TargetKind::Standalone)];
const ACKS: &[(&str, Ack)] = &[("received", Ack::Received), ("applied", Ack::Applied)];
const EXTRA_KEYS: &[(&str, ExtraKeys)] = &[("delete", ExtraKeys::Delete), ("keep", ExtraKeys::Keep)];
const DELIVERIES: &[(&str, Delivery)] =
    &[("exactly-once", Delivery::ExactlyOnce), ("at-least-once", Delivery::AtLeastOnce)];
const ON_HISTORY_LOST: &[(&str, OnHistoryLost)] =
    &[("full-resync", OnHistoryLost::FullResync), ("stop", OnHistoryLost::Stop)];
const CROSS_SLOT: &[(&str, RawCrossSlot)] =
    &[("fail", RawCrossSlot::Fail), ("skip", RawCrossSlot::Skip), ("copy", RawCrossSlot::Copy)];
const ON_LOSS: &[(&str, OnLoss)] = &[("stop", OnLoss::Stop), ("warn", OnLoss::Warn)];
const LOG_LEVELS: &[(&str, LogLevel)] =
    &[("debug", LogLevel::Debug), ("info", LogLevel::Info), ("warn", LogLevel::Warn), ("error", LogLevel::Error)];
const LOG_FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];
const RESTORE_BEHAVIORS: &[(&str, RestoreBehavior)] =
    &[("rewrite", RestoreBehavior::Rewrite), ("skip", RestoreBehavior::Skip), ("panic", RestoreBehavior::Panic)];

/// More worker threads than this are a slip of the finger.
const MAX_THREADS: usize = 1024;
/// A day, in seconds.
const MAX_LOG_INTERVAL: usize = 86_400;
/// Below a mebibyte a budget holds too few commands to keep a connection busy.
const MIN_BYTES: usize = 1 << 20;
/// 1 TiB.
const MAX_BYTES: usize = 1 << 40;

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../examples/sync.toml");

    fn unset(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn a_file_cut_anywhere_is_read_or_refused_with_a_line_of_its_own() {
        for end in (0..EXAMPLE.len()).filter(|&end| EXAMPLE.is_char_boundary(end)) {
            let text = &EXAMPLE[..end];
            if let Err(error) = RawConfig::parse(text, &unset) {
                let lines = text.split('\n').count();
                assert!(error.line().is_some_and(|line| (1..=lines).contains(&line)), "{end}: {error}");
            }
        }
    }

    #[test]
    fn lines_are_the_same_with_either_line_ending() {
        let unix = format!("{EXAMPLE}\nlog_intervall = 1\n");
        let line = |text: &str| RawConfig::parse(text, &unset).unwrap_err().line();
        assert_eq!(line(&unix), Some(unix.lines().count()));
        assert_eq!(line(&unix), line(&unix.replace('\n', "\r\n")));
    }
}
