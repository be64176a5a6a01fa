//! All of it at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testbed::{Cluster, Random};

use super::super::tool::wait_until;
use super::account::{Account, other_borders_of};

#[test]
#[ignore = "long: make test-long"]
fn whatever_happens_at_once_nothing_is_lost_or_repeated() {
    everything_between("redis-7.0", "redis-7.0");
}

#[test]
#[ignore = "long: make test-long"]
fn whatever_happens_at_once_to_valkey_nothing_is_lost_or_repeated() {
    everything_between("redis-7.0", "valkey-9.1");
}

#[test]
#[ignore = "long: make test-long"]
fn whatever_happens_at_once_to_redis_8_nothing_is_lost_or_repeated() {
    everything_between("redis-8.0", "redis-8.0");
}

fn everything_between(source: &str, target: &str) {
    let mut account = Account::open_from(source, other_borders_of(target, 1), 1_000);
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
