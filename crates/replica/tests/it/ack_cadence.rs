//! When acknowledgements go out, and how long silence is borne.

use std::time::Duration;

use replica::{
    AckSource, AppliedOffset, LinkConfig, LinkEvent, Loss, Offset, OnHistoryLost, PsyncConfig, PsyncErrorKind,
};
use tokio::time::{Instant, sleep};

use crate::fake_primary::{Bench, FakePrimary, GETACK, ID, config};

/// Milliseconds until the next acknowledgement.
async fn gap(primary: &mut FakePrimary) -> u128 {
    let before = Instant::now();
    primary.ack().await;
    before.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn quick_after_a_diskless_snapshot_until_the_stream_begins() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.handshake().await;
    let mark = "0123456789abcdef0123456789abcdef01234567";
    primary.send(&format!("+FULLRESYNC {ID} 14\r\n$EOF:{mark}\r\nREDIS{mark}")).await;
    assert!(gap(&mut primary).await < 5, "one at once");
    for _ in 0..5 {
        assert!((20..=100).contains(&gap(&mut primary).await));
    }
    primary.send("*1\r\n$4\r\nPING\r\n").await;
    for _ in 0..3 {
        assert!((990..=1010).contains(&gap(&mut primary).await));
    }
    assert_eq!(primary.ack().await, 28);
}

#[tokio::test(start_paused = true)]
async fn quick_for_no_longer_than_a_second() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.full_resync(14).await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(990) {
        assert!(gap(&mut primary).await <= 100);
    }
    for _ in 0..5 {
        assert!((990..=1010).contains(&gap(&mut primary).await));
    }
}

#[tokio::test(start_paused = true)]
async fn once_a_second_while_the_snapshot_comes() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.handshake().await;
    primary.send(&format!("+FULLRESYNC {ID} 14\r\n$1000\r\nREDIS")).await;
    for _ in 0..100 {
        let before = Instant::now();
        assert_eq!(primary.ack().await, 0, "nothing is complete yet");
        assert!((990..=1010).contains(&before.elapsed().as_millis()));
        primary.send("x").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered_at_once_with_all_that_came() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.full_resync(100).await;
    primary.send("*1\r\n$4\r\nPING\r\n").await;
    while primary.ack().await < 114 {}
    let start = Instant::now();
    primary.send(&GETACK[..20]).await;
    sleep(Duration::from_millis(10)).await;
    primary.send(&GETACK[20..]).await;
    assert_eq!(primary.ack().await, 114 + GETACK.len() as u64);
    assert!(start.elapsed() < Duration::from_millis(15));
}

/// A link that acknowledges what is applied, behind a snapshot of offset 100.
async fn applying() -> (Bench, FakePrimary, AppliedOffset) {
    let applied = AppliedOffset::default();
    let psync = PsyncConfig { ack: AckSource::Applied(applied.clone()), ..config().psync };
    let mut bench = Bench::start(LinkConfig { psync, on_history_lost: OnHistoryLost::FullResync, ..config() });
    let mut primary = bench.accept().await;
    primary.full_resync(100).await;
    assert_eq!(primary.ack().await, 0, "the snapshot is received and not applied");
    (bench, primary, applied)
}

#[tokio::test(start_paused = true)]
async fn the_applied_offset_as_soon_as_it_is_what_was_asked_for() {
    let (_bench, mut primary, applied) = applying().await;
    primary.send("*1\r\n$4\r\nPING\r\n").await;
    // Past the steps behind the snapshot.
    while gap(&mut primary).await < 900 {}
    let start = Instant::now();
    primary.send(GETACK).await;
    assert_eq!(primary.ack().await, 0, "at once, with what is applied");
    let demanded = 114 + GETACK.len() as u64;
    for offset in [110, 114, demanded] {
        sleep(Duration::from_millis(10)).await;
        applied.store(1, Offset(offset));
        assert_eq!(primary.ack().await, offset);
    }
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
    // Nobody waits for more.
    primary.send("*1\r\n$4\r\nPING\r\n").await;
    sleep(Duration::from_millis(10)).await;
    applied.store(1, Offset(demanded + 14));
    assert!(gap(&mut primary).await > 500);
}

#[tokio::test(start_paused = true)]
async fn what_is_applied_of_the_old_history_is_not_acknowledged_in_the_new_one() {
    let (mut bench, mut primary, applied) = applying().await;
    primary.send("*1\r\n$4\r\nPING\r\n").await;
    applied.store(1, Offset(114));
    while primary.ack().await < 114 {}
    drop(primary);
    let mut primary = bench.accept().await;
    assert_eq!(primary.handshake().await, (ID.to_owned(), "115".to_owned()));
    primary.send(&format!("+FULLRESYNC {} 50\r\n$5\r\nREDIS", ID.replace(|_| true, "b"))).await;
    assert_eq!(primary.ack().await, 0);
    applied.store(1, Offset(115));
    primary.send(GETACK).await;
    for _ in 0..3 {
        assert_eq!(primary.ack().await, 0);
    }
    applied.store(2, Offset(50));
    while primary.ack().await < 50 {}
}

#[tokio::test(start_paused = true)]
async fn empty_lines_keep_us_waiting_in_both_places() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.handshake().await;
    for line in [format!("+FULLRESYNC {ID} 14\r\n"), "$5\r\nREDIS".to_owned()] {
        for _ in 0..10 {
            sleep(Duration::from_secs(50)).await;
            primary.send("\n").await;
        }
        primary.send(&line).await;
    }
    bench.event(|event| matches!(event, LinkEvent::SnapshotEnd { len: 5 }).then_some(())).await;
    assert_eq!(primary.ack().await, 14);
}

#[tokio::test(start_paused = true)]
async fn a_silent_primary_is_a_lost_one() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.full_resync(14).await;
    let start = Instant::now();
    let kind = bench
        .event(|event| match event {
            LinkEvent::Lost { error: Loss::Psync(error), .. } => Some(error.kind),
            LinkEvent::Lost { error, .. } => panic!("{error}"),
            _ => None,
        })
        .await;
    assert_eq!(kind, PsyncErrorKind::Silent);
    assert!((59..=61).contains(&start.elapsed().as_secs()));
    let mut again = bench.accept().await;
    assert_eq!(again.handshake().await, (ID.to_owned(), "15".to_owned()));
}
