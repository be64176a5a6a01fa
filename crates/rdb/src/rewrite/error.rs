//! What cannot be written as commands at all.

use std::fmt;

use crate::error::Error;
use crate::target::Target;

/// One item that cannot become commands for a target; the next can be given as if nothing had been.
///
/// Its source is what is damaged in the value, if that is why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl fmt::Display for RewriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot rewrite for {} what is at offset {}: {}", self.target, self.offset, self.kind)
    }
}

impl std::error::Error for RewriteError {
    /// That of the kind, whose own sentence is said already.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.kind)
    }
}

/// The kinds of [`RewriteError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteErrorKind {
    /// The value is damaged: the source data's fault.
    #[error("the value is damaged")]
    Damaged(#[source] Error),
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
    /// A stream with an entry without fields or out of order, or with a number that no server counts to, or that denies
    /// what else is in the stream: its commands would be refused. The source data's fault.
    #[error("no server has a stream like this")]
    ImpossibleStream,
    /// The commands are more than [`RewriteOptions::max_output`](crate::RewriteOptions::max_output).
    #[error("the commands of one call are over the limit")]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::error::{ErrorKind, Reading};

    #[test]
    fn damage_is_the_source_and_not_in_the_sentence() {
        let damage = Error::new(ErrorKind::BadLzf, 22, Reading::Code);
        let error = RewriteError { kind: RewriteErrorKind::Damaged(damage), offset: 14, target: Target::redis(7, 0) };
        assert_eq!(error.to_string(), "cannot rewrite for redis-7.0 what is at offset 14: the value is damaged");
        assert_eq!(error.source().unwrap().to_string(), damage.to_string());
        assert_eq!(error.kind().source().unwrap().to_string(), damage.to_string());
        let error = RewriteError { kind: RewriteErrorKind::Module, ..error };
        assert!(error.source().is_none());
    }
}
