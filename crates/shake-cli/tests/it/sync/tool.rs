//! The built `shake-cli` between two real servers or clusters.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use testbed::{Cluster, Endpoint, Ledger, Process, ProcessSpec, Random, Scratch};

/// A running `shake-cli` with a working directory of its own.
pub(super) struct Tool {
    process: Process,
    folder: Scratch,
    file: PathBuf,
}

impl Tool {
    /// Starts it with a configuration; `{dir}` in it becomes the working directory.
    pub(super) fn start(config: &str) -> Self {
        let folder = Scratch::new("shake-cli").unwrap();
        let file = folder.path().join("sync.toml");
        let config = config.replace("{dir}", &folder.path().join("data").display().to_string());
        fs::write(&file, config).unwrap();
        Self::with_arg(folder, &file)
    }

    /// Starts it as RedisShake is started: in a folder of its own, with a file that it cannot write to.
    pub(super) fn start_in_its_folder(config: &str) -> Self {
        let folder = Scratch::new("shake-cli").unwrap();
        fs::write(folder.path().join("sync.toml"), config).unwrap();
        fs::set_permissions(folder.path().join("sync.toml"), Permissions::from_mode(0o444)).unwrap();
        Self::with_arg(folder, Path::new("sync.toml"))
    }

    /// Starts it with a file that does not exist.
    pub(super) fn start_without_file() -> Self {
        let folder = Scratch::new("shake-cli").unwrap();
        let file = folder.path().join("missing.toml");
        Self::with_arg(folder, &file)
    }

    fn with_arg(folder: Scratch, file: &Path) -> Self {
        let spec = ProcessSpec::new(env!("CARGO_BIN_EXE_shake-cli")).folder(folder.path()).arg(file);
        Self { process: Process::start(&spec).unwrap(), folder, file: file.to_owned() }
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
    }

    /// Starts it anew, in the same working directory and with a new log.
    pub(super) fn restart(self) -> Self {
        let file = self.file.clone();
        Self::with_arg(self.folder, &file)
    }

    /// SIGKILL at a random moment.
    pub(super) fn kill_within(&mut self, most: Duration, random: &mut Random) {
        self.process.kill_within(most, random).unwrap();
    }

    /// Sends it a signal by its name.
    pub(super) fn signal(&self, name: &str) {
        self.process.signal(name).unwrap();
    }

    /// Starts it anew after its end, in the same working directory; its log goes on.
    pub(super) fn run_again(&mut self) {
        self.process.restart().unwrap();
    }

    /// The same as on another machine: its working directory is gone.
    pub(super) fn run_again_elsewhere(&mut self) {
        let dir = self.dir();
        if dir.exists() { self.process.restart_without(&dir).unwrap() } else { self.process.restart().unwrap() }
    }

    /// Between two clusters, all shards in one process.
    pub(super) fn between_clusters(source: impl Into<Endpoint>, target: impl Into<Endpoint>) -> Self {
        Self::between_clusters_with(source, target, "")
    }

    /// The same with lines for `[advanced]`.
    pub(super) fn between_clusters_with(
        source: impl Into<Endpoint>,
        target: impl Into<Endpoint>,
        advanced: &str,
    ) -> Self {
        Self::start(&config(("cluster", source), ("cluster", target), advanced))
    }

    /// CPU time and peak memory so far.
    pub(super) fn usage(&self) -> testbed::Usage {
        self.process.usage()
    }

    /// Waits until a line of the log has `text` in it.
    pub(super) fn wait_for_log(&mut self, text: &str) {
        self.process.wait_for_log(text, PATIENCE).unwrap();
    }

    /// Its working directory.
    pub(super) fn dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its configuration.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Everything logged so far.
    pub(super) fn log(&self) -> String {
        self.process.log().unwrap()
    }

    /// How often `text` is in the log.
    pub(super) fn count_in_log(&self, text: &str) -> usize {
        self.log().matches(text).count()
    }

    /// SIGTERM, and the exit code that follows.
    pub(super) fn terminate(&mut self) -> i32 {
        let status = self.process.terminate(PATIENCE).unwrap();
        self.code(status)
    }

    /// Waits for it to end by itself, and answers the exit code.
    pub(super) fn wait(&mut self) -> i32 {
        let status = self.process.wait(PATIENCE).unwrap();
        self.code(status)
    }

    /// Stops it and asserts that it ended well.
    pub(super) fn end(mut self) {
        assert_eq!(self.terminate(), 0, "{}", self.log());
    }

    fn code(&self, status: ExitStatus) -> i32 {
        status.code().unwrap_or_else(|| panic!("ended by a signal:\n{}", self.log()))
    }
}

/// Runs `shake-cli` to its end: the exit code, standard output, standard error.
pub(super) fn run(args: &[&str], file: &Path) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shake-cli"));
    let output = command.args(args).arg(file).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

/// A configuration; each side is its type and where it is.
pub(super) fn config(
    (source_type, source): (&str, impl Into<Endpoint>),
    (target_type, target): (&str, impl Into<Endpoint>),
    advanced: &str,
) -> String {
    let (source, target) = (source.into(), target.into());
    format!(
        "type = \"sync\"\n[source]\ntype = \"{source_type}\"\naddress = \"{}\"\n\
         [target]\ntype = \"{target_type}\"\naddress = \"{}\"\n\
         [advanced]\ndir = \"{{dir}}\"\nlog_interval = 1\n{advanced}\n",
        source.seeds[0], target.seeds[0],
    )
}

/// Stops a ledger, and waits until the target has every record exactly. Where an answer was lost, it is the source that
/// tells which of two outcomes the target must have, too.
pub(super) fn wait_exact(ledger: Ledger, source: &Cluster, target: &Cluster, tool: &Tool) {
    let mut records = ledger.stop().unwrap();
    records.settle(source).unwrap();
    let exact = records.wait_exact(target, PATIENCE);
    exact.unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
}

/// Waits for a condition; a machine that is busy with other things may take its time.
pub(super) fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    wait_long(what, PATIENCE, condition);
}

/// The same with a patience of its own.
pub(super) fn wait_long(what: &str, patience: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// How long anything may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
