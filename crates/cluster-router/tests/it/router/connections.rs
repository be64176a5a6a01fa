//! Connections that fail, fall silent, or are closed.

use std::time::Duration;

use cluster_router::{ClientError, RouterError};
use tokio::time::Instant;

use super::bench::Bench;
use super::fake::{Act, Fake};

#[tokio::test(start_paused = true)]
async fn a_node_that_never_answers_is_given_up_after_the_reply_timeout() {
    let mut silent = true;
    let fake = Fake::new(move |_, _| std::mem::take(&mut silent).then_some(Act::Ignore));
    let mut bench = Bench::new(fake).await;
    bench.submit("SET foo 1");
    let begun = Instant::now();
    let hold = bench.until_hold().await;
    assert_eq!(hold.cause, "connection lost: no reply for 60 s");
    assert!((60..=62).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    bench.settle().await;
    assert_eq!(bench.fake.lines(), ["SET foo 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_giant_command_may_take_longer_than_the_reply_timeout() {
    let mut bench = Bench::new(Fake::obliging()).await;
    bench.submit("SET foo 1");
    bench.settle().await;
    bench.fake.read_slowly();
    let value = "x".repeat(10 << 20);
    let begun = Instant::now();
    bench.submit(&format!("SET foo {value}"));
    bench.drive_for(Duration::from_secs(600)).await;
    assert!(bench.holds.is_empty() && bench.router.is_idle(), "{:?} after {:?}", bench.holds, begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn silence_counts_from_the_last_thing_asked() {
    let mut bench = Bench::new(Fake::obliging()).await;
    bench.submit("SET foo 1");
    bench.settle().await;
    bench.drive_for(Duration::from_secs(300)).await;
    bench.submit("SET foo 2");
    bench.settle().await;
    assert!(bench.holds.is_empty(), "{:?}", bench.holds);
}

#[tokio::test(start_paused = true)]
async fn a_connection_closed_while_idle_is_opened_anew_without_a_word() {
    let mut bench = Bench::new(Fake::obliging()).await;
    bench.submit("SET foo 1");
    bench.submit("SET b 1");
    bench.settle().await;
    let before = bench.fake.connections();
    bench.fake.close_all();
    bench.drive_for(Duration::from_secs(1)).await;
    bench.submit("SET foo 2");
    bench.settle().await;
    assert!(bench.holds.is_empty(), "{:?}", bench.holds);
    assert_eq!(bench.fake.connections(), before + 1, "only the lane with something to send comes back");
    assert_eq!(bench.fake.lines().last().unwrap(), "SET foo 2");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_down_is_tried_again_ever_less_often() {
    let mut bench = Bench::new(Fake::obliging()).await;
    bench.fake.set_down(2, true);
    bench.submit("SET foo 1");
    bench.drive_for(Duration::from_secs(60)).await;
    assert!((15..40).contains(&bench.holds.len()), "{} tries in a minute", bench.holds.len());
    assert!(bench.holds[3].cause.starts_with("cannot connect: "), "{}", bench.holds[3].cause);
    bench.fake.set_down(2, false);
    bench.settle().await;
    assert_eq!(bench.fake.lines(), ["SET foo 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_seed_that_is_gone_does_not_matter() {
    let mut bench = Bench::new(Fake::obliging()).await;
    bench.fake.set_down(1, true);
    bench.fake.move_slot(cluster_router::slot_of(b"foo"), 3);
    bench.submit("SET foo 1");
    bench.settle().await;
    assert_eq!(bench.fake.executed(), [(3, "SET foo 1".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_let_us_in_is_named() {
    let fake = Fake::new(|_, line| line.starts_with("AUTH").then_some(Act::Say("-WRONGPASS invalid\r\n")));
    let credentials = cluster_router::Credentials { user: None, password: "sesame".to_owned() };
    let config = cluster_router::RouterConfig { credentials: Some(credentials), ..Default::default() };
    let mut bench = Bench::with(fake, config).await;
    bench.submit("SET foo 1");
    let error = bench.until_error().await;
    assert!(matches!(error, RouterError::Unopened(ClientError::Refused { .. })));
    assert_eq!(error.to_string(), "node:2: WRONGPASS invalid");
    assert!(!format!("{error:?}").contains("sesame"));
}
