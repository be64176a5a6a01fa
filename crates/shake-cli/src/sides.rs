//! Both sides of a configuration, for commands that ask something and end.

use std::path::Path;

use tokio::runtime::Runtime;

use crate::config;
use crate::exit::{Exit, Failure};
use crate::pipeline::{Network, PipelinePlan};
use crate::run::{CONNECT_TIMEOUT, pipeline_plan};

/// What a configuration means to such a command.
pub(crate) struct Sides {
    /// Both sides' name for people.
    pub(crate) name: String,
    pub(crate) plan: PipelinePlan,
    pub(crate) network: Network,
    pub(crate) runtime: Runtime,
}

impl Sides {
    /// Reads the configuration at `path`.
    ///
    /// # Errors
    /// With the exit code and the sentence to end with, when it cannot be used.
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        let plan = config::look_into(path, &|name| std::env::var(name).ok())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            network: plan.network(CONNECT_TIMEOUT)?,
            plan: pipeline_plan(&plan),
            name: plan.name,
            runtime: runtime
                .map_err(|error| Failure::new(Exit::Runtime, "the runtime cannot be started").because(error))?,
        })
    }
}

/// Writes text to standard output. A reader that closes it early has what it wanted.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    use std::io::{ErrorKind, Write};
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Runtime, "standard output cannot be written").because(error))
        }
        _ => Ok(()),
    }
}
