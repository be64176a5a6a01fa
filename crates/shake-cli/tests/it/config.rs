//! Files that are accepted, and what they mean.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shake_cli::config::{
    self, Ack, Auth, ConfigError, CrossSlot, Delivery, Endpoint, Limits, LogFormat, LogLevel, LogPlan, OnHistoryLost,
    OnLoss, Plan, RestoreBehavior, Secret, SourceKind, SourcePlan, TargetKind, TargetPlan,
};
use tempfile::TempDir;

/// A directory with a configuration file in it; `@DIR@` in the file stands for the directory.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn with(text: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::write(home.file(), text.replace("@DIR@", home.path().to_str().unwrap())).unwrap();
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path().join("sync.toml")
    }

    pub(crate) fn load(&self) -> Result<Plan, ConfigError> {
        config::load(&self.file(), &variables)
    }
}

fn variables(name: &str) -> Option<String> {
    match name {
        "SOURCE_PASSWORD" => Some("s3cret \"quoted\"\n[target]".into()),
        "HOST" => Some("10.0.0.1".into()),
        _ => None,
    }
}

/// The plan of `text`, which says nothing of a working directory.
fn plan(text: &str) -> Plan {
    Home::with(&format!("{text}\n[advanced]\ndir = '@DIR@/data'")).load().unwrap_or_else(|error| panic!("{error}"))
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().unwrap()
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The example at `name`, working below a directory of the test's own.
fn example_home(name: &str) -> Home {
    let text = example(name);
    assert!(text.contains("dir = \"data\""), "{name}");
    Home::with(&text.replace("dir = \"data\"", "dir = '@DIR@/data'"))
}

/// What v3 does with everything left out but the addresses.
fn v3_defaults(dir: &Path) -> Plan {
    Plan {
        name: "127.0.0.1:6379>>127.0.0.1:6380".into(),
        source: SourcePlan {
            kind: SourceKind::Node,
            endpoints: vec![endpoint("127.0.0.1:6379")],
            auth: None,
            psync_command: None,
            name: "127.0.0.1:6379".into(),
            by_addresses: false,
            tls: None,
        },
        target: TargetPlan {
            kind: TargetKind::Standalone,
            endpoints: vec![endpoint("127.0.0.1:6380")],
            auth: None,
            name: "127.0.0.1:6380".into(),
            by_addresses: false,
            tls: None,
        },
        restore: RestoreBehavior::Rewrite,
        limits: Limits {
            backlog_memory: 64 << 20,
            backlog_disk: 10 << 30,
            window_bytes: 4 << 20,
            max_bulk: 512_000_000,
        },
        delivery: Delivery::ExactlyOnce,
        ack: Ack::Received,
        extra_keys: None,
        on_loss: OnLoss::Stop,
        on_history_lost: OnHistoryLost::FullResync,
        cross_slot: CrossSlot::Fail,
        dir: dir.to_owned(),
        log: LogPlan {
            file: Some(dir.join("redis-shake.log")),
            level: LogLevel::Info,
            format: LogFormat::Text,
            interval: Some(Duration::from_secs(5)),
        },
        status: vec![],
        threads: 4,
        notes: vec![],
    }
}

const ADDRESSES: &str = "source.address = '127.0.0.1:6379'\ntarget.address = '127.0.0.1:6380'\n";

#[test]
fn what_is_left_out_is_as_in_v3() {
    let home = Home::with(&format!("{ADDRESSES}advanced.dir = '@DIR@/data'"));
    assert_eq!(home.load().unwrap(), v3_defaults(&home.path().join("data")));
}

#[test]
fn a_v3_file_runs_unchanged() {
    let home = example_home("redisshake-v3/sync.toml");
    let mut plan = home.load().unwrap();
    let notes = std::mem::take(&mut plan.notes);
    let mut expected = v3_defaults(&home.path().join("data"));
    expected.target.kind = TargetKind::Cluster;
    assert_eq!(plan, expected);
    insta::assert_snapshot!(notes.join("\n"));
}

#[test]
fn our_example_follows_a_cluster() {
    let home = example_home("sync.toml");
    let plan = home.load().unwrap();
    assert_eq!(plan.name, "paris>>tokyo");
    assert_eq!((plan.source.kind, plan.target.kind), (SourceKind::Cluster, TargetKind::Cluster));
    let password = Secret::new("s3cret \"quoted\"\n[target]");
    assert_eq!(plan.source.auth, Some(Auth { user: None, password }), "a variable's text is a value, never structure");
    assert_eq!(plan.target.auth, None);
    assert_eq!(plan.notes, [] as [&str; 0]);
    assert_eq!(plan.log.file, Some(home.path().join("data/shake-cli.log")));
}

#[test]
fn settings_that_have_no_effect_are_noted() {
    let home = Home::with(
        "[source]\naddress = 'a:1'\nusername = 'u'\nrdb_file_path = 'dump.rdb'\n[target]\naddress = 'b:1'\n\
         [advanced]\ndir = '@DIR@'\nstatus_address = '0.0.0.0'\nmetrics_port = 0\npprof_port = 6060",
    );
    insta::assert_snapshot!(home.load().unwrap().notes.join("\n"));
}

#[test]
fn a_list_of_addresses_is_kept_in_order() {
    let plan = plan(
        "[source]\ntype = 'cluster'\naddresses = ['${HOST}:1', '[::1]:2', 'h:3']\n\
         [target]\naddresses = ['t:1']",
    );
    assert_eq!(plan.source.endpoints, ["10.0.0.1:1", "[::1]:2", "h:3"].map(endpoint));
    assert_eq!(plan.target.endpoints, [endpoint("t:1")]);
    assert_eq!(plan.source.name, "10.0.0.1:1");
}

#[test]
fn passwords_are_read_and_never_shown() {
    let home = Home::with(
        "[source]\naddress = 'a:1'\nusername = 'reader'\npassword = 'hunter2'\n\
         [target]\naddress = 'b:1'\npassword_file = 'password'\n[advanced]\ndir = '@DIR@'",
    );
    fs::write(home.path().join("password"), "hunter3\r\n").unwrap();
    let plan = home.load().unwrap();
    let source = Auth { user: Some("reader".into()), password: Secret::new("hunter2") };
    assert_eq!(plan.source.auth, Some(source));
    assert_eq!(plan.target.auth, Some(Auth { user: None, password: Secret::new("hunter3") }));
    assert!(!format!("{plan:?} {plan:#?}").contains("hunter"));
}

#[test]
fn every_setting_reaches_the_plan() {
    let home = Home::with(
        "type = 'sync'\n\
         [source]\naddress = 'a:1'\nname = 'A'\nelasticache_psync = 'xsync'\ntype = 'standalone'\nversion = 7\n\
         [target]\naddress = 'b:1'\nname = 'B'\ntype = 'standalone'\n\
         [sync]\ndelivery = 'at-least-once'\nack = 'applied'\non_history_lost = 'stop'\ncross_slot = 'skip'\n\
         [advanced]\ndir = '@DIR@/x/../y'\nncpu = 0\nlog_file = '/var/log/x.log'\nlog_level = 'warn'\n\
         log_format = 'json'\nlog_interval = 0\nrdb_restore_command_behavior = 'skip'\nbacklog_memory = '32MB'\nbacklog_disk = 0\n\
         target_redis_client_max_querybuf_len = 0x100000\ntarget_redis_proto_max_bulk_len = 1_000",
    );
    let plan = home.load().unwrap();
    assert_eq!(plan.name, "A>>B");
    assert_eq!(plan.source.kind, SourceKind::Node);
    assert_eq!(plan.source.psync_command.as_deref(), Some("xsync"));
    assert_eq!(plan.ack, Ack::Applied);
    assert_eq!((plan.on_history_lost, plan.cross_slot), (OnHistoryLost::Stop, CrossSlot::Skip));
    assert_eq!(plan.restore, RestoreBehavior::Skip);
    let limits = Limits { backlog_memory: 32 << 20, backlog_disk: 0, window_bytes: 1 << 20, max_bulk: 1000 };
    assert_eq!(plan.limits, limits);
    assert!(plan.threads >= 1);
    assert!(home.path().join("y").is_dir());
    let log =
        LogPlan { file: Some("/var/log/x.log".into()), level: LogLevel::Warn, format: LogFormat::Json, interval: None };
    assert_eq!(plan.log, log);
}

#[test]
fn the_status_is_served_where_a_port_says() {
    let listen = |advanced: &str| {
        let plan = Home::with(&format!("{ADDRESSES}advanced.dir = '@DIR@'\n{advanced}")).load().unwrap();
        assert_eq!(plan.notes, [] as [&str; 0], "{advanced}");
        plan.status.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(listen("advanced.metrics_port = 9100"), ["127.0.0.1:9100"]);
    assert_eq!(listen("advanced.status_port = 9101\nadvanced.metrics_port = 9100").len(), 2);
    assert_eq!(listen("advanced.status_port = 9100\nadvanced.metrics_port = 9100"), ["127.0.0.1:9100"]);
    assert_eq!(listen("advanced.status_port = 1\nadvanced.status_address = '::'"), ["[::]:1"]);
    assert_eq!(listen("advanced.status_port = 1\nadvanced.status_address = '10.0.0.1'"), ["10.0.0.1:1"]);
    assert_eq!(listen("advanced.status_port = 0\nadvanced.metrics_port = 0\nadvanced.status_address = ''").len(), 0);
}

#[test]
fn an_empty_log_file_is_none() {
    let home = Home::with(&format!("{ADDRESSES}advanced.dir = '@DIR@'\nadvanced.log_file = ''"));
    assert_eq!(home.load().unwrap().log.file, None);
}

#[test]
fn a_plan_is_shown_with_its_defaults_and_without_its_passwords() {
    let shown = plan(
        "type = \"sync\"\n[source]\naddress = \"${HOST}:7001\"\nusername = \"sync\"\npassword = \"${SOURCE_PASSWORD}\"\n\
         [target]\ntype = \"cluster\"\naddress = \"[::1]:7101\"",
    )
    .to_toml()
    .unwrap();
    for line in [
        "restore = \"rewrite\"",
        "delivery = \"exactly-once\"",
        "kind = \"node\"",
        "endpoints = [\"10.0.0.1:7001\"]",
        "endpoints = [\"[::1]:7101\"]",
        "password = \"***\"",
        "backlog_memory = 67108864",
        "backlog_disk = 10737418240",
        "interval_seconds = 5",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
    assert!(!shown.contains("s3cret"), "{shown}");
}
