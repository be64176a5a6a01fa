//! What is confirmed, and how much is under way.

use std::time::Duration;

use cluster_router::RouterConfig;

use super::bench::Bench;
use super::fake::{Act, Fake};

#[tokio::test(start_paused = true)]
async fn a_position_is_confirmed_when_all_before_it_is() {
    // "foo" is the second node's, "b" the first's.
    let fake = Fake::new(|_, line| (line == "SET foo 1").then_some(Act::Wait));
    let mut bench = Bench::new(fake).await;
    let first = bench.submit("SET b 0");
    bench.submit("SET foo 1");
    bench.submit("SET b 2");
    bench.submit("SET foo 3");
    bench.drive_for(Duration::from_secs(5)).await;
    assert_eq!(bench.fake.lines(), ["SET b 0", "SET b 2"]);
    assert_eq!(bench.confirmed, first);
    bench.fake.open_gate();
    bench.settle().await;
    assert!(bench.holds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_window_bounds_what_is_under_way_and_the_budget_what_is_held() {
    let fake = Fake::new(|_, _| Some(Act::Wait));
    let config = RouterConfig { window: 100_000, budget: 400_000, ..RouterConfig::default() };
    let mut bench = Bench::with(fake, config).await;
    let value = "x".repeat(1000);
    while bench.router.has_room() {
        bench.submit(&format!("SET foo {value}"));
    }
    assert!((400_000..402_000).contains(&bench.router.bytes()));
    bench.drive_for(Duration::from_secs(5)).await;
    // The node reads one command and waits; what the pipe holds has left the lane as well. Nothing is over-full.
    assert!(!bench.router.has_room());
    assert!(bench.fake.received() < 170_000, "{} bytes under way", bench.fake.received());
    bench.fake.open_gate();
    bench.settle().await;
    assert_eq!((bench.router.bytes(), bench.router.has_room()), (0, true));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_ahead_of_a_window_by_a_node_that_does_not_answer() {
    let fake = Fake::new(|_, _| Some(Act::Ignore));
    let config = RouterConfig { window: 100_000, budget: 400_000, ..RouterConfig::default() };
    let mut bench = Bench::with(fake, config).await;
    let value = "x".repeat(1000);
    while bench.router.has_room() {
        bench.submit(&format!("SET foo {value}"));
    }
    bench.drive_for(Duration::from_secs(5)).await;
    // A window, and the block that exceeds it.
    assert!((100_000..100_000 + 70_000).contains(&bench.fake.received()), "{} bytes", bench.fake.received());
}
