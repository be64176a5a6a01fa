//! What a link's backlog has to say to people: that it goes on on disk, that it is full, and for want of what.

use std::time::Duration;

use replica::{BacklogFigures, BacklogStats, Waiting};
use tokio::time::{Instant, interval};
use tracing::{info, warn};

/// Looks at a backlog every half second, without end.
pub(crate) async fn watch(node: String, backlog: BacklogStats) {
    let (mut watch, mut ticks) = (Watch::default(), interval(BETWEEN_LOOKS));
    loop {
        ticks.tick().await;
        match watch.look(&backlog.figures(), Instant::now()) {
            Some(Remark::OnDisk) => {
                info!(source = %node, "the target is slower than the source: what it has not taken goes on on disk");
            }
            Some(Remark::OffDisk) => info!(source = %node, "the target has caught up: nothing is on disk any more"),
            Some(Remark::Full(waiting)) => {
                warn!(source = %node, "{waiting}: the source is read only as fast as the target takes it");
            }
            Some(Remark::RoomAgain) => info!(source = %node, "the backlog has room again: the source is read freely"),
            None => {}
        }
    }
}

/// What was seen, and what was said of it.
#[derive(Debug, Default)]
struct Watch {
    on_disk: bool,
    /// What the writer waited for at the last look.
    waiting: Option<Waiting>,
    /// What was said last, and when.
    said: Option<(Waiting, Instant)>,
}

/// Something worth a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remark {
    OnDisk,
    OffDisk,
    Full(Waiting),
    RoomAgain,
}

impl Watch {
    /// A target that is slower than its source makes the backlog full, and not, many times a second: that counts when
    /// it was so at the last look as well, and is repeated only after a while.
    fn look(&mut self, figures: &BacklogFigures, now: Instant) -> Option<Remark> {
        let waiting = figures.waiting();
        let before = std::mem::replace(&mut self.waiting, waiting);
        if let (Some(waiting), true) = (waiting, waiting == before) {
            let is_known = |(said, at): (Waiting, Instant)| said == waiting && now - at < SAY_AGAIN;
            if !self.said.is_some_and(is_known) {
                self.said = Some((waiting, now));
                return Some(Remark::Full(waiting));
            }
        }
        if waiting.is_none() && before.is_none() && self.said.take().is_some() {
            return Some(Remark::RoomAgain);
        }
        let on_disk = figures.spilled_bytes > 0;
        let was_on_disk = std::mem::replace(&mut self.on_disk, on_disk);
        match (was_on_disk, on_disk) {
            (false, true) => Some(Remark::OnDisk),
            (true, false) => Some(Remark::OffDisk),
            _ => None,
        }
    }
}

const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// How long a state that lasts is not mentioned again.
const SAY_AGAIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use replica::DiskState;

    use super::*;

    fn figures(waiting: bool, disk: DiskState, spilled_bytes: u64) -> BacklogFigures {
        BacklogFigures {
            oldest: None,
            received: None,
            read: None,
            released: None,
            unreleased_bytes: 0,
            memory_bytes: 0,
            spilled_bytes,
            disk_bytes: 0,
            disk: Some(disk),
            held_bytes: 0,
            waiting_for_room: waiting,
        }
    }

    #[test]
    fn what_changes_is_said_once_and_what_lasts_now_and_then() {
        use DiskState::{BudgetReached, Working};
        let start = Instant::now();
        let mut watch = Watch::default();
        let mut at = |seconds, figures| watch.look(&figures, start + Duration::from_secs(seconds));
        assert_eq!(at(0, figures(false, Working, 0)), None);
        assert_eq!(at(1, figures(true, Working, 9)), Some(Remark::OnDisk), "a disk that lags for a moment is no news");
        assert_eq!(at(2, figures(false, Working, 9)), None);
        assert_eq!(at(3, figures(true, BudgetReached, 9)), None);
        assert_eq!(at(4, figures(true, BudgetReached, 9)), Some(Remark::Full(Waiting::DiskBudget)));
        assert_eq!(at(5, figures(true, BudgetReached, 9)), None);
        assert_eq!(at(40, figures(true, BudgetReached, 9)), Some(Remark::Full(Waiting::DiskBudget)));
        assert_eq!(at(41, figures(false, Working, 9)), None);
        assert_eq!(at(42, figures(false, Working, 9)), Some(Remark::RoomAgain));
        assert_eq!(at(43, figures(false, Working, 0)), Some(Remark::OffDisk));
        assert_eq!(at(44, figures(false, Working, 0)), None);
    }
}
