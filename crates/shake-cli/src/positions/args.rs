use std::path::PathBuf;

use clap::Args;

/// Show how far the target of a configuration says each link is, and where a start would go on.
///
/// Writes nothing. Links are matched to sources by their replication histories: what cannot be asked of a source that is
/// down is said.
#[derive(Debug, Clone, Args)]
pub struct PositionsArgs {
    /// The configuration file of the sync
    #[arg(value_name = "CONFIG")]
    pub(super) config: PathBuf,

    /// For programs: one JSON document
    #[arg(long)]
    pub(super) json: bool,
}
