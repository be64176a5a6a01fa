//! Lost connections: back-off, resume, new histories.

use std::time::Duration;

use replica::{History, LinkConfig, LinkErrorKind, LinkEvent, Offset, OnHistoryLost, Piece, Place, PsyncConfig};
use tokio::time::Instant;

use crate::fake_primary::{Bench, ID, NEXT_ID, config, within};

fn lost(event: &LinkEvent) -> Option<Duration> {
    match event {
        LinkEvent::Lost { retry_in, .. } => Some(*retry_in),
        _ => None,
    }
}

fn history(piece: Piece) -> History {
    match piece {
        Piece::History(history) => history,
        other => panic!("{other:?} in place of a history"),
    }
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_behind_the_last_byte_under_a_new_id() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.full_resync(100).await;
    primary.send("abc").await;
    assert_eq!(history(bench.piece().await).generation, 1);
    assert_eq!(bench.bytes(5).await, b"REDIS");
    assert_eq!(bench.piece().await, Piece::SnapshotEnd { next: Place::stream(1, 100) });
    assert_eq!(bench.bytes(3).await, b"abc");

    drop(primary);
    let start = Instant::now();
    let mut primary = bench.accept().await;
    assert!((50..=101).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert_eq!(primary.handshake().await, (ID.to_owned(), "104".to_owned()));
    primary.send(&format!("+CONTINUE {NEXT_ID}\r\ndef")).await;
    assert_eq!(primary.ack().await, 106);
    let resumed = history(bench.piece().await);
    assert_eq!((resumed.generation, resumed.replid.as_str(), resumed.offset), (1, NEXT_ID, Offset(103)));
    assert!(resumed.resumed);
    let Piece::Bytes { at, bytes, .. } = bench.piece().await else { panic!("no bytes") };
    assert_eq!((at, &bytes[..]), (Place::stream(1, 103), &b"def"[..]));

    drop(primary);
    let mut primary = bench.accept().await;
    assert_eq!(primary.handshake().await, (NEXT_ID.to_owned(), "107".to_owned()));
    primary.send("+CONTINUE\r\nghi").await;
    assert_eq!(bench.bytes(3).await, b"ghi", "the same history is not announced again");
}

#[tokio::test(start_paused = true)]
async fn attempts_come_slower_and_slower() {
    let mut bench = Bench::refusing(12);
    let mut total = Duration::ZERO;
    let start = Instant::now();
    for full in [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000, 5000] {
        let delay = bench.event(lost).await;
        assert!((full / 2..=full).contains(&(delay.as_millis() as u64)), "{delay:?} of {full} ms");
        total += delay;
    }
    let mut primary = bench.accept().await;
    assert!(start.elapsed().abs_diff(total) < Duration::from_millis(20));
    primary.full_resync(0).await;
    bench.event(|event| matches!(event, LinkEvent::SnapshotEnd { .. }).then_some(())).await;
    drop(primary);
    assert!(bench.event(lost).await <= Duration::from_millis(100), "a good connection starts the count again");
}

/// A primary whose every snapshot fails must not be made to fork ten times a second.
#[tokio::test(start_paused = true)]
async fn failing_snapshots_slow_us_down_too() {
    let mut bench = Bench::start(config());
    let mut longest = Duration::ZERO;
    for generation in 1..=8 {
        let mut primary = bench.accept().await;
        assert_eq!(primary.handshake().await.0, "?");
        primary.send(&format!("+FULLRESYNC {ID} 14\r\n$500\r\nREDIS")).await;
        assert_eq!(history(bench.piece().await).generation, generation, "each one is a generation of its own");
        assert_eq!(bench.bytes(5).await, b"REDIS");
        drop(primary);
        longest = longest.max(bench.event(lost).await);
    }
    assert!(longest >= Duration::from_millis(2500), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_generation_opens_only_with_its_snapshot() {
    let mut bench = Bench::start(LinkConfig { on_history_lost: OnHistoryLost::FullResync, ..config() });
    let mut primary = bench.accept().await;
    primary.full_resync(100).await;
    assert_eq!(primary.ack().await, 100);
    drop(primary);
    let mut primary = bench.accept().await;
    primary.handshake().await;
    primary.send(&format!("+FULLRESYNC {NEXT_ID} 7\r\n\n")).await;
    let announced = |event: &LinkEvent| match event {
        LinkEvent::FullResync { generation, .. } => Some(*generation),
        _ => None,
    };
    assert_eq!((bench.event(announced).await, bench.event(announced).await), (1, 2));
    drop(primary);

    let mut primary = bench.accept().await;
    assert_eq!(primary.handshake().await, (ID.to_owned(), "101".to_owned()), "the old history may still be there");
    primary.send(&format!("+FULLRESYNC {NEXT_ID} 8\r\n$0\r\nx")).await;
    assert_eq!(history(bench.piece().await).generation, 1);
    bench.bytes(5).await;
    bench.piece().await;
    let second = history(bench.piece().await);
    assert_eq!((second.generation, second.replid.as_str(), second.offset), (2, NEXT_ID, Offset(8)));
    assert_eq!(bench.piece().await, Piece::SnapshotEnd { next: Place::stream(2, 8) });
    assert_eq!(bench.bytes(1).await, b"x");
}

#[tokio::test(start_paused = true)]
async fn a_lost_history_stops_the_link_if_told_so() {
    let psync = PsyncConfig { resume: Some((ID.parse().unwrap(), Offset(41))), ..config().psync };
    let mut bench = Bench::start(LinkConfig { psync, generation: 3, ..config() });
    let mut primary = bench.accept().await;
    assert_eq!(primary.handshake().await, (ID.to_owned(), "42".to_owned()));
    primary.send(&format!("+FULLRESYNC {NEXT_ID} 7\r\n$5\r\nREDIS")).await;
    let error = within(bench.link).await.unwrap().unwrap_err();
    assert_eq!(error.kind, LinkErrorKind::HistoryLost);
    assert_eq!(error.to_string(), "fake:6379: the primary cannot continue from our position: a full resync is needed");
    assert_eq!(bench.reader.try_next(), None);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_resumes_keeps_its_generation() {
    let psync = PsyncConfig { resume: Some((ID.parse().unwrap(), Offset(41))), ..config().psync };
    let mut bench = Bench::start(LinkConfig { psync, generation: 3, ..config() });
    let mut primary = bench.accept().await;
    primary.handshake().await;
    primary.send(&format!("+CONTINUE {ID}\r\nabc")).await;
    let first = history(bench.piece().await);
    assert_eq!((first.generation, first.offset, first.resumed), (3, Offset(41), true));
    let Piece::Bytes { at, .. } = bench.piece().await else { panic!("no bytes") };
    assert_eq!(at, Place::stream(3, 41));
}

/// The position that was configured belongs to the generation before: a snapshot has begun since.
#[tokio::test(start_paused = true)]
async fn a_snapshot_cut_short_is_asked_for_again() {
    let psync = PsyncConfig { resume: Some((ID.parse().unwrap(), Offset(41))), ..config().psync };
    let on_history_lost = OnHistoryLost::FullResync;
    let mut bench = Bench::start(LinkConfig { psync, generation: 3, on_history_lost });
    let mut primary = bench.accept().await;
    primary.handshake().await;
    primary.send(&format!("+FULLRESYNC {NEXT_ID} 7\r\n$500\r\nREDIS")).await;
    assert_eq!(history(bench.piece().await).generation, 4);
    drop(primary);
    bench.accept().await.full_resync(9).await;
    assert_eq!(bench.bytes(5).await, b"REDIS");
    assert_eq!(history(bench.piece().await).generation, 5);
}

#[tokio::test(start_paused = true)]
async fn bytes_of_the_stream_start_the_count_again() {
    let psync = PsyncConfig { resume: Some((ID.parse().unwrap(), Offset(41))), ..config().psync };
    let mut bench = Bench::start(LinkConfig { psync, ..config() });
    for _ in 0..6 {
        drop(bench.accept().await);
    }
    let mut primary = bench.accept().await;
    primary.handshake().await;
    primary.send("+CONTINUE\r\nabc").await;
    assert_eq!(history(bench.piece().await).offset, Offset(41));
    assert_eq!(bench.bytes(3).await, b"abc");
    drop(primary);
    let start = Instant::now();
    bench.accept().await;
    assert!(start.elapsed() <= Duration::from_millis(101), "{:?}", start.elapsed());
}
