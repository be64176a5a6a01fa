//! What cannot be written as commands at all.

use crate::error::Error;
use crate::target::Target;

/// A value that cannot become commands for a target; other values can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot rewrite for {target} what is at offset {offset}: {kind}")]
pub struct RewriteError {
    pub(super) kind: RewriteErrorKind,
    pub(super) offset: u64,
    pub(super) target: Target,
}

impl RewriteError {
    /// Why not.
    #[must_use]
    pub const fn kind(&self) -> RewriteErrorKind {
        self.kind
    }

    /// The file offset of the key's record; 0 for records that are not keys, whose offset their item does not say.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The server that it was meant for.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }
}

/// The kinds of [`RewriteError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteErrorKind {
    /// The value is damaged: the source data's fault.
    #[error("{0}")]
    Damaged(Error),
    /// Only the module knows what its value means.
    #[error("no commands make a module's value")]
    Module,
    /// What a module saved beside the keys.
    #[error("no commands make the data of a module beside the keys")]
    ModuleAux,
    /// Arrays (Redis 8.8): their commands are not known here.
    #[error("no known commands make an array")]
    Array,
    /// The target has no streams (before Redis 5.0).
    #[error("the target has no streams")]
    NoStreams,
    /// The target has no functions (before Redis 7.0).
    #[error("the target has no functions")]
    NoFunctions,
    /// A function library in the form of the Redis 7.0 release candidates.
    #[error("no server loads functions of the 7.0 release candidates")]
    FunctionPreGa,
    /// A consumer has an entry pending that its group does not know: the source data's fault.
    #[error("a consumer's pending entry is not in its group")]
    Contradiction,
}
