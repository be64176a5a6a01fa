//! Clusters whose nodes announce addresses that cannot be reached, and a list of those that can.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use testbed::{Authority, Cluster, ClusterSpec, Dataset, Router, Unit, cmd, slot_of, wait_equal};

use super::refused::sentence;
use super::tool::{PATIENCE, Tool, config, wait_until};

/// Two primaries with a replica each, which clients with TLS cannot reach where they announce themselves.
fn hidden(server: &str, authority: &Authority) -> Cluster {
    let certificate = authority.issue(&["127.0.0.1"]).unwrap();
    Cluster::start(ClusterSpec::new(server).primaries(2).tls_not_announced(certificate)).unwrap()
}

/// The ways to these nodes, as the lines of a section.
fn listed(cluster: &Cluster, nodes: impl IntoIterator<Item = usize>, authority: &Authority) -> String {
    let addrs: Vec<String> = nodes.into_iter().map(|node| format!("{:?}", way(cluster, node).to_string())).collect();
    format!("addresses = [{}]\ntls = true\ntls_ca = \"{}\"", addrs.join(", "), authority.ca().display())
}

fn way(cluster: &Cluster, node: usize) -> SocketAddr {
    cluster.tls_addr(node).unwrap()
}

/// The configuration with the addresses replaced by these lines.
fn between(source: &str, target: &str) -> String {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let plain = config(("cluster", nobody), ("cluster", nobody), "");
    let line = format!("address = \"{nobody}\"");
    plain.replacen(&line, source, 1).replacen(&line, target, 1)
}

fn following(source: &str, target: &str) -> Tool {
    let tool = Tool::start(&between(source, target));
    wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
    tool
}

/// Writes all the time while `meanwhile` lasts, which is told how often that was.
///
/// Strings only: a consumer that valkey 9 creates without telling its replicas is lost in a failover of the source.
fn under_writes(source: &Cluster, meanwhile: impl FnOnce(&AtomicU64)) {
    let (stop, written) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut router = Router::connect(source).unwrap();
            while !stop.load(Ordering::Relaxed) {
                let round = written.fetch_add(100, Ordering::Relaxed);
                let set = |i: u64| {
                    let key = format!("k{}", (round * 7 + i) % 5_000);
                    Unit::new(key.as_bytes(), cmd("SET").arg(&key).arg(format!("{round}.{i}")))
                };
                drop(router.run(&(0..100).map(set).collect::<Vec<_>>()).unwrap());
                thread::sleep(Duration::from_millis(20));
            }
        });
        let _stop = SetWhenDropped(&stop);
        meanwhile(&written);
    });
}

