use replica::{LinkError, LinkErrorKind};

use super::apply::{ApplierError, ApplyError, ApplyErrorKind};
use super::positions::SurveyError;

/// Why a pipeline did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PipelineError {
    kind: PipelineErrorKind,
    message: String,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PipelineErrorKind {
    /// A check before the start says no; nothing was written.
    Refused,
    /// A source cannot continue from where a link was, and a full resync is not allowed.
    HistoryLost,
    /// Another process follows the source.
    Fenced,
    /// Anything that happened on the way.
    Runtime,
}

impl PipelineError {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> PipelineErrorKind {
        self.kind
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { kind: PipelineErrorKind::Refused, message: message.into() }
    }

    pub(crate) fn runtime(message: impl Into<String>) -> Self {
        Self { kind: PipelineErrorKind::Runtime, message: message.into() }
    }

    pub(crate) fn history_lost(message: impl Into<String>) -> Self {
        Self { kind: PipelineErrorKind::HistoryLost, message: message.into() }
    }

    pub(crate) fn fenced(message: impl Into<String>) -> Self {
        Self { kind: PipelineErrorKind::Fenced, message: message.into() }
    }

    /// The target did not say how far it is.
    pub(crate) fn survey(error: &SurveyError) -> Self {
        Self::runtime(format!("target {}", with_causes(error)))
    }

    pub(crate) fn link(error: &LinkError) -> Self {
        let kind = match error.kind {
            LinkErrorKind::HistoryLost => PipelineErrorKind::HistoryLost,
            _ => PipelineErrorKind::Runtime,
        };
        Self { kind, message: format!("source {}", with_causes(error)) }
    }

    pub(crate) fn applier(node: &str, error: &ApplierError) -> Self {
        if let ApplierError::Apply(ApplyError { kind: ApplyErrorKind::SecondCopy, .. }) = error {
            let message = format!("source {node}, {}", with_causes(error));
            return Self { kind: PipelineErrorKind::HistoryLost, message };
        }
        Self::runtime(match error {
            ApplierError::Router(error) => format!("target {}", with_causes(error)),
            ApplierError::Apply(error) => format!("source {node}, {}", with_causes(error)),
            ApplierError::Interrupted(error) => format!("target {}", with_causes(error)),
            ApplierError::Positions(error) => format!("the target does not keep how far it is: {error}"),
            ApplierError::Backlog(error) => format!("source {node}: {error}; start again to copy everything anew"),
        })
    }
}

/// An error and what led to it, in one line; a cause that an error repeats in its own words is said once.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}
