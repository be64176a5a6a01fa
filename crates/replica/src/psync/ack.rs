use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

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
}

/// The offset up to which the stream has been applied, shared between who applies and who acknowledges.
///
/// It is an offset of the current history: who applies sets it anew when a new generation begins.
#[derive(Debug, Clone, Default)]
pub struct AppliedOffset(Arc<AtomicU64>);

impl AppliedOffset {
    /// Sets it.
    pub fn store(&self, offset: Offset) {
        self.0.store(offset.0, Ordering::Relaxed);
    }

    /// Its value; 0 until it is first set.
    #[must_use]
    pub fn load(&self) -> Offset {
        Offset(self.0.load(Ordering::Relaxed))
    }
}

/// When acknowledgements are due.
///
/// A primary that sent the snapshot without a file starts the stream only when an acknowledgement arrives after it has
/// reaped its child (`replicaStartCommandStream`), and it forgets those that came earlier. So they come quickly after
/// the snapshot until the stream begins, and once a second otherwise (`replicationCron`).
#[derive(Debug, Default)]
pub(super) struct AckSchedule {
    due: bool,
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

    /// The primary asked for one.
    pub(super) fn demand(&mut self) {
        self.due = true;
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

    pub(super) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.due)
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
        applied.store(Offset(5));
        assert_eq!(ack.offset(Offset(7)), Offset(5));
        applied.store(Offset(9));
        assert_eq!(ack.offset(Offset(7)), Offset(7));
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