/// Ends the writing also when what happens meanwhile fails.
struct SetWhenDropped<'a>(&'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Source and target are hidden; each loses a primary to its replica meanwhile.
fn follows_through_failovers(server: &str) {
    let authority = Authority::new().unwrap();
    let (source, target) = (hidden(server, &authority), hidden(server, &authority));
    let mut tool = following(&listed(&source, 0..4, &authority), &listed(&target, 0..4, &authority));
    under_writes(&source, |written| {
        let more = |least: u64| {
            let seen = written.load(Ordering::Relaxed);
            wait_until("more writes", || written.load(Ordering::Relaxed) > seen + least);
        };
        more(1_000);
        let replica = target.replicas_of(0).unwrap()[0];
        target.kill(0).unwrap();
        // Of two primaries the one that is left is no majority.
        target.takeover(replica).unwrap();
        tool.wait_for_log("commands flow again");
        source.failover(source.replicas_of(1).unwrap()[0]).unwrap();
        tool.wait_for_log("the source continues where we were");
        // Each key at least once: the new target primary may lack the last writes of the old one.
        more(10_000);
    });
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

#[test]
fn redis_7_announces_ports_without_tls() {
    follows_through_failovers("redis-7.0");
}

#[test]
fn valkey_9_announces_ports_where_nobody_listens() {
    follows_through_failovers("valkey-9.1");
}

#[test]
fn a_node_without_an_address_is_named() {
    let authority = Authority::new().unwrap();
    let hidden = hidden("valkey-9.1", &authority);
    let plain = Cluster::start(ClusterSpec::new("redis-7.0").primaries(1).replicas(0)).unwrap();
    let plain_end = format!("address = \"{}\"", plain.addr(0).unwrap());
    // The replica of the second primary is in the list, and is no stand-in for it.
    let partial = listed(&hidden, [0, 3], &authority);
    for (config, side) in [(between(&partial, &plain_end), "source"), (between(&plain_end, &partial), "target")] {
        let begun = Instant::now();
        let (code, said) = sentence(&config);
        assert_eq!(code, 3, "{said}");
        let words = [hidden.id(1).unwrap(), "none of the given addresses", &format!("addresses in [{side}]")];
        for word in words {
            assert!(said.contains(word), "{said} does not say: {word}");
        }
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}

/// What is not in the list is reached where it announces itself; addresses that lead nowhere cost no time.
#[test]
fn a_partial_list_and_dead_addresses() {
    let source = Cluster::start(ClusterSpec::new("redis-7.0").primaries(2).replicas(0)).unwrap();
    let target = Cluster::start(ClusterSpec::new("redis-7.0").primaries(2).replicas(0)).unwrap();
    Dataset::new(31).keys(1_000).fill(&source).unwrap();
    // Nothing answers there: a network for documentation.
    let list = |dead: u8, cluster: &Cluster| {
        format!("addresses = [\"192.0.2.{dead}:6379\", \"{}\"]", cluster.addr(1).unwrap())
    };
    let begun = Instant::now();
    let tool = following(&list(1, &source), &list(2, &target));
    assert!(begun.elapsed().as_secs() < 10, "{:?}\n{}", begun.elapsed(), tool.log());
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    tool.end();
}

/// Sets `keys` on the nodes themselves, or counts those that have this value: what the nodes announce helps nobody.
fn on_nodes(cluster: &Cluster, keys: &[String], value: &str, set: bool) -> usize {
    let mut conns: Vec<_> = (0..2).map(|node| cluster.conn(node).unwrap()).collect();
    let mut is_done = |key: &&String| {
        let conn = &mut conns[cluster.owner(slot_of(key.as_bytes())).unwrap()];
        let command = if set { cmd("SET").arg(key.as_bytes()).arg(value) } else { cmd("GET").arg(key.as_bytes()) };
        conn.call(command).unwrap().text() == if set { "OK" } else { value }
    };
    keys.iter().filter(|key| is_done(key)).count()
}

#[test]
fn without_tls_and_with_nobody_where_nodes_announce_themselves() {
    let spec = |server: &str| ClusterSpec::new(server).primaries(2).hidden();
    let source = Cluster::start(spec("redis-7.0")).unwrap();
    let target = Cluster::start(spec("valkey-9.1")).unwrap();
    let keys: Vec<String> = (0..100).map(|i| format!("k{i}")).collect();
    assert_eq!(on_nodes(&source, &keys, "copied", true), 100);
    let list = |cluster: &Cluster, nodes: &[usize]| {
        let addrs: Vec<String> =
            nodes.iter().map(|&node| format!("{:?}", cluster.addr(node).unwrap().to_string())).collect();
        format!("addresses = [{}]", addrs.join(", "))
    };
    let tool = following(&list(&source, &[1, 0]), &list(&target, &[0, 1]));
    wait_until("the copy", || on_nodes(&target, &keys, "copied", false) == 100);
    assert_eq!(on_nodes(&source, &keys, "followed", true), 100);
    wait_until("the stream", || on_nodes(&target, &keys, "followed", false) == 100);
    tool.end();
    let (code, said) = sentence(&between(&list(&source, &[0]), &list(&target, &[0, 1])));
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(source.id(1).unwrap()) && said.contains("addresses in [source]"), "{said}");
}
