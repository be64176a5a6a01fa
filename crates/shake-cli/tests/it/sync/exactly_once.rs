//! What has to take effect once does, whoever dies and whatever moves meanwhile.

mod account;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use account::{Account, other_borders, random_seed};
use cluster_router::Slot;
use testbed::{Cluster, Endpoint, Ledger, LedgerSpec, Random, Server, ServerSpec, wait_equal};

use super::tool::{PATIENCE, Tool, config, wait_until};

#[test]
fn killed_at_random_moments_it_loses_and_repeats_nothing() {
    let mut account = Account::open(other_borders(0), 1_000);
    for round in 0..3 {
        account.more_writes(300);
        account.kill_and_restart(Duration::from_millis(1_500), round % 2 == 0);
    }
    account.more_writes(300);
    account.close();
}

#[test]
fn lost_target_connections_lose_and_repeat_nothing() {
    let mut account = Account::open(other_borders(0), 1_000);
    for _round in 0..5 {
        account.more_writes(300);
        account.all_links_once_more("the target is asked how far it is", |account| {
            for node in account.target.primaries().unwrap() {
                account.target.conn(node).unwrap().call("CLIENT KILL TYPE normal").unwrap();
            }
        });
    }
    account.close();
}

/// Some of them while the target is being asked.
#[test]
fn target_connections_lost_one_after_the_other_lose_and_repeat_nothing() {
    let account = Account::open(other_borders(0), 1_000);
    let mut conns: Vec<_> = (0..3).map(|node| account.target.conn(node).unwrap()).collect();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        for conn in &mut conns {
            conn.call("CLIENT KILL TYPE normal").unwrap();
        }
    }
    account.more_writes(300);
    account.close();
}

/// It has what it had at its last dump, its positions of that time among it.
#[test]
fn a_target_node_that_comes_back_as_it_was_before_gets_again_what_is_lost() {
    let account = Account::open(other_borders(0), 1_000);
    for node in [0, 2] {
        account.more_writes(300);
        account.target.conn(node).unwrap().call("SAVE").unwrap();
        account.more_writes(1_000);
        account.target.kill(node).unwrap();
        account.more_writes(300);
        account.target.start_node(node).unwrap();
        account.target.wait_ready().unwrap();
    }
    account.more_writes(300);
    account.close();
}

#[test]
fn a_target_node_that_comes_back_empty_is_said_and_filled_again() {
    let account = Account::open(other_borders(0), 1_000);
    account.more_writes(300);
    account.target.kill(1).unwrap();
    account.target.start_node(1).unwrap();
    wait_until("second copies", || account.tool.count_in_log("following the stream") == 6);
    account.more_writes(300);
    account.close_after(2);
}

#[test]
fn a_target_primary_that_dies_ahead_of_its_replica_gets_again_what_is_lost() {
    let mut account = Account::open(other_borders(1), 1_000);
    account.more_writes(300);
    // What it lacks is not to be the first marks: a copy that nobody knows of is made again.
    account.target.conn(0).unwrap().call("WAIT 1 10000").unwrap();
    account.all_links_once_more("the target is asked how far it is", |account| {
        let meanwhile = || {
            account.more_writes(1_000);
            Ok(())
        };
        account.target.kill_with_lagging_replicas(0, meanwhile).unwrap();
    });
    account.more_writes(300);
    account.close();
}

#[test]
fn slots_that_move_at_the_target_lose_and_repeat_nothing() {
    let account = Account::open(other_borders(0), 1_000);
    account.more_writes(300);
    account.target.move_slots(3_001..3_201, 1, 0).unwrap();
    account.more_writes(300);
    account.target.move_slots(3_001..3_201, 0, 2).unwrap();
    account.close();
}

#[test]
fn slots_that_moved_while_it_was_dead_keep_their_positions() {
    let mut account = Account::open(other_borders(0), 1_000);
    for (from, to) in [(1, 0), (0, 2)] {
        account.more_writes(300);
        account.tool.kill();
        account.target.move_slots(3_001..3_201, from, to).unwrap();
        account.tool.run_again();
    }
    account.more_writes(300);
    account.close();
}

