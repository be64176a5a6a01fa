//! Cases that were found by looking for them.

use std::time::Duration;

use cluster_router::Event;
use tokio::time::Instant;

use super::bench::Bench;
use super::fake::{Act, Fake};

/// The reader of plain `+OK`s must not leave the scanner in the middle of one.
#[tokio::test(start_paused = true)]
async fn an_ok_cut_before_its_line_feed_does_not_disturb_the_reply_behind_it() {
    let mut seen = 0;
    let fake = Fake::new(move |_, line| {
        seen += 1;
        match (seen, line) {
            (1, "SET foo 1") => Some(Act::SaySlowly(&["+OK\r", "\n:1\r\n"], Duration::from_millis(1))),
            (2, "INCR foo") => Some(Act::Ignore),
            _ => None,
        }
    });
    let mut bench = Bench::new(fake).await;
    bench.submit("SET foo 1");
    bench.submit("INCR foo");
    bench.settle().await;
    assert!(bench.holds.is_empty(), "{:?}", bench.holds);
}

/// A lane that meets trouble while all come to rest is still listened to.
#[tokio::test(start_paused = true)]
async fn coming_to_rest_does_not_wait_for_the_clock() {
    const APART: Duration = Duration::from_millis(5);
    let fake = Fake::new(|port, line| match (port, line) {
        (1, "SET b 1") => Some(Act::Say("-LOADING x\r\n")),
        (2, "SET foo 1") => Some(Act::SaySlowly(&["-LOADING x\r\n", "-LOADING x\r\n", "+OK\r\n"], APART)),
        (2, _) => Some(Act::Ignore),
        _ => None,
    });
    let mut bench = Bench::new(fake).await;
    bench.submit("SET b 1");
    for key in ["foo", "a", "d"] {
        bench.submit(&format!("SET {key} 1"));
    }
    bench.drive_for(Duration::from_millis(1)).await;
    let begun = Instant::now();
    bench.until_hold().await;
    assert!(begun.elapsed() < Duration::from_millis(100), "came to rest after {:?}", begun.elapsed());
}

/// A refused slot is tried ever less often, however well the others are served.
#[tokio::test(start_paused = true)]
async fn retries_slow_down_while_other_slots_are_served() {
    const LATER: Duration = Duration::from_millis(2);
    let fake = Fake::new(|_, line| {
        line.starts_with("SET foo").then_some(Act::SaySlowly(&["-OOM command not allowed\r\n"], LATER))
    });
    let mut bench = Bench::new(fake).await;
    bench.submit("SET foo 1");
    let end = Instant::now() + Duration::from_secs(10);
    let mut holds = 0;
    while Instant::now() < end && holds < 1000 {
        match bench.next().await.unwrap() {
            Event::Flowing { .. } => _ = bench.submit("SET b 1"),
            Event::Holding(_) => holds += 1,
            _ => {}
        }
    }
    let maps = bench.fake.maps_asked();
    assert!(holds < 20, "{holds} tries ({maps} slot maps) within ten seconds");
}

/// The same where there are so many replies that coming to rest takes several polls.
#[tokio::test(start_paused = true)]
async fn retries_slow_down_when_all_is_refused() {
    let fake = Fake::new(|_, line| line.starts_with("SET").then_some(Act::Say("-OOM command not allowed\r\n")));
    let mut bench = Bench::new(fake).await;
    let value = "x".repeat(1000);
    for number in 0..1000 {
        bench.submit(&format!("SET {{foo}}{number} {value}"));
    }
    let end = Instant::now() + Duration::from_secs(10);
    let mut holds = 0;
    while Instant::now() < end && holds < 1000 {
        holds += usize::from(matches!(bench.next().await.unwrap(), Event::Holding(_)));
    }
    assert!(holds < 20, "{holds} tries within ten seconds");
}

/// What took effect before its reply was lost is refused when it is said again: that is no conflict.
#[tokio::test(start_paused = true)]
async fn a_repeated_command_that_took_effect_already_is_no_conflict() {
    let mut seen = 0;
    let fake = Fake::new(move |_, line| {
        if !line.starts_with("XADD") {
            return None;
        }
        seen += 1;
        if seen == 1 { Some(Act::ServeAndClose) } else { Some(Act::Say("-ERR The ID specified in XADD is equal\r\n")) }
    });
    let mut bench = Bench::new(fake).await;
    bench.submit("XADD foo 5-1 f v");
    bench.settle().await;
}

