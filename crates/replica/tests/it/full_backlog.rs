//! A target that is slow must not cost us the source.

use std::time::Duration;

use replica::{Budget, LinkEvent, Piece, Spool};
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
        if let Piece::Bytes { at, bytes, .. } = bench.piece().await {
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

/// With a disk the source is read to its end, and acknowledged, before anything is applied.
#[tokio::test]
async fn a_disk_takes_what_the_target_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path(), 1 << 30).unwrap();
    let budget = Budget { memory_bytes: 500_000, kept_window_bytes: 0 };
    let mut bench = Bench::with_disk(config(), budget, spool);
    let mut primary = bench.accept().await;
    primary.full_resync(0).await;
    let sent: String = (0..500_000).map(|n| format!("{n:08}")).collect();
    primary.send(&sent).await;
    primary.send(GETACK).await;
    let end = (sent.len() + GETACK.len()) as u64;
    while primary.ack().await != end {}
    let figures = bench.reader.stats().figures();
    assert!(figures.spilled_bytes > 3_000_000 && figures.memory_bytes < 1_000_000, "{figures:?}");

    while !matches!(bench.piece().await, Piece::SnapshotEnd { .. }) {}
    assert_eq!(bench.bytes(sent.len() + GETACK.len()).await, [sent.as_bytes(), GETACK.as_bytes()].concat());
}
