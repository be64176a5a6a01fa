//! What goes wrong between two clusters, and must not be noticed in the data.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use testbed::{Cluster, ClusterSpec, Dataset, Load, LoadSpec, Router, Unit, cmd, wait_equal};

use super::tool::{PATIENCE, Tool, wait_until};

fn cluster(primaries: usize) -> Cluster {
    Cluster::start(ClusterSpec::new("redis-7.0").primaries(primaries).replicas(0)).unwrap()
}

/// Writes that may be repeated, to many slots, until it is told to stop.
struct Sets {
    stop: Arc<AtomicBool>,
    writer: Option<JoinHandle<u64>>,
}

impl Sets {
    fn start(cluster: &Cluster) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, mut router) = (stop.clone(), Router::connect(cluster).unwrap());
        let writer = thread::spawn(move || {
            let mut round = 0u64;
            while !stopped.load(Ordering::Relaxed) {
                let units: Vec<Unit> = (0..200u64)
                    .map(|i| {
                        let key = format!("k{}", (round * 7 + i) % 5_000);
                        let command = match i % 4 {
                            0 => cmd("DEL").arg(&key),
                            _ => cmd("SET").arg(&key).arg(format!("{round}.{i}")),
                        };
                        Unit::new(key.as_bytes(), command)
                    })
                    .collect();
                router.run(&units).unwrap();
                round += 1;
                // Not all that the machine can do: other tests run beside this one.
                thread::sleep(Duration::from_millis(10));
            }
            round
        });
        Self { stop, writer: Some(writer) }
    }

    fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.writer.take().unwrap().join().unwrap()
    }
}

fn following(source: &Cluster, target: &Cluster) -> Tool {
    following_with(source, target, "")
}

fn following_with(source: &Cluster, target: &Cluster, config: &str) -> Tool {
    let mut tool = Tool::between_clusters_with(source, target, config);
    let links = source.primaries().unwrap().len();
    wait_until("all links to follow", || tool.count_in_log("following the stream") == links);
    tool.wait_for_log("following,");
    tool
}

#[test]
fn a_lost_source_continues_where_it_was() {
    let (source, target) = (cluster(2), cluster(3));
    Dataset::new(3).keys(2_000).fill(&source).unwrap();
    let load = Load::start(&source, LoadSpec::new(4).rate(2_000)).unwrap();
    let tool = following(&source, &target);
    for round in 1..=3 {
        for node in source.primaries().unwrap() {
            source.conn(node).unwrap().call("CLIENT KILL TYPE replica").unwrap();
        }
        wait_until("both links to continue", || tool.count_in_log("continues where we were") >= 2 * round);
    }
    let written = load.written();
    wait_until("more writes", || load.written() > written + 2_000);
    load.stop().unwrap();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert_eq!(tool.count_in_log(" full resync"), 2, "{}", tool.log());
    tool.end();
}

/// Kills the connections to the target again and again, with a pause in between, until commands have flowed again five
/// times.
fn target_connections_are_lost(config: &str, pause: Duration) {
    let (source, target) = (cluster(2), cluster(3));
    let sets = Sets::start(&source);
    let tool = following_with(&source, &target, config);
    for round in 1..=5 {
        let mut killed: Option<Instant> = None;
        // A connection that has nothing on its way when it is lost is replaced without a word.
        wait_until("commands to flow again", || {
            if killed.is_none_or(|at| at.elapsed() >= pause) {
                for node in target.primaries().unwrap() {
                    target.conn(node).unwrap().call("CLIENT KILL TYPE normal SKIPME yes").unwrap();
                }
                killed = Some(Instant::now());
            }
            tool.count_in_log("commands flow again") >= round
        });
    }
    sets.stop();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

/// After each loss the target is asked how far it is, which takes its time: who never gets an answer does not go on.
#[test]
fn lost_target_connections_are_made_anew() {
    target_connections_are_lost("", Duration::from_secs(2));
}

#[test]
fn lost_target_connections_are_made_anew_where_commands_may_be_repeated() {
    target_connections_are_lost("[sync]\ndelivery = \"at-least-once\"", Duration::ZERO);
}

#[test]
fn target_slots_move_under_writes() {
    let (source, target) = (cluster(2), cluster(3));
    let sets = Sets::start(&source);
    let tool = following(&source, &target);
    for slot in 0..60 {
        target.move_slot(slot * 3, 0, 1 + usize::from(slot % 2)).unwrap();
    }
    wait_until("a redirect", || tool.count_in_log("MOVED") > 0);
    sets.stop();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

#[test]
fn a_target_that_stands_still_is_waited_for() {
    let (source, target) = (cluster(1), cluster(2));
    let tool = following(&source, &target);
    let mut router = Router::connect(&source).unwrap();
    target.pause(0).unwrap();
    let value = "x".repeat(1000);
    let units: Vec<Unit> = (0..30_000)
        .map(|i| Unit::new(format!("k{i}").as_bytes(), cmd("SET").arg(format!("k{i}")).arg(&value)))
        .collect();
    router.run(&units).unwrap();
    wait_until("a backlog", || tool.log().contains(" MiB behind"));
    target.cont(0).unwrap();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert_eq!(tool.count_in_log(" full resync"), 1, "{}", tool.log());
    tool.end();
}

#[test]
fn stopping_applies_what_was_received() {
    let (source, target) = (cluster(1), cluster(2));
    let mut tool = following(&source, &target);
    let mut router = Router::connect(&source).unwrap();
    let units: Vec<Unit> =
        (0..20_000).map(|i| Unit::new(format!("k{i}").as_bytes(), cmd("INCR").arg(format!("k{i}")))).collect();
    router.run(&units).unwrap();
    let offset: u64 = source.info(0, "master_repl_offset").unwrap().parse().unwrap();
    // What the source has sent and we have received is for the stop to apply.
    let received = || {
        source
            .info(0, "slave0")
            .unwrap()
            .split(',')
            .any(|part| part.strip_prefix("offset=").is_some_and(|acked| acked.parse::<u64>().unwrap() >= offset))
    };
    wait_until("everything to be received", received);
    let begun = Instant::now();
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    assert!(begun.elapsed() < Duration::from_secs(8), "it waited for more to come");
    assert_eq!(tool.count_in_log("WARN"), 0, "{}", tool.log());
    wait_equal(&source, &target, Duration::ZERO).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
}

/// What is not repeated is at least said again.
#[test]
fn a_conflict_stops_the_link_and_the_next_start_says_so() {
    let (source, target) = (cluster(2), cluster(3));
    let mut tool = following(&source, &target);
    let (mut ours, mut theirs) = (source.conn_for_key("counted").unwrap(), target.conn_for_key("counted").unwrap());
    theirs.call("RPUSH counted somebody").unwrap();
    ours.call("INCR counted").unwrap();
    assert_eq!(tool.wait(), 1, "{}", tool.log());
    assert!(tool.log().contains("refused INCR counted") && tool.log().contains("WRONGTYPE"), "{}", tool.log());
    theirs.call("DEL counted").unwrap();
    tool.run_again();
    tool.wait_for_log("the last run stopped at a conflict");
    tool.wait_for_log("refused INCR counted");
    ours.call("INCR counted").unwrap();
    wait_until("the link to go on", || theirs.call("GET counted").unwrap().text() == "1");
    tool.end();
}
