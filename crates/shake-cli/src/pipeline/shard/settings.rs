//! What a plan means to the parts of a link.

use cluster_router::{BusyKey, NodeAddr, RouterConfig};
use replica::{
    AckSource, AppliedOffset, BacklogReader, BacklogWriter, Budget, Credentials, LinkConfig, OnHistoryLost,
    PsyncConfig, Spool, backlog, backlog_with_disk,
};

use super::source::From;
use crate::pipeline::apply::Restore;
use crate::pipeline::error::{PipelineError, with_causes};
use crate::pipeline::plan::{Ack, ExistingKeys, PipelinePlan};
use crate::pipeline::positions;

/// The backlog of one of so many links, which share the budgets evenly.
pub(super) fn link_backlog(
    node: &NodeAddr,
    plan: &PipelinePlan,
    links: usize,
) -> Result<(BacklogWriter, BacklogReader), PipelineError> {
    let memory = (plan.backlog_memory / links) as u64;
    let budget = Budget { memory_bytes: memory - kept_window(plan, links), kept_window_bytes: 0 };
    let Some(disk) = &plan.backlog_disk else { return Ok(backlog(budget)) };
    let dir = disk.dir.join(file_name(node));
    let spool = Spool::open(dir, disk.bytes / links as u64).map_err(|error| {
        PipelineError::refused(format!("{}; backlog_disk = 0 does without it", with_causes(&error)))
    })?;
    Ok(backlog_with_disk(budget, spool))
}

/// How much of what the target has confirmed is kept of a stream, for the case that it loses some of it.
pub(super) fn kept_window(plan: &PipelinePlan, links: usize) -> u64 {
    (plan.backlog_memory / links / 3) as u64
}

/// A node's address as the name of a directory.
fn file_name(node: &NodeAddr) -> String {
    node.to_string().replace(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c), "-")
}

/// For a link that goes on from there, in the generation that is behind this one or the same.
pub(super) fn link_config(plan: &PipelinePlan, from: From, applied: AppliedOffset) -> LinkConfig {
    let credentials = plan.source.credentials.as_ref();
    let credentials = credentials.map(|c| Credentials { user: c.user.clone(), password: c.password.clone() });
    let ack = match plan.ack {
        Ack::Received => AckSource::Received,
        Ack::Applied => AckSource::Applied(applied),
    };
    let mut psync = PsyncConfig { credentials, resume: from.resume, ack, ..PsyncConfig::default() };
    if let Some(command) = &plan.source.psync_command {
        psync.psync_command.clone_from(command);
    }
    // A second copy that may not replace anything would keep what the first one wrote.
    let may_copy_again = plan.full_resync && plan.existing_keys == ExistingKeys::Replace;
    let on_history_lost = if may_copy_again { OnHistoryLost::FullResync } else { OnHistoryLost::Stop };
    LinkConfig { psync, on_history_lost, generation: from.generation }
}

pub(super) fn router_config(link: &str, plan: &PipelinePlan) -> RouterConfig {
    let defaults = RouterConfig::default();
    RouterConfig {
        link: format!("shake:{link}"),
        fences: plan.exactly_once.then(|| positions::keys(link)),
        credentials: plan.target.credentials.clone(),
        window: plan.window,
        busy_key: if plan.existing_keys == ExistingKeys::Keep { BusyKey::Keep } else { BusyKey::Fail },
        ..defaults
    }
}

pub(super) fn restore(link: &str, plan: &PipelinePlan, memory: usize) -> Restore {
    // Held whole, a value is there up to four times: as it came, as a payload, in its command, and in between.
    let whole = (memory / 4).clamp(SMALLEST_GIANT, LARGEST_WHOLE);
    Restore {
        existing: plan.existing_keys,
        max_bulk: plan.max_bulk,
        max_whole: whole.min(plan.max_bulk),
        on_loss: plan.on_loss,
        link: link.into(),
    }
}

/// Smaller values come whole from the decoder.
const SMALLEST_GIANT: usize = 1 << 20;
/// A target stands still while it loads a payload: for some 100 ms when it is as large as this.
const LARGEST_WHOLE: usize = 16 << 20;
