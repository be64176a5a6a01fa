//! What a router tells an applier.

use cluster_router::{Event, Position, Rejection};
use replica::Place;
use tokio::time::Instant;
use tracing::{info, warn};

use super::applier::{Applier, ApplierError, Applying, CALM, place_of};
use super::giant::Missing;
use super::telling::say_conflict;
use crate::pipeline::positions::MARK_TOKENS;

impl Applier {
    fn confirm(&mut self, position: Position) {
        // Confirmations of an earlier generation come late when a full resync begins in the middle.
        if position.generation == self.generation {
            self.progress.confirmed(position);
        }
        let place = self.place_to_release(position);
        self.backlog.release(place);
        let before = self.confirmed.replace(position);
        if before != Some(position) {
            self.confirmed_more |= before.is_some();
            self.flow();
        }
    }

    /// An errand may take long, and there is no new position before it is done. Nothing stands in its way when it is
    /// answered; but what came before it may meet the same trouble at every try, and then others answer in between.
    fn answered(&mut self) {
        if self.router.has_room() && self.disturbed.elapsed() >= CALM {
            self.flow();
        }
    }

    /// Something stands in the way.
    pub(super) fn hold(&mut self, why: String) {
        self.holding = true;
        self.disturbed = Instant::now();
        self.progress.hold(why);
    }

    /// Nothing stands in the way any more.
    fn flow(&mut self) {
        if std::mem::take(&mut self.holding) {
            self.progress.flow();
            let resent = self.resent.take().unwrap_or(0);
            info!(source = %self.node, resent, "commands flow again");
        }
    }

    /// Up to where nothing is needed any more. Within a value there is no going on, but parts of a giant that are
    /// confirmed need not be in memory until its end comes. On disk they may stay.
    fn place_to_release(&mut self, position: Position) -> Place {
        let place = place_of(position);
        match &mut self.phase {
            Applying::Snapshot(applier) if position.index > 0 && position.generation == self.generation => {
                let point = applier.release_point(position.index);
                let in_memory = self.backlog.stats().figures().disk.is_none();
                point.filter(|_| in_memory).map_or(place, |offset| Place { offset, ..place })
            }
            _ => place,
        }
    }

    fn nodes_may_be_new(&mut self) {
        if let Applying::Stream(applier) = &mut self.phase {
            applier.nodes_may_be_new();
        }
    }

    pub(super) fn handle(&mut self, event: Event) -> Result<(), ApplierError> {
        match event {
            Event::Answer { token, reply } if token >= MARK_TOKENS => {
                self.marks.answer(token, &reply, &mut self.router)?;
                self.marks.safe().inspect(|&safe| self.progress.safe(safe));
            }
            Event::Answer { token, reply } => {
                self.errands.answer(token, &reply)?;
                self.answered();
            }
            Event::Confirmed(Some(position)) => self.confirm(position),
            Event::Holding(hold) => {
                self.errands.interrupted();
                self.marks.interrupted();
                self.nodes_may_be_new();
                self.retrying = true;
                self.hold(hold.to_string());
                // The first try is made at once; only what lasts is worth a line.
                if hold.attempt > 1 {
                    warn!(source = %self.node, "holding: {hold}");
                } else {
                    info!(source = %self.node, "redirected or refused: {hold}");
                }
            }
            Event::Silent { node, silence } => {
                let waiting = format!("{node}: no reply for {} s", silence.as_secs());
                if !self.holding {
                    warn!(source = %self.node, "waiting: {waiting}");
                }
                self.hold(waiting);
            }
            Event::Flowing { resent } => {
                self.resent = Some(resent);
                // Whether that gets through this time is not known yet. What took a detour is no trouble.
                if std::mem::take(&mut self.retrying) {
                    self.disturbed = Instant::now();
                }
                self.nodes_may_be_new();
            }
            Event::Conflict(conflict) => self.conflict(&conflict),
            Event::Missing { rejection, repeated } => self.missing(&rejection, repeated),
            _ => {}
        }
        Ok(())
    }

    fn conflict(&self, conflict: &Rejection) {
        self.progress.conflict();
        say_conflict(&self.node, conflict);
    }

    /// What was built of a value was not there when it was to get its name.
    fn missing(&mut self, rejection: &Rejection, repeated: bool) {
        let Applying::Snapshot(applier) = &mut self.phase else { return };
        match applier.missing() {
            None => {}
            Some(Missing::Expired(key)) => {
                info!(source = %self.node, key, "all of its value has expired while it was built: the key is not there");
            }
            Some(Missing::Removed(_)) if repeated => self.conflict(rejection),
            Some(Missing::Removed(key)) => {
                self.progress.conflict();
                warn!(
                    source = %self.node, key, target = %rejection.node,
                    "NOT COPIED: what was built of this key was removed from the target before it was whole (evicted, \
                     deleted, flushed?), and what the target has under its name was not replaced; see that nothing removes \
                     keys there, and start again to copy it"
                );
            }
        }
    }
}