/// `EXEC` alone was refused: nothing was done, and what stood in the way may pass.
#[tokio::test(start_paused = true)]
async fn a_transaction_refused_at_exec_is_held_as_its_cause_asks() {
    let mut seen = 0;
    let fake = Fake::new(move |_, line| {
        seen += i32::from(line == "EXEC");
        let text = "-EXECABORT Transaction discarded because of: OOM command not allowed\r\n";
        (line == "EXEC" && seen == 1).then_some(Act::Say(text))
    });
    let mut bench = Bench::new(fake).await;
    bench.submit_transaction(&["SET {foo}1 x", "SET {foo}2 y"]);
    bench.settle().await;
    assert_eq!(bench.holds.len(), 1);
}

/// What has no key keeps its order as well.
#[tokio::test(start_paused = true)]
async fn what_concerns_all_keeps_its_order_through_refusals() {
    let mut refused = false;
    let fake = Fake::new(move |port, line| {
        let refuse = port == 1 && line == "FUNCTION LOAD code" && !std::mem::replace(&mut refused, true);
        refuse.then_some(Act::Say("-OOM command not allowed\r\n"))
    });
    let mut bench = Bench::new(fake).await;
    bench.submit_as(None, 0, &["FUNCTION LOAD code"]);
    bench.submit_as(None, 0, &["FUNCTION DELETE lib"]);
    bench.settle().await;
    let at_one: Vec<String> =
        bench.fake.executed().into_iter().filter(|(port, _)| *port == 1).map(|(_, l)| l).collect();
    assert_eq!(at_one.last().unwrap(), "FUNCTION DELETE lib", "{at_one:?}");
    assert!(at_one.contains(&"FUNCTION LOAD code".to_owned()));
}

/// Nothing is written behind a `SELECT` that was refused: it would be written to another database.
#[tokio::test(start_paused = true)]
async fn nothing_goes_to_another_database_when_select_is_refused() {
    let fake =
        Fake::new(|_, line| line.starts_with("SELECT 7").then_some(Act::Say("-ERR DB index is out of range\r\n")));
    let mut bench = Bench::standalone(fake);
    // The scripted node has a cluster's slots; this key is the first's.
    bench.submit_as(Some("b"), 7, &["SET b 1"]);
    let error = bench.until_error().await;
    assert!(error.to_string().contains("SELECT 7"), "{error}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.fake.lines(), Vec::<String>::new());
}

/// An aborted transaction did nothing, and had done nothing the first time.
#[tokio::test(start_paused = true)]
async fn a_repeated_transaction_that_is_aborted_is_not_taken_for_done() {
    let mut executed = 0;
    let fake = Fake::new(move |_, line| match line {
        "EXEC" => {
            executed += 1;
            Some(if executed == 1 { Act::ServeAndClose } else { Act::Say("-EXECABORT Transaction discarded\r\n") })
        }
        "XADD {foo}2 1-1 f v" if executed > 0 => Some(Act::Say("-ERR unknown command\r\n")),
        _ => None,
    });
    let mut bench = Bench::new(fake).await;
    bench.submit_transaction(&["SET {foo}1 x", "XADD {foo}2 1-1 f v"]);
    let error = bench.until_error().await;
    assert!(error.to_string().contains("unknown command"), "{error}");
}

/// A `SELECT` that a node refuses after a lost connection is refused, whatever was sent before.
#[tokio::test(start_paused = true)]
async fn a_repeated_select_is_never_taken_for_done() {
    let mut selected = 0;
    let fake = Fake::new(move |_, line| match line {
        "SELECT 7" => {
            selected += 1;
            (selected > 1).then_some(Act::Say("-ERR DB index is out of range\r\n"))
        }
        "XADD b 1-1 f v" => Some(Act::ServeAndClose),
        _ => None,
    });
    let mut bench = Bench::standalone(fake);
    bench.submit_as(Some("b"), 7, &["XADD b 1-1 f v"]);
    let error = bench.until_error().await;
    assert!(error.to_string().contains("SELECT 7"), "{error}");
    assert_eq!(bench.fake.lines(), ["XADD b 1-1 f v"]);
}
