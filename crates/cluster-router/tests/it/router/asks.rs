//! A slot that is on its way: keys that are gone already are served by the other node, behind ASKING.

use std::sync::{Arc, Mutex};

use super::bench::Bench;
use super::fake::{Act, Fake};

/// What the node that the slot is moved to has served, in order.
type Served = Arc<Mutex<Vec<String>>>;

/// The slot of `b` is on its way from node 1 to node 3; keys with "gone" in their names are there. `trouble` may do
/// something else with what node 3 gets.
fn migrating(mut trouble: impl FnMut(&str) -> Option<Act> + Send + 'static) -> (Arc<Fake>, Served) {
    let served = Served::default();
    let (log, mut asking, mut queued) = (served.clone(), false, None);
    let fake = Fake::new(move |port, line| {
        if port == 1 && line.contains("gone") {
            return Some(Act::Say("-ASK 3300 node:3\r\n"));
        }
        if port != 3 {
            return None;
        }
        if let Some(act) = trouble(line) {
            return Some(act);
        }
        if line == "ASKING" {
            asking = true;
            return Some(Act::Say("+OK\r\n"));
        }
        if line.starts_with("SELECT") {
            return None;
        }
        let was_asking = std::mem::take(&mut asking);
        match (line, &mut queued) {
            ("MULTI", _) if was_asking => {
                queued = Some(0);
                Some(Act::Say("+OK\r\n"))
            }
            ("EXEC", queued) => {
                assert_eq!(queued.take(), Some(2));
                Some(Act::Say("*2\r\n:1\r\n:1\r\n"))
            }
            (line, Some(count)) => {
                *count += 1;
                log.lock().unwrap().push(line.to_owned());
                Some(Act::Say("+QUEUED\r\n"))
            }
            (line, None) if was_asking => {
                log.lock().unwrap().push(line.to_owned());
                Some(Act::Say("+OK\r\n"))
            }
            _ => Some(Act::Say("-MOVED 3300 node:1\r\n")),
        }
    });
    (fake, served)
}

fn lines(served: &Served) -> Vec<String> {
    served.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_elsewhere_goes_there_alone_and_in_order() {
    let (fake, served) = migrating(|_| None);
    let mut bench = Bench::new(fake).await;
    bench.submit("SET {b}here 0");
    bench.submit("SET {b}gone 1");
    bench.submit("SET {b}here 2");
    bench.submit("SET {b}gone 3");
    bench.submit("SET foo 4");
    bench.settle().await;
    assert_eq!(lines(&served), ["SET {b}gone 1", "SET {b}gone 3"]);
    assert!(bench.holds.is_empty(), "{:?}", bench.holds);
    let here: Vec<String> = bench.fake.lines().into_iter().filter(|line| line.contains("here")).collect();
    assert_eq!(here.last().map(String::as_str), Some("SET {b}here 2"));
    assert_eq!(bench.fake.maps_asked(), 1, "nothing has changed hands");
}

#[tokio::test(start_paused = true)]
async fn a_transaction_goes_as_a_whole() {
    let (fake, served) = migrating(|_| None);
    let mut bench = Bench::new(fake).await;
    bench.submit_transaction(&["SET {b}gone 1", "SET {b}gone 2"]);
    bench.submit("SET {b}here 3");
    bench.settle().await;
    assert_eq!(lines(&served), ["SET {b}gone 1", "SET {b}gone 2"]);
    // It was sent behind the transaction before that was refused, and again behind it.
    assert_eq!(bench.fake.lines(), ["SET {b}here 3", "SET {b}here 3"]);
}

#[tokio::test(start_paused = true)]
async fn a_detour_that_fails_is_tried_again() {
    let mut troubles = vec![
        Act::Close,
        Act::Say("-TRYAGAIN Multiple keys\r\n"),
        Act::Say("-MOVED 3300 node:1\r\n"),
        Act::Say("-LOADING wait\r\n"),
    ];
    let (fake, served) = migrating(move |line| if line.starts_with("SET") { troubles.pop() } else { None });
    let mut bench = Bench::new(fake).await;
    bench.submit("SET {b}gone 1");
    bench.submit("SET {b}here 2");
    bench.submit("SET {b}gone 3");
    bench.settle().await;
    assert_eq!(lines(&served), ["SET {b}gone 1", "SET {b}gone 3"]);
    assert_eq!(bench.holds.len(), 4, "{:?}", bench.holds);
    assert_eq!(bench.fake.lines().last().map(String::as_str), Some("SET {b}here 2"));
}

#[tokio::test(start_paused = true)]
async fn what_stands_behind_entries_that_are_sent_on_is_not_repeated_behind_each() {
    let (fake, served) = migrating(|_| None);
    let mut bench = Bench::new(fake).await;
    for number in 0..20 {
        bench.submit(&format!("SET {{b}}gone {number}"));
    }
    bench.submit("INCR {b}here");
    bench.settle().await;
    assert_eq!(lines(&served).len(), 20);
    let increments = bench.fake.lines().iter().filter(|line| line.starts_with("INCR")).count();
    assert!(increments <= 2, "done {increments} times");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hangs_is_not_waited_for() {
    let mut hangs = true;
    let (fake, served) =
        migrating(move |line| (line.starts_with("SET") && std::mem::take(&mut hangs)).then_some(Act::Ignore));
    let mut bench = Bench::new(fake).await;
    bench.submit("SET {b}gone 1");
    let hold = bench.until_hold().await;
    assert!(hold.cause.contains("silent"), "{hold}");
    bench.settle().await;
    assert_eq!(lines(&served), ["SET {b}gone 1"]);
}
