use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::Offset;

/// Which offset a replica acknowledges.
///
/// The primary's `WAIT`, `min-replicas-to-write` and `FAILOVER`, and Valkey's `CLUSTER SETSLOT`, go by it.
#[derive(Debug, Clone, Default)]
pub enum AckSource {
    /// What was received: the primary is never kept waiting by what happens to the data afterwards.
    #[default]
    Received,
    /// What somebody else says has been applied, but never more than was received.
    Applied(AppliedOffset),
}

impl AckSource {
    pub(super) fn offset(&self, received: Offset) -> Offset {
        match self {
            Self::Received => received,
            Self::Applied(applied) => applied.load().min(received),
        }
    }

    /// A generation begins, of which this much is applied.
    pub(crate) fn begin(&self, generation: u64, offset: Offset) {
        if let Self::Applied(applied) = self {
            applied.begin(generation, offset);
        }
    }

    /// Waits until more may be acknowledged for another reason than that more was received.
    pub(crate) async fn changed(&self) {
        match self {
            Self::Received => std::future::pending().await,
            Self::Applied(applied) => applied.0.changed.notified().await,
        }
    }
}

/// The offset up to which the stream has been applied, shared between who applies and who acknowledges.
///
/// It is an offset of one generation: who acknowledges begins the next one, and what is said of others does not count.
/// Who applies may be behind, and offsets of different histories must not be taken for each other.
#[derive(Debug, Clone, Default)]
pub struct AppliedOffset(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// A generation and the offset in it.
    applied: Mutex<(u64, Offset)>,
    changed: Notify,
}

impl AppliedOffset {
    /// Sets it, if that is the generation that is acknowledged at present. It may go back.
    pub fn store(&self, generation: u64, offset: Offset) {
        let mut applied = self.lock();
        if applied.0 == generation && applied.1 != offset {
            applied.1 = offset;
            drop(applied);
            self.0.changed.notify_one();
        }
    }

    /// Its value; 0 until it is first set.
    #[must_use]
    pub fn load(&self) -> Offset {
        self.lock().1
    }

    fn begin(&self, generation: u64, offset: Offset) {
        *self.lock() = (generation, offset);
    }

    fn lock(&self) -> MutexGuard<'_, (u64, Offset)> {
        self.0.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When acknowledgements are due.
///
/// A primary that sent the snapshot without a file starts the stream only when an acknowledgement arrives after it has
/// reaped its child (`replicaStartCommandStream`), and it forgets those that came earlier. So they come quickly after
/// the snapshot until the stream begins, and once a second otherwise (`replicationCron`).
///
/// A primary that asks for one is answered at once. When that is not yet what it waits for, because what was received has
/// to be applied first, it is told of every step until it is.
#[derive(Debug, Default)]
pub(super) struct AckSchedule {
    due: bool,
    /// What the primary waits for.
    demanded: Option<Offset>,
    /// What was acknowledged last.
    told: Offset,
    next: Option<Instant>,
    eager_until: Option<Instant>,
}

impl AckSchedule {
    /// A snapshot begins: once a second from now on.
    pub(super) fn start(&mut self, now: Instant) {
        self.next = Some(now + STEADY);
    }

    /// The stream goes on after `+CONTINUE`: at once, then once a second.
    pub(super) fn start_at_once(&mut self, now: Instant) {
        self.due = true;
        self.start(now);
    }

    /// The snapshot is complete: in short steps until the stream begins.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.due = true;
        self.eager_until = Some(now + EAGER_FOR);
        self.next = Some(now + EAGER);
    }

    /// Bytes of the stream came.
    pub(super) fn stream_flows(&mut self, now: Instant) {
        if self.eager_until.take().is_some() {
            self.start(now);
        }
    }

    /// The primary asked for one, at this offset.
    pub(super) fn demand(&mut self, received: Offset) {
        self.due = true;
        self.demanded = Some(received);
    }

    /// Whether the primary waits for more than it was told.
    pub(super) fn is_owed(&self) -> bool {
        self.demanded.is_some()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        self.due = true;
        let eager = self.eager_until.is_some_and(|until| until > now);
        self.next = Some(now + if eager { EAGER } else { STEADY });
    }

    /// Whether to acknowledge `offset` now.
    pub(super) fn take_due(&mut self, offset: Offset) -> bool {
        let is_due = std::mem::take(&mut self.due) || (self.is_owed() && offset > self.told);
        if is_due {
            self.told = offset;
            self.demanded = self.demanded.filter(|&demanded| offset < demanded);
        }
        is_due
    }
}

const STEADY: Duration = Duration::from_secs(1);
const EAGER: Duration = Duration::from_millis(50);
const EAGER_FOR: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_applied_never_exceeds_what_was_received() {
        let applied = AppliedOffset::default();
        let ack = AckSource::Applied(applied.clone());
        assert_eq!(ack.offset(Offset(7)), Offset(0));
        applied.store(0, Offset(5));
        assert_eq!(ack.offset(Offset(7)), Offset(5));
        applied.store(0, Offset(9));
        assert_eq!(ack.offset(Offset(7)), Offset(7));
    }

    #[test]
    fn what_is_applied_of_another_generation_does_not_count() {
        let applied = AppliedOffset::default();
        let ack = AckSource::Applied(applied.clone());
        ack.begin(1, Offset(90));
        assert_eq!(ack.offset(Offset(200)), Offset(90));
        applied.store(1, Offset(100));
        ack.begin(2, Offset(0));
        applied.store(1, Offset(110));
        assert_eq!(ack.offset(Offset(200)), Offset(0));
        applied.store(2, Offset(50));
        assert_eq!(ack.offset(Offset(200)), Offset(50));
    }

    #[test]
    fn a_demand_is_open_until_what_it_is_about_is_acknowledged() {
        let mut ack = AckSchedule::default();
        assert!(!ack.take_due(Offset(5)));
        ack.demand(Offset(10));
        let steps = [(5, true), (5, false), (7, true), (7, false), (10, true), (11, false)];
        for (offset, expected) in steps {
            assert_eq!(ack.take_due(Offset(offset)), expected, "{offset}");
        }
        assert!(!ack.is_owed());
    }

    #[test]
    fn short_steps_end_after_a_second() {
        let start = Instant::now();
        let mut ack = AckSchedule::default();
        ack.hurry(start);
        let mut steps = Vec::new();
        while let Some(next) = ack.poll_timeout().filter(|&n| n <= start + Duration::from_secs(4)) {
            ack.handle_timeout(next);
            steps.push((next - start).as_millis());
        }
        let expected: Vec<u128> = (1..=20).map(|n| n * 50).chain([2000, 3000, 4000]).collect();
        assert_eq!(steps, expected);
    }
}