#[test]
fn a_start_behind_a_stop_goes_on_where_it_was_and_repeats_nothing() {
    let mut account = Account::open(other_borders(0), 1_000);
    account.more_writes(300);
    assert_eq!(account.tool.terminate(), 0, "{}", account.tool.log());
    assert_eq!(account.tool.count_in_log("was not told how far it is"), 0, "{}", account.tool.log());
    let log = account.tool.log();
    let stopped = offsets_behind(&log, "everything received is applied");
    account.more_writes(300);
    account.tool.run_again();
    wait_until("all links to go on", || account.tool.count_in_log("going on from there") == 3);
    let log = account.tool.log();
    assert_eq!(offsets_behind(&log, "the target has this source up to"), stopped, "{log}");
    account.close();
}

/// By source, the offset in the line that has `text`.
fn offsets_behind(log: &str, text: &str) -> Vec<(String, String)> {
    let word_behind = |line: &str, text: &str| {
        let rest = line.split_once(text).map(|(_, rest)| rest).unwrap_or_default();
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || ".:".contains(*c)).collect::<String>()
    };
    let lines = log.lines().filter(|line| line.contains(text));
    let mut found: Vec<_> = lines.map(|line| (word_behind(line, "source="), word_behind(line, "offset "))).collect();
    found.sort();
    found
}

/// A source that comes back as it was some time ago, behind where the target is, while nobody looks.
fn set_back(on_history_lost: &str) -> (Server, Server, Tool) {
    let source = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let sync = format!("[sync]\non_history_lost = \"{on_history_lost}\"\n[advanced]");
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let mut tool = Tool::start(&config.replacen("[advanced]", &sync, 1));
    tool.wait_for_log("following the stream");
    let mut conn = source.conn().unwrap();
    conn.call("SET count 1").unwrap();
    // The child that wrote the copy may not have been waited for.
    wait_until("a dump of what there is", || conn.call("SAVE").is_ok());
    (0..1_000).for_each(|n| drop(conn.call(["INCRBY", "count", &n.to_string()]).unwrap()));
    conn.call("SET later 1").unwrap();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.kill();
    source.kill().unwrap();
    source.restart().unwrap();
    assert_eq!(source.conn().unwrap().call("GET count").unwrap().text(), "1");
    tool.run_again();
    (source, target, tool)
}

/// Offsets of the new history are lower than those that the target knows of the old one: they say nothing about it.
#[test]
fn a_source_that_was_set_back_is_copied_again_and_followed() {
    let (source, target, mut tool) = set_back("full-resync");
    tool.wait_for_log("FULL RESYNC: ");
    wait_until("the second copy", || tool.count_in_log("following the stream") == 2);
    let mut conn = source.conn().unwrap();
    (0..100).for_each(|_| drop(conn.call("INCR count").unwrap()));
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert_eq!(tool.count_in_log("FULL RESYNC: "), 1, "{}", tool.log());
    assert_eq!(source.info("sync_full").unwrap(), "1");
    tool.end();
}

#[test]
fn a_source_that_was_set_back_ends_who_may_not_copy_again() {
    let (_source, target, mut tool) = set_back("stop");
    assert_eq!(tool.wait(), 6, "{}", tool.log());
    assert!(tool.log().contains("a full resync is needed"), "{}", tool.log());
    assert_eq!(target.conn().unwrap().call("GET later").unwrap().text(), "1");
}

#[test]
#[ignore = "long: make test-long"]
fn killed_twenty_times_under_load_it_loses_and_repeats_nothing() {
    let mut account = Account::open(other_borders(0), 5_000);
    for round in 0..20 {
        account.more_writes(1_000);
        account.kill_and_restart(Duration::from_secs(2), round % 2 == 0);
    }
    account.more_writes(1_000);
    account.close();
}

