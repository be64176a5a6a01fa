//! Looking after a node that has fallen silent.
//!
//! A primary that hangs may be replaced by one of its replicas. When it wakes up it still executes what it has in its
//! buffers, and says so, before it learns that it is a replica now and throws all that away. So a silent node's replies
//! must not be waited for when the cluster has gone on without it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::settle::State;
use super::{Event, Router};
use crate::lane::Lane;
use crate::{BoxFuture, ClientError, NodeAddr, SlotMap, TargetKind};

/// A look at the slot map, taken because of a silence.
pub(super) struct Probe(BoxFuture<'static, Result<SlotMap, ClientError>>);

impl Router {
    /// Asks the other nodes about those that are silent, and gives up those whose slots are served elsewhere.
    pub(super) fn poll_probe(&mut self, cx: &mut Context<'_>) {
        if !matches!(self.state, State::Flowing | State::Resting(_)) {
            self.probe = None;
            return;
        }
        if self.probe.is_none() {
            self.begin_probe();
        }
        let Some(Probe(answer)) = &mut self.probe else { return };
        let Poll::Ready(answer) = Pin::new(answer).poll(cx) else { return };
        self.probe = None;
        if let Ok(map) = answer {
            self.give_up_replaced(&map);
        }
    }

    fn begin_probe(&mut self) {
        if self.discovery.kind() != TargetKind::Cluster {
            return;
        }
        let Some((node, silence)) = self.lanes.iter().find_map(|lane| Some((lane.node.clone(), silent(lane)?))) else {
            return;
        };
        let other: Option<NodeAddr> =
            self.lanes.iter().find(|lane| silent(lane).is_none()).map(|lane| lane.node.clone());
        self.events.push_back(Event::Silent { node, silence });
        let discovery = self.discovery.clone();
        self.probe = Some(Probe(Box::pin(async move {
            let map = discovery.slot_map(other.as_ref()).await;
            // The next look is not taken at once.
            tokio::time::sleep(BETWEEN_PROBES).await;
            map
        })));
    }

    fn give_up_replaced(&mut self, map: &SlotMap) {
        for (slot, &lane) in crate::Slot::all().zip(&self.lane_of_slot) {
            let Some(lane) = self.lanes.get_mut(usize::from(lane)) else { continue };
            let Some(owner) = map.owner(slot) else { continue };
            if owner.addr != lane.node && silent(lane).is_some() {
                lane.give_up("it was silent, and does not serve its slots any more");
            }
        }
    }
}

/// How long a lane has been silent, when that is long.
pub(super) fn silent(lane: &Lane) -> Option<Duration> {
    lane.silence().filter(|&silence| silence >= PROBE_AFTER)
}

/// A node that owes a reply for this long is asked after.
const PROBE_AFTER: Duration = Duration::from_secs(3);
const BETWEEN_PROBES: Duration = Duration::from_secs(2);
