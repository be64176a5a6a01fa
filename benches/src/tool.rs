//! The program that is measured.

use std::{env, fs, path::PathBuf, time::Duration};

use testbed::{Cluster, Error, Process, ProcessSpec, Scratch, Usage, find_binary};

/// The release build of `shake-cli`: `$SHAKE_CLI`, or the one beside this program.
///
/// # Errors
/// When there is none.
pub fn find() -> Result<PathBuf, Error> {
    if let Some(chosen) = env::var_os("SHAKE_CLI").map(PathBuf::from) {
        let missing = || Error::Usage(format!("SHAKE_CLI names {}, which is not a file", chosen.display()));
        return if chosen.is_file() { Ok(chosen) } else { Err(missing()) };
    }
    find_binary("shake-cli").map_err(|_| {
        Error::Usage("shake-cli is not built: run `cargo build --release -p shake-cli`, or set SHAKE_CLI".to_owned())
    })
}

/// A running `shake-cli` between two clusters.
pub struct Tool {
    process: Process,
    _folder: Scratch,
}

impl Tool {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &PathBuf, source: &Cluster, target: &Cluster) -> Result<Self, Error> {
        Self::start_with(program, source, target, "")
    }

    /// As [`start`](Self::start), with more of the configuration.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with(program: &PathBuf, source: &Cluster, target: &Cluster, more: &str) -> Result<Self, Error> {
        let folder = Scratch::new("bench")?;
        let file = folder.path().join("sync.toml");
        let text = format!(
            "type = \"sync\"\n[source]\ntype = \"cluster\"\naddress = \"{}\"\n[target]\ntype = \"cluster\"\n\
             address = \"{}\"\n{more}[advanced]\ndir = \"{}\"\n",
            source.addr(0)?,
            target.addr(0)?,
            folder.path().join("data").display(),
        );
        fs::write(&file, text).map_err(Error::io("write the configuration"))?;
        let process = Process::start(&ProcessSpec::new(program).arg(&file))?;
        Ok(Self { process, _folder: folder })
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// When it has ended, with the end of its log: then there is nothing to measure.
    pub fn usage(&mut self) -> Result<Usage, Error> {
        match self.process.try_wait()? {
            None => Ok(self.process.usage()),
            Some(status) => Err(Error::Usage(format!("shake-cli ended, {status}:\n{}", self.process.log()?))),
        }
    }

    /// Sends it a signal by its name.
    ///
    /// # Errors
    /// When that fails.
    pub fn signal(&self, name: &str) -> Result<(), Error> {
        self.process.signal(name)
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn stop(mut self) -> Result<(), Error> {
        let status = self.process.terminate(PATIENCE)?;
        if status.success() { Ok(()) } else { Err(Error::Usage(format!("shake-cli ended, {status}"))) }
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
