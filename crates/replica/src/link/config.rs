use crate::PsyncConfig;

/// How a link follows its primary.
#[derive(Debug, Clone, Default)]
pub struct LinkConfig {
    /// How it introduces itself. [`resume`](PsyncConfig::resume) says where the first connection goes on; later ones go
    /// on where the backlog ends.
    pub psync: PsyncConfig,
    /// The generation that `psync.resume` belongs to, or the last one that was ever opened; 0 at a first start. A full
    /// resync opens the next one.
    pub generation: u64,
    /// What to do when the primary cannot continue a history and offers a full resync.
    pub on_history_lost: OnHistoryLost,
}

/// What a link does when the history that it follows is lost to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnHistoryLost {
    /// End with [`HistoryLost`](crate::LinkErrorKind::HistoryLost).
    #[default]
    Stop,
    /// Take the snapshot as a new generation.
    FullResync,
}
