use cluster_router::TargetKind;

use super::facts::Version;

/// What the applying side has to know of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// A cluster, or one server for all.
    pub(crate) kind: TargetKind,
    /// The lowest version among its nodes.
    pub(crate) version: Version,
}

impl Target {
    /// Whether `SET` takes an absolute expiry.
    pub(crate) fn has_set_pxat(&self) -> bool {
        self.version >= Version { major: 6, minor: 2 }
    }

    /// Whether it has functions.
    pub(crate) fn has_functions(&self) -> bool {
        self.version >= Version { major: 7, minor: 0 }
    }

    /// Whether keys of several slots may be in one command, and databases selected.
    pub(crate) fn is_standalone(&self) -> bool {
        self.kind == TargetKind::Standalone
    }
}
