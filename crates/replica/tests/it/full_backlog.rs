//! A target that is slow must not cost us the source.

use std::time::Duration;

use replica::{Budget, LinkEvent, Piece};
use tokio::time::Instant;

use crate::fake_primary::{Bench, GETACK, config};

#[tokio::test(start_paused = true)]
async fn acknowledgements_go_on_while_the_backlog_is_full() {
    let mut bench = Bench::with_budget(config(), Budget { memory_bytes: 4096, kept_window_bytes: 0 });
    let mut primary = bench.accept().await;
    primary.full_resync(0).await;
    let start = Instant::now();
    primary.send(&format!("{}{GETACK}", "x".repeat(10_000))).await;
    let end = 10_000 + GETACK.len() as u64;
    while primary.ack().await != end {}
    assert!(start.elapsed() < Duration::from_millis(5), "answered at once, full or not");
    bench.event(|event| matches!(event, LinkEvent::WaitingForRoom).then_some(())).await;

    // Far longer than the time-out for silence: it is us who do not read.
    primary.send(&"y".repeat(500)).await;
    for _ in 0..200 {
        let before = Instant::now();
        assert_eq!(primary.ack().await, end, "nothing more is read");
        assert!((990..=1010).contains(&before.elapsed().as_millis()));
    }
    assert!(bench.reader.stats().figures().waiting_for_room);
    assert!(bench.events.try_recv().is_err(), "nothing else happened");

    let mut read = 0;
    while read < end + 500 {
        if let Piece::Bytes { at, bytes } = bench.piece().await {
            bench.reader.release(at.advanced(bytes.len()));
            read = at.advanced(bytes.len()).offset;
        }
    }
    bench.event(|event| matches!(event, LinkEvent::RoomAgain).then_some(())).await;
    while primary.ack().await != end + 500 {}
    assert!(!bench.reader.stats().figures().waiting_for_room);
}

/// Small reads share blocks: what the backlog holds is what came, give or take its bookkeeping.
#[tokio::test(start_paused = true)]
async fn nothing_is_taken_beyond_the_budget_and_one_read() {
    let mut bench = Bench::with_budget(config(), Budget { memory_bytes: 50_000, kept_window_bytes: 0 });
    let mut primary = bench.accept().await;
    primary.full_resync(0).await;
    for _ in 0..1000 {
        primary.send(&"x".repeat(100)).await;
        tokio::task::yield_now().await;
    }
    bench.event(|event| matches!(event, LinkEvent::WaitingForRoom).then_some(())).await;
    let held = bench.reader.stats().figures().unreleased_bytes;
    assert!((50_000..50_000 + (128 << 10)).contains(&held), "{held}");
}
