//! A router before a scripted cluster.

use std::sync::Arc;
use std::time::Duration;

use cluster_router::{
    Delivery, Discovery, Event, Hold, NodeAddr, Outgoing, Phase, Position, Route, Router, RouterConfig, RouterError,
    SlotMap, TargetKind, slot_of,
};
use tokio::time::timeout;

use super::fake::{Fake, Pipes};

pub(super) struct Bench {
    pub(super) fake: Arc<Fake>,
    pub(super) router: Router,
    pub(super) holds: Vec<Hold>,
    pub(super) confirmed: u64,
    offset: u64,
}

impl Bench {
    pub(super) async fn new(fake: Arc<Fake>) -> Self {
        Self::with(fake, RouterConfig::default()).await
    }

    pub(super) async fn with(fake: Arc<Fake>, config: RouterConfig) -> Self {
        let seeds = vec![NodeAddr::new("node", 1), NodeAddr::new("node", 2)];
        let discovery = Discovery::new(Arc::new(Pipes(fake.clone())), TargetKind::Cluster, seeds, None);
        let map = discovery.slot_map(None).await.unwrap();
        Self::start(fake, config, discovery, &map)
    }

    /// Before one server, port 1, that serves all keys.
    pub(super) fn standalone(fake: Arc<Fake>) -> Self {
        let seed = NodeAddr::new("node", 1);
        let discovery = Discovery::new(Arc::new(Pipes(fake.clone())), TargetKind::Standalone, vec![seed.clone()], None);
        Self::start(fake, RouterConfig::default(), discovery, &SlotMap::single(seed))
    }

    fn start(fake: Arc<Fake>, config: RouterConfig, discovery: Discovery, map: &SlotMap) -> Self {
        let router = Router::new(config, Arc::new(discovery), map);
        Self { fake, router, holds: Vec::new(), confirmed: 0, offset: 0 }
    }

    /// Submits one command and ends the round; answers the position behind it.
    pub(super) fn submit(&mut self, line: &str) -> u64 {
        self.submit_as(Some(line.split(' ').nth(1).unwrap()), 0, &[line])
    }

    /// Submits a transaction of commands with keys in one slot.
    pub(super) fn submit_transaction(&mut self, lines: &[&str]) -> u64 {
        let key = lines[0].split(' ').nth(1).unwrap();
        self.submit_as(Some(key), 0, lines)
    }

    /// Commands of one key's slot, or without one of every primary.
    pub(super) fn submit_as(&mut self, key: Option<&str>, db: u32, lines: &[&str]) -> u64 {
        self.offset += 10;
        let route = key.map_or(Route::EveryPrimary, |key| Route::Slot(slot_of(key.as_bytes())));
        let commands = u32::try_from(lines.len()).unwrap();
        let outgoing = Outgoing { db, ..outgoing(route, commands, self.offset) };
        self.router.submit(outgoing, |out| {
            for line in lines {
                resp::put_command(out, &line.split(' ').collect::<Vec<_>>());
            }
        });
        self.end_round();
        self.offset
    }

    pub(super) fn end_round(&mut self) {
        let position = Position { generation: 1, phase: Phase::Stream, offset: self.offset, ..Position::default() };
        self.router.end_round(position);
    }

    /// Drives until the next event; a router that stands still for an hour hangs.
    pub(super) async fn next(&mut self) -> Result<Event, RouterError> {
        let event = timeout(Duration::from_secs(3600), self.router.drive()).await.expect("the router hangs")?;
        if let Event::Confirmed(Some(position)) = &event {
            assert!(position.offset >= self.confirmed, "positions never go back");
            self.confirmed = position.offset;
        }
        Ok(event)
    }

    /// Drives until everything is confirmed.
    pub(super) async fn settle(&mut self) {
        while !self.router.is_idle() {
            if let Event::Holding(hold) = self.next().await.unwrap() {
                self.holds.push(hold);
            }
        }
        assert_eq!(self.router.confirmed().map(|position| position.offset), Some(self.offset));
    }

    /// Drives until there is room: nothing may be submitted before.
    pub(super) async fn room(&mut self) {
        while !self.router.has_room() {
            if let Event::Holding(hold) = self.next().await.unwrap() {
                self.holds.push(hold);
            }
        }
    }

    /// Drives until the router holds.
    pub(super) async fn until_hold(&mut self) -> Hold {
        loop {
            if let Event::Holding(hold) = self.next().await.unwrap() {
                return hold;
            }
        }
    }

    /// Drives for a while.
    pub(super) async fn drive_for(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while let Ok(event) = tokio::time::timeout_at(end, self.router.drive()).await {
            match event.unwrap() {
                Event::Holding(hold) => self.holds.push(hold),
                Event::Confirmed(Some(position)) => self.confirmed = position.offset,
                _ => {}
            }
        }
    }

    /// Drives until the router gives up.
    pub(super) async fn until_error(&mut self) -> RouterError {
        loop {
            if let Err(error) = self.next().await {
                return error;
            }
        }
    }
}

/// So many commands of a stream that may be repeated.
pub(super) fn outgoing(route: Route, commands: u32, offset: u64) -> Outgoing {
    let (phase, delivery) = (Phase::Stream, Delivery::Repeatable);
    Outgoing { route, commands, db: 0, phase, offset, forgiving: false, delivery }
}

/// Whether the numbers that a key was set to are those of delivery in order, at least once: up by one, or back to
/// where a repetition starts, and the last is the last.
pub(super) fn assert_in_order(lines: &[String], key: &str, count: usize) {
    let numbers = numbers(lines, key);
    assert_eq!((numbers.first(), numbers.last()), (Some(&0), Some(&(count - 1))), "{key}: {numbers:?}");
    for pair in numbers.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "{key}: {} behind {}", pair[1], pair[0]);
    }
}

/// The same where numbers were refused: those behind a refused one may have taken effect too early, but then they do
/// so again behind it.
pub(super) fn assert_in_order_at_last(lines: &[String], key: &str, count: usize) {
    let numbers = numbers(lines, key);
    let last = |number: usize| numbers.iter().rposition(|&own| own == number);
    for number in 1..count {
        let (before, own) = (last(number - 1), last(number));
        assert!(before.is_some() && before < own, "{key}: {number} not behind {}: {numbers:?}", number - 1);
    }
}

fn numbers(lines: &[String], key: &str) -> Vec<usize> {
    let prefix = format!("SET {key} ");
    lines.iter().filter_map(|line| line.strip_prefix(&prefix)).map(|number| number.parse().unwrap()).collect()
}
