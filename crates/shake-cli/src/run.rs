//! From a command line to a running pipeline, and to its end.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cluster_router::{Credentials, NodeAddr, TargetKind};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::cli::{Cli, Command};
use crate::config::{self, Auth, Endpoint, OnHistoryLost, Plan, RestoreBehavior};
use crate::exit::{Exit, Failure};
use crate::logging;
use crate::meter::Meter;
use crate::pipeline::{
    Ack, CrossSlot, DiskPlan, Ended, ExistingKeys, ExtraKeys, OnLoss, Pipeline, PipelineError, PipelineErrorKind,
    PipelinePlan, SourceKind, SourcePlan, Stopper, TargetPlan,
};
use crate::report::Reporter;
use crate::status::{Facts, Server, Status};
use crate::terminal::{Drawing, Screen};

/// Does what the command line says.
///
/// # Errors
/// With the one sentence and the exit code that the program ends with.
pub fn run(cli: &Cli) -> Result<(), Failure> {
    match cli.work() {
        None => {}
        Some(Command::Rdb(args)) => return crate::rdb::run(args),
        Some(Command::Positions(args)) => return crate::positions::run(args),
        Some(Command::Forget(args)) => return crate::forget::run(args),
    }
    let plan = cli.plan(&|name| std::env::var(name).ok())?;
    if cli.prints_config() {
        return print_config(&plan);
    }
    let screen = if cli.draws_progress() { Screen::open(plan.log.format) } else { None };
    logging::init(&plan.log, screen.as_ref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(plan.threads)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Runtime, "the runtime cannot be started").because(error))?;
    let ended = runtime.block_on(sync(&plan, screen));
    // Name look-ups that hang must not hold the end up.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}

fn print_config(plan: &Plan) -> Result<(), Failure> {
    let toml = plan.to_toml();
    let toml = toml.map_err(|error| Failure::new(Exit::Runtime, "the configuration cannot be shown").because(error))?;
    let written = std::io::stdout().write_all(toml.as_bytes());
    written.map_err(|error| Failure::new(Exit::Runtime, "standard output cannot be written").because(error))
}

async fn sync(plan: &Plan, screen: Option<Screen>) -> Result<(), Failure> {
    info!(version = env!("CARGO_PKG_VERSION"), name = plan.name, "shake-cli starts");
    plan.notes.iter().for_each(|note| info!("{note}"));
    let mut signals = StopSignals::listen()?;
    let status = Arc::new(Status::new(facts(plan)));
    // Probes are answered from here on; a port that is taken ends it before anything is written.
    let _serving = Server::listen(&plan.status).await?.serve(&status);
    let pipeline = tokio::select! {
        started = start(plan) => started?,
        () = signals.next() => {
            info!("stopped before the start: nothing was written");
            return Ok(());
        }
    };
    let watching = Watching::begin(plan, &pipeline, &status, screen.as_ref());
    let listener = tokio::spawn(stop_on_signal(signals, pipeline.stopper(), screen));
    let ended = pipeline.wait().await;
    listener.abort();
    drop(watching);
    ended?.iter().for_each(say_end);
    Ok(())
}

/// What looks at a pipeline while it runs; it ends when this is dropped.
struct Watching {
    _tasks: JoinSet<()>,
    _drawing: Option<Drawing>,
}

impl Watching {
    fn begin(plan: &Plan, pipeline: &Pipeline, status: &Status, screen: Option<&Screen>) -> Self {
        let meter = Arc::new(Meter::new(pipeline.watcher()));
        status.follow(meter.clone());
        let drawing = screen.map(|screen| screen.draw(meter.clone()));
        let mut tasks = JoinSet::new();
        if let Some(every) = plan.log.interval {
            tasks.spawn(Reporter::new(pipeline.watcher()).run(every));
        }
        tasks.spawn(async move { meter.run().await });
        Self { _tasks: tasks, _drawing: drawing }
    }
}

fn facts(plan: &Plan) -> Facts {
    Facts {
        name: plan.name.clone(),
        source: plan.source.endpoints.first().map(ToString::to_string).unwrap_or_default(),
        threads: plan.threads,
        started: SystemTime::now(),
    }
}

async fn start(plan: &Plan) -> Result<Pipeline, Failure> {
    let network = plan.network(CONNECT_TIMEOUT)?;
    let pipeline = Pipeline::start_over(&pipeline_plan(plan), &network).await?;
    pipeline.found().iter().for_each(|line| info!("{line}"));
    Ok(pipeline)
}

