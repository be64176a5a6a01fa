//! Programs under test, as child processes.

mod usage;

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

pub use self::usage::Usage;
use self::usage::Watch;
use crate::{
    Error, Random,
    leash::Leash,
    node::{Home, POLL, send_signal},
};

/// What a [`Process`] is to run.
#[derive(Clone, Debug)]
pub struct ProcessSpec {
    program: PathBuf,
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
}

impl ProcessSpec {
    /// A program without arguments.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), args: Vec::new(), envs: Vec::new(), folder: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.envs.push((name.into(), value.into()));
        self
    }

    /// The working folder; without it, the folder that the process gets for itself.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }
}

/// A child process whose output goes to a file. Dropping it kills it, and so does the end of this process.
pub struct Process {
    spec: ProcessSpec,
    home: PathBuf,
    child: Child,
    status: Option<ExitStatus>,
    watch: Watch,
    name: String,
    log: PathBuf,
    leash: Arc<Leash>,
}

impl Process {
    /// Starts the program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(spec: &ProcessSpec) -> Result<Self, Error> {
        let Home { folder, leash } = Home::create("process")?;
        let log = folder.join("output.log");
        let child = spawn(spec, &folder, &log)?;
        leash.hold(child.id())?;
        let name = spec.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let watch = Watch::start(child.id())?;
        Ok(Self { spec: spec.clone(), home: folder, child, status: None, watch, name, log, leash })
    }

    /// Starts it again after its end, as it was started before. What it writes goes behind what it has written.
    ///
    /// # Errors
    /// When it has not ended, or cannot be started.
    pub fn restart(&mut self) -> Result<(), Error> {
        if self.try_wait()?.is_none() {
            return Err(Error::Usage(format!("{} runs already", self.name)));
        }
        self.child = spawn(&self.spec, &self.home, &self.log)?;
        self.leash.hold(self.child.id())?;
        self.watch = Watch::start(self.child.id())?;
        self.status = None;
        Ok(())
    }

    /// The same on another machine, so to say: without what was in this folder.
    ///
    /// # Errors
    /// When it has not ended, the folder cannot be removed, or it cannot be started.
    pub fn restart_without(&mut self, folder: &Path) -> Result<(), Error> {
        if self.try_wait()?.is_some() {
            fs::remove_dir_all(folder).map_err(Error::io(format!("remove {}", folder.display())))?;
        }
        self.restart()
    }

    /// The process's number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The file that holds its output and error output.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Everything that it has written so far.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn log(&self) -> Result<String, Error> {
        let bytes = fs::read(&self.log).map_err(Error::io(format!("read {}", self.log.display())))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Waits until its output holds `text`; the first line with it.
    ///
    /// # Errors
    /// [`Error::Timeout`], with the output's end, when it does not come or the process ends without it.
    pub fn wait_for_log(&mut self, text: &str, timeout: Duration) -> Result<String, Error> {
        let deadline = Instant::now() + timeout;
        loop {
            // Asked before the log is read: what it wrote last must not be missed.
            let over = self.try_wait()?.is_some() || Instant::now() > deadline;
            if let Some(line) = self.log()?.lines().find(|line| line.contains(text)) {
                return Ok(line.to_owned());
            }
            if over {
                return Err(Error::Timeout(format!("`{text}` from {}: {}", self.name, self.log_end()?)));
            }
            thread::sleep(POLL);
        }
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, Error> {
        if self.status.is_none() && self.watch.has_ended() {
            self.status = Some(self.child.wait().map_err(Error::io("wait for the process"))?);
            self.leash.release(self.child.id())?;
        }
        Ok(self.status)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// [`Error::Timeout`], with the output's end, when it does not end in time.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus, Error> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                return Err(Error::Timeout(format!("the end of {}: {}", self.name, self.log_end()?)));
            }
            thread::sleep(POLL);
        }
    }

    /// Asks it to end (SIGTERM), and waits for that.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn terminate(&mut self, timeout: Duration) -> Result<ExitStatus, Error> {
        if self.try_wait()?.is_none() {
            self.signal("TERM")?;
        }
        self.wait(timeout)
    }

    /// Kills it (SIGKILL), and waits for its end.
    ///
    /// # Errors
    /// When its end cannot be waited for.
    pub fn kill(&mut self) -> Result<ExitStatus, Error> {
        if self.try_wait()?.is_none() {
            self.child.kill().map_err(Error::io("kill the process"))?;
        }
        self.wait(KILL_TIMEOUT)
    }

    /// Kills it (SIGKILL) at a random moment, after `most` at the latest; after what time that was.
    ///
    /// # Errors
    /// When its end cannot be waited for.
    pub fn kill_within(&mut self, most: Duration, random: &mut Random) -> Result<Duration, Error> {
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        let moment = Duration::from_micros(random.below(micros));
        thread::sleep(moment);
        self.kill()?;
        Ok(moment)
    }

    /// Sends a signal by its name, such as `STOP`.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, name: &str) -> Result<(), Error> {
        match self.status {
            None => send_signal(self.child.id(), name),
            Some(status) => Err(Error::Usage(format!("{} has ended: {status}", self.name))),
        }
    }

    /// CPU time and peak memory, up to now or up to its end.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.watch.usage()
    }

    fn log_end(&self) -> Result<String, Error> {
        let log = self.log()?;
        let lines: Vec<_> = log.lines().collect();
        Ok(lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure, and the leash kills what is left.
        let _ = self.kill();
    }
}

fn spawn(spec: &ProcessSpec, home: &Path, log: &Path) -> Result<Child, Error> {
    let out = File::options().create(true).append(true).open(log).map_err(Error::io("open the log file"))?;
    let err = out.try_clone().map_err(Error::io("share the log file"))?;
    Command::new(&spec.program)
        .args(&spec.args)
        .envs(spec.envs.iter().map(|(name, value)| (name, value)))
        .current_dir(spec.folder.as_deref().unwrap_or(home))
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(Error::io(format!("start {}", spec.program.display())))
}

/// A program of this workspace by its name, built beside the program that asks.
///
/// # Errors
/// When it has not been built.
pub fn find_binary(name: &str) -> Result<PathBuf, Error> {
    let me = env::current_exe().map_err(Error::io("find this program's own file"))?;
    // Programs lie in `target/debug`, tests in `target/debug/deps`.
    let beside = me.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    beside.ok_or_else(|| Error::Usage(format!("`{name}` is not built: run `cargo build --bin {name}` first")))
}

const KILL_TIMEOUT: Duration = Duration::from_secs(10);
