use std::path::PathBuf;

use clap::Args;

/// Remove from the target of a configuration what its links keep there: the next start copies everything.
///
/// Says what it is going to remove, and asks. Refuses while a process runs that follows one of the links. The keys that
/// were copied stay.
#[derive(Debug, Clone, Args)]
pub struct ForgetArgs {
    /// The configuration file of the sync
    #[arg(value_name = "CONFIG")]
    pub(super) config: PathBuf,

    /// Not only what the links of this configuration's sources keep: every key that begins with `shake:`
    #[arg(long)]
    pub(super) all: bool,

    /// Do not ask
    #[arg(long)]
    pub(super) yes: bool,
}
