use std::time::Duration;

use crate::{Credentials, PositionKeys};

/// How a [`Router`](crate::Router) treats its target.
#[derive(Debug, Clone)]
pub struct RouterConfig {
    /// Name of the link: its connections bear it (`CLIENT SETNAME`). Without blanks; the same after a restart, and
    /// different from that of every other link to the same target.
    pub link: String,
    /// How to authenticate.
    pub credentials: Option<Credentials>,
    /// Most bytes on their way to one node without a reply.
    pub window: usize,
    /// Most bytes that the link holds for all nodes together, sent or not; above it there is
    /// [no room](crate::Router::has_room).
    pub budget: usize,
    /// What `BUSYKEY` means, the answer to a RESTORE without REPLACE of a key that is there.
    pub busy_key: BusyKey,
    /// Where fences go. With them, what must take effect once does: it is sent in one transaction with the fence of its
    /// slot, and a link that goes on after a break [passes over](crate::Replay) what the fence speaks for.
    pub fences: Option<PositionKeys>,
    /// How long a node may owe a reply before its connection is given up.
    pub reply_timeout: Duration,
}

impl Default for RouterConfig {
    fn default() -> Self {
        Self {
            link: "shake".to_owned(),
            credentials: None,
            window: 4 << 20,
            budget: 8 << 20,
            busy_key: BusyKey::Fail,
            fences: None,
            reply_timeout: Duration::from_secs(60),
        }
    }
}

/// What to do when the target has a key already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusyKey {
    /// Stop, and name the key.
    Fail,
    /// Leave the key as it is on the target.
    Keep,
}
