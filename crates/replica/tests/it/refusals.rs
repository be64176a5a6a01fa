//! What ends a link for good, and what does not.

use replica::{LinkErrorKind, LinkEvent, Loss};

use crate::fake_primary::{Bench, config, within};

#[tokio::test(start_paused = true)]
async fn denied_access_ends_the_link() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.command().await;
    primary.send("-NOAUTH Authentication required.\r\n").await;
    let error = within(bench.link).await.unwrap().unwrap_err();
    assert_eq!((error.kind, error.code()), (LinkErrorKind::Denied, Some(&b"NOAUTH"[..])));
    assert_eq!(error.to_string(), "fake:6379: the primary denies access (NOAUTH)");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.ends_with("at offset 0 while reading the reply to PING"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_cannot_serve_now_is_asked_again() {
    let mut bench = Bench::start(config());
    for refusal in ["-LOADING Redis is loading\r\n", "-NOMASTERLINK Can't SYNC\r\n", "garbage\r\n"] {
        let mut primary = bench.accept().await;
        primary.handshake().await;
        primary.send(refusal).await;
        bench.event(|event| matches!(event, LinkEvent::Lost { error: Loss::Psync(_), .. }).then_some(())).await;
        drop(primary);
    }
    bench.accept().await.full_resync(5).await;
    bench.event(|event| matches!(event, LinkEvent::SnapshotEnd { .. }).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_it_in_every_state() {
    let bench = Bench::refusing(1000);
    bench.cancel.cancel();
    assert!(within(bench.link).await.unwrap().is_ok());

    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    primary.full_resync(5).await;
    bench.event(|event| matches!(event, LinkEvent::SnapshotEnd { .. }).then_some(())).await;
    bench.cancel.cancel();
    assert!(within(bench.link).await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_a_reader_there_is_no_point() {
    let mut bench = Bench::start(config());
    let mut primary = bench.accept().await;
    drop(bench.reader);
    primary.full_resync(5).await;
    assert_eq!(within(bench.link).await.unwrap().unwrap_err().kind, LinkErrorKind::BacklogClosed);
}
