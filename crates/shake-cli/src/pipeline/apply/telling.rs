//! What an applier has to say to people.

use cluster_router::Rejection;
use tracing::warn;

use super::{Left, Lost, Remark};

/// A command met an error that it gets when it has taken effect already.
pub(super) fn say_conflict(node: &str, conflict: &Rejection) {
    warn!(source = %node, "sent again after a lost connection, and taken for done: {conflict}");
}

pub(super) fn say(node: &str, remark: &Remark) {
    match remark {
        Remark::ModuleData(module) => {
            warn!(source = %node, module, "a module saved data beside the keys; no command can carry that over");
        }
        Remark::Functions => {
            warn!(source = %node, "the source has functions, and the target cannot load them: left out")
        }
        Remark::Lost(Lost { kind, key }) => {
            warn!(source = %node, key, "the target cannot be told the {}; this key is the first", kind.name());
        }
        Remark::SlotImport => {
            warn!(source = %node, "slots were being imported at the source when its snapshot was made")
        }
    }
}

pub(super) fn say_left(node: &str, left: &Left) {
    match left {
        Left::Functions => {
            warn!(source = %node, "the source has functions, and the target cannot load them: left out");
        }
        Left::FieldExpiry => warn!(
            source = %node,
            "fields of hashes expire at the source, and cannot at the target: there they stay until the source deletes them"
        ),
        Left::CrossSlot { command, keys, offset } => {
            warn!(source = %node, command, keys, offset, "skipped: a target cluster takes no keys of several slots");
        }
    }
}