/// The signals that ask for an end: SIGTERM and SIGINT.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Failure> {
        let failed = |error| Failure::new(Exit::Runtime, "signals cannot be listened to").because(error);
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        Ok(Self { terminate, interrupt })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The first signal stops in good order, the second at once.
async fn stop_on_signal(mut signals: StopSignals, stopper: Stopper, screen: Option<Screen>) {
    signals.next().await;
    stopper.stop();
    info!("stopping: what was received of the streams is applied, a copy is broken off; one more signal stops at once");
    signals.next().await;
    warn!("stopped at once: what was received and not confirmed is not applied");
    if let Some(screen) = screen {
        screen.close();
    }
    std::process::exit(Exit::Runtime.code().into());
}

fn say_end(ended: &Ended) {
    let Ended { node, confirmed, drained } = ended;
    match confirmed {
        Some(position) if *drained => info!(source = %node, "stopped at {position}: everything received is applied"),
        Some(position) => warn!(source = %node, "stopped at {position}: what was received behind it is not applied"),
        None => warn!(source = %node, "stopped before anything was applied"),
    }
}

/// What the configuration means to a pipeline.
pub(crate) fn pipeline_plan(plan: &Plan) -> PipelinePlan {
    PipelinePlan {
        extra_keys: match plan.extra_keys {
            None => ExtraKeys::DeleteOwn,
            Some(config::ExtraKeys::Delete) => ExtraKeys::Delete,
            Some(config::ExtraKeys::Keep) => ExtraKeys::Keep,
        },
        ack: match plan.ack {
            config::Ack::Received => Ack::Received,
            config::Ack::Applied => Ack::Applied,
        },
        exactly_once: plan.delivery == config::Delivery::ExactlyOnce,
        // CLIENT SETNAME takes printable ASCII without blanks.
        name: plan.name.chars().map(|c| if c.is_ascii_graphic() { c } else { '-' }).collect(),
        source: SourcePlan {
            kind: match plan.source.kind {
                config::SourceKind::Cluster => SourceKind::Cluster,
                config::SourceKind::Node => SourceKind::Node,
            },
            nodes: nodes(&plan.source.endpoints),
            credentials: plan.source.auth.as_ref().map(credentials),
            psync_command: plan.source.psync_command.clone(),
        },
        target: TargetPlan {
            kind: match plan.target.kind {
                config::TargetKind::Cluster => TargetKind::Cluster,
                config::TargetKind::Standalone => TargetKind::Standalone,
            },
            nodes: nodes(&plan.target.endpoints),
            credentials: plan.target.auth.as_ref().map(credentials),
        },
        existing_keys: match plan.restore {
            RestoreBehavior::Rewrite => ExistingKeys::Replace,
            RestoreBehavior::Skip => ExistingKeys::Keep,
            RestoreBehavior::Panic => ExistingKeys::Fail,
        },
        on_loss: match plan.on_loss {
            config::OnLoss::Stop => OnLoss::Stop,
            config::OnLoss::Warn => OnLoss::Warn,
        },
        backlog_memory: plan.limits.backlog_memory,
        backlog_disk: backlog_disk(plan),
        window: plan.limits.window_bytes,
        max_bulk: plan.limits.max_bulk,
        cross_slot: match plan.cross_slot {
            config::CrossSlot::Fail => CrossSlot::Fail,
            config::CrossSlot::Skip => CrossSlot::Skip,
        },
        full_resync: plan.on_history_lost == OnHistoryLost::FullResync,
        connect_timeout: CONNECT_TIMEOUT,
    }
}

fn backlog_disk(plan: &Plan) -> Option<DiskPlan> {
    let bytes = plan.limits.backlog_disk as u64;
    (bytes > 0).then(|| DiskPlan { dir: plan.dir.join("backlog"), bytes })
}

fn nodes(endpoints: &[Endpoint]) -> Vec<NodeAddr> {
    endpoints.iter().map(|endpoint| NodeAddr::new(endpoint.host.clone(), endpoint.port)).collect()
}

fn credentials(auth: &Auth) -> Credentials {
    Credentials { user: auth.user.clone(), password: auth.password.expose().to_owned() }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        let exit = match error.kind() {
            PipelineErrorKind::Refused => Exit::Refused,
            PipelineErrorKind::HistoryLost => Exit::HistoryLost,
            PipelineErrorKind::Fenced => Exit::Fenced,
            PipelineErrorKind::Runtime => Exit::Runtime,
        };
        Self::of(exit, error)
    }
}

/// How long a connection may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