#[test]
#[ignore = "long: make test-long"]
fn whatever_happens_at_once_nothing_is_lost_or_repeated() {
    let mut account = Account::open(other_borders(1), 1_000);
    let (over, begun) = (AtomicBool::new(false), Instant::now());
    let Account { target, tool, random, .. } = &mut account;
    let mut of_tool = Random::new(random.next_u64());
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                tool.kill_within(Duration::from_secs(8), &mut of_tool);
                if of_tool.below(2) == 0 { tool.run_again() } else { tool.run_again_elsewhere() }
            }
        });
        let _over = AtTheEnd(&over);
        while begun.elapsed() < Duration::from_secs(120) {
            replace_a_primary(target, random);
            let elected = Instant::now();
            // The others do not vote for the same shard again before that.
            while elected.elapsed() < Duration::from_secs(5) {
                move_slots(target, random);
            }
        }
    });
    account.more_writes(1_000);
    account.close();
}

/// Says so even where the test fails: or it would not end.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A primary dies ahead of its replica, or hands over to it.
fn replace_a_primary(target: &Cluster, random: &mut Random) {
    let node = *random.pick(&target.primaries().unwrap()).unwrap();
    if random.below(2) == 0 {
        eprintln!("node {node} hands over");
        target.failover(target.replicas_of(node).unwrap()[0]).unwrap();
    } else {
        eprintln!("node {node} dies ahead of its replica");
        let meanwhile = || {
            thread::sleep(Duration::from_millis(random.below(1_000)));
            Ok(())
        };
        let promoted = target.kill_with_lagging_replicas(node, meanwhile).unwrap();
        target.start_node(node).unwrap();
        wait_until("the dead to follow", || target.replicas_of(promoted).is_ok_and(|all| all.contains(&node)));
    }
    target.wait_ready().unwrap();
}

fn move_slots(target: &Cluster, random: &mut Random) {
    let primaries = target.primaries().unwrap();
    let [from, to] = [(); 2].map(|()| *random.pick(&primaries).unwrap());
    let slots = target.slots_of(from).unwrap();
    let first = usize::try_from(random.below(slots.len() as u64)).unwrap();
    if from != to {
        eprintln!("slots from {} move from node {from} to {to}", slots[first]);
        target.move_slots(slots.into_iter().skip(first).take(50), from, to).unwrap();
    }
    // What a failover takes back of a move is with nobody but the source.
    [from, to].iter().for_each(|&node| drop(target.conn(node).unwrap().call("WAIT 1 10000").unwrap()));
}

/// A source does not say again which database is selected where it continues.
#[test]
fn databases_of_standalone_servers_are_told_apart_behind_every_kill() {
    let source = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let of = |server: &Server, db| Endpoint { db, ..Endpoint::from(server) };
    let begin = |db: u32| Ledger::start(of(&source, db), LedgerSpec::new(u64::from(db)).rate(300).tags(20)).unwrap();
    let ledgers = [0, 3, 7].map(|db| (db, begin(db)));
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let mut tool = Tool::start(&config);
    let seed = random_seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    let mark = Slot::new(0).unwrap().tag();
    let mut conn = target.conn().unwrap();
    wait_until("a mark of the stream", || {
        let fields = conn.call(["HVALS", &format!("shake:{{{mark}}}:positions")]).unwrap();
        fields.items().iter().any(|value| value.text().contains("\"at\":\"1:stream:"))
    });
    for round in 0..4 {
        let written = ledgers[0].1.acknowledged();
        wait_until("more writes", || ledgers[0].1.acknowledged() > written + 100);
        tool.kill_within(Duration::from_millis(1_500), &mut random);
        if round % 2 == 0 { tool.run_again() } else { tool.run_again_elsewhere() }
    }
    for (db, ledger) in ledgers {
        let records = ledger.stop().unwrap();
        let exact = records.wait_exact(of(&target, db), PATIENCE);
        exact.unwrap_or_else(|error| panic!("database {db}: {error}\n{}", tool.log()));
    }
    assert_eq!(source.info("sync_full").unwrap(), "1", "{}", tool.log());
    tool.end();
}
