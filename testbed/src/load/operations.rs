//! The operations of a load, by the type of value that they work on.

mod collections;
mod generic;
mod sorted;
mod streams;
mod strings;

use super::script::Script;
use crate::Command;

/// One kind of write.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// The first server version that has it, as major * 100 + minor.
    pub(super) since: u32,
    pub(super) make: fn(&mut Script) -> Vec<Command>,
}

const fn op(name: &'static str, since: u32, make: fn(&mut Script) -> Vec<Command>) -> Operation {
    Operation { name, since, make }
}

/// The first version that the testbed knows.
const ALL: u32 = 600;

/// Fields of hashes that expire: redis 8.0, and every server that has the same commands.
pub(super) const FIELD_EXPIRY: u32 = 800;

/// Every kind of write. None may fail, and none may grow a value for ever.
pub(super) static OPERATIONS: std::sync::LazyLock<Vec<Operation>> = std::sync::LazyLock::new(|| {
    [
        strings::operations(),
        collections::operations(),
        sorted::operations(),
        streams::operations(),
        generic::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
});
