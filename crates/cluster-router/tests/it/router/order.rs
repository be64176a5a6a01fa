//! Every slot's commands take effect in their order, whatever happens on the way.

use std::time::Duration;

use cluster_router::slot_of;

use super::bench::{Bench, assert_in_order, assert_in_order_at_last};
use super::fake::{Act, Fake};

/// Keys of both halves.
const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "foo"];

#[tokio::test(start_paused = true)]
async fn through_slots_that_move_there_and_back() {
    let mut bench = Bench::new(Fake::obliging()).await;
    for number in 0..400 {
        bench.room().await;
        for key in KEYS {
            bench.submit(&format!("SET {key} {number}"));
        }
        if number % 20 == 7 {
            let slot = slot_of(KEYS[number % KEYS.len()].as_bytes());
            bench.fake.move_slot(slot, 1 + u16::try_from(number % 3).unwrap());
            // Some of what was submitted is under way by now.
            bench.drive_for(Duration::from_millis(1)).await;
        }
    }
    bench.settle().await;
    let lines = bench.fake.lines();
    KEYS.iter().for_each(|key| assert_in_order(&lines, key, 400));
    assert!(bench.holds.iter().all(|hold| hold.code.as_deref() == Some("MOVED")), "{:?}", bench.holds);
    assert_eq!(lines.len(), 400 * KEYS.len(), "a redirect repeats nothing that took effect");
}

#[tokio::test(start_paused = true)]
async fn through_lost_connections() {
    let mut seen = 0;
    let fake = Fake::new(move |_, _| {
        seen += 1;
        match seen % 97 {
            0 => Some(Act::Close),
            50 => Some(Act::ServeAndClose),
            _ => None,
        }
    });
    let mut bench = Bench::new(fake).await;
    for number in 0..200 {
        bench.room().await;
        for key in KEYS {
            bench.submit(&format!("SET {key} {number}"));
        }
        if number % 10 == 0 {
            bench.drive_for(Duration::from_millis(1)).await;
        }
    }
    bench.settle().await;
    let lines = bench.fake.lines();
    KEYS.iter().for_each(|key| assert_in_order(&lines, key, 200));
    assert!(bench.fake.connections() > 10);
}

#[tokio::test(start_paused = true)]
async fn through_moves_losses_and_refusals_at_once() {
    let mut seen = 0;
    let fake = Fake::new(move |_, line| {
        seen += 1;
        match seen % 61 {
            3 => Some(Act::ServeAndClose),
            // MULTI has no key and is never refused for memory.
            40 if line.starts_with("SET") => Some(Act::Say("-OOM command not allowed\r\n")),
            _ => None,
        }
    });
    let mut bench = Bench::new(fake).await;
    for number in 0..200 {
        bench.room().await;
        for key in KEYS {
            bench.submit(&format!("SET {key} {number}"));
        }
        if number % 9 == 0 {
            bench.fake.move_slot(slot_of(KEYS[number % 6].as_bytes()), 1 + u16::try_from(number % 3).unwrap());
            bench.drive_for(Duration::from_millis(1)).await;
        }
    }
    bench.settle().await;
    let lines = bench.fake.lines();
    KEYS.iter().for_each(|key| assert_in_order_at_last(&lines, key, 200));
}

#[tokio::test(start_paused = true)]
async fn a_transaction_refused_when_queued_goes_whole_to_the_new_owner() {
    let mut bench = Bench::new(Fake::obliging()).await;
    bench.fake.move_slot(slot_of(b"foo"), 3);
    bench.submit("SET {foo}1 early");
    bench.submit_transaction(&["INCR {foo}2", "INCR {foo}3"]);
    bench.submit("SET {foo}1 late");
    bench.settle().await;
    let at_three = |line: &str| (3, line.to_owned());
    let lines = ["SET {foo}1 early", "INCR {foo}2", "INCR {foo}3", "SET {foo}1 late"];
    assert_eq!(bench.fake.executed(), lines.map(at_three));
}

#[tokio::test(start_paused = true)]
async fn what_concerns_all_follows_the_slots_of_a_node_that_is_gone() {
    let mut bench = Bench::new(Fake::obliging()).await;
    for number in 8192..16_384 {
        bench.fake.move_slot(cluster_router::Slot::new(number).unwrap(), 3);
    }
    bench.fake.set_down(2, true);
    bench.submit_as(None, 0, &["FUNCTION LOAD code"]);
    bench.settle().await;
    let mut nodes: Vec<u16> = bench.fake.executed().iter().map(|(port, _)| *port).collect();
    nodes.dedup();
    assert!(nodes.contains(&1) && nodes.contains(&3), "{nodes:?}");
}
