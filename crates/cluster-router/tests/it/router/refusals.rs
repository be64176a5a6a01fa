//! What nodes say no to.

use cluster_router::{Event, Outgoing, Phase, Position, Route, slot_of};

use super::bench::{Bench, assert_in_order_at_last, outgoing};
use super::fake::{Act, Fake};

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_waited_for() {
    for (code, text) in [
        ("LOADING", "-LOADING the dataset\r\n"),
        ("CLUSTERDOWN", "-CLUSTERDOWN Hash slot not served\r\n"),
        ("OOM", "-OOM command not allowed\r\n"),
        ("MISCONF", "-MISCONF cannot save\r\n"),
        ("NOREPLICAS", "-NOREPLICAS not enough\r\n"),
        ("READONLY", "-READONLY a replica\r\n"),
        ("TRYAGAIN", "-TRYAGAIN Multiple keys\r\n"),
    ] {
        let mut refusals = 5;
        let fake = Fake::new(move |_, line| {
            let refused = refusals > 0 && line == "SET foo 1";
            refusals -= i32::from(refused);
            refused.then_some(Act::Say(text))
        });
        let mut bench = Bench::new(fake).await;
        for number in 0..4 {
            bench.submit(&format!("SET foo {number}"));
            bench.submit(&format!("SET b {number}"));
        }
        bench.settle().await;
        assert!(bench.holds.iter().all(|hold| hold.code.as_deref() == Some(code)), "{:?}", bench.holds);
        assert_eq!(bench.holds.len(), 5, "{code}");
        let lines = bench.fake.lines();
        assert_in_order_at_last(&lines, "foo", 4);
        assert_eq!(lines.iter().filter(|line| line.starts_with("SET b")).count(), 4, "{code}: other slots go on");
    }
}

#[tokio::test(start_paused = true)]
async fn a_data_error_ends_it_with_key_and_offset() {
    let fake =
        Fake::new(|_, line| line.starts_with("HSET foo").then_some(Act::Say("-WRONGTYPE Operation against\r\n")));
    let mut bench = Bench::new(fake).await;
    bench.submit("SET foo 1");
    bench.submit("HSET foo field secret");
    let error = bench.until_error().await;
    assert_eq!(error.to_string(), "node:2 refused HSET foo at offset 20: WRONGTYPE Operation against");
    assert_eq!(bench.router.confirmed().map(|position| position.offset), Some(10));
}

#[tokio::test(start_paused = true)]
async fn a_data_error_behind_a_refusal_does_not_count() {
    let mut refusals = 1;
    let fake = Fake::new(move |_, line| match line {
        "RPUSH foo x" if refusals > 0 => {
            refusals -= 1;
            Some(Act::Say("-OOM command not allowed\r\n"))
        }
        "LSET foo 0 y" if refusals > 0 => Some(Act::Say("-ERR no such key\r\n")),
        _ => None,
    });
    let mut bench = Bench::new(fake).await;
    bench.submit("RPUSH foo x");
    bench.submit("LSET foo 0 y");
    bench.settle().await;
    assert_eq!(bench.fake.lines().last().unwrap(), "LSET foo 0 y");
}

#[tokio::test(start_paused = true)]
async fn what_a_forgiving_command_misses_is_told_of_a_snapshot_only() {
    for (phase, told) in [(Phase::Snapshot, 1), (Phase::Stream, 0)] {
        let fake = Fake::new(|_, line| line.starts_with("RENAME").then_some(Act::Say("-ERR no such key\r\n")));
        let mut bench = Bench::new(fake).await;
        let outgoing = Outgoing { phase, forgiving: true, ..outgoing(Route::Slot(slot_of(b"foo")), 1, 7) };
        bench.router.submit(outgoing, |out| resp::put_command(out, &["RENAME", "{foo}a", "foo"]));
        bench.router.end_round(Position { generation: 1, phase, offset: 7, ..Position::default() });
        let mut missing = Vec::new();
        while !bench.router.is_idle() {
            if let Event::Missing { rejection, repeated } = bench.next().await.unwrap() {
                missing.push((rejection.to_string(), repeated));
            }
        }
        let said = "node:2 refused RENAME {foo}a at snapshot byte 7: ERR no such key";
        assert_eq!(missing, vec![(said.to_owned(), false); told]);
        assert_eq!(bench.router.confirmed().map(|position| position.offset), Some(7));
    }
}
