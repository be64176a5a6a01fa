//! Finding out who owns what, with nodes that hang, and nodes that are not where they say they are.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cluster_router::{BoxFuture, ClientError, Connect, Discovery, Io, NodeAddr, TargetKind, Way, WayError, cause};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;

/// What stands behind an address; behind all others there is nothing.
enum Behind {
    /// Connections are neither made nor refused.
    Silence,
    /// A node that answers everything with this.
    Node(String),
}

/// Addresses, and which of them were connected to.
#[derive(Default)]
struct Net {
    behind: Mutex<BTreeMap<NodeAddr, Behind>>,
    dialled: Mutex<Vec<String>>,
}

impl Net {
    fn put(&self, at: &str, behind: Behind) {
        self.behind.lock().unwrap().insert(addr(at), behind);
    }

    fn node(&self, at: &str, nodes: &str, myself: &str) {
        self.put(at, Behind::Node(nodes.replace(&format!("{myself} master"), &format!("{myself} myself,master"))));
    }

    fn take_away(&self, at: &str) {
        self.behind.lock().unwrap().remove(&addr(at));
    }

    fn dialled(&self) -> Vec<String> {
        std::mem::take(&mut *self.dialled.lock().unwrap())
    }
}

struct Dial(Arc<Net>);

impl Connect for Dial {
    fn connect<'a>(&'a self, node: &'a NodeAddr) -> BoxFuture<'a, io::Result<Box<dyn Io>>> {
        Box::pin(async move {
            self.0.dialled.lock().unwrap().push(node.to_string());
            let text = match self.0.behind.lock().unwrap().get(node) {
                None => return Err(io::ErrorKind::ConnectionRefused.into()),
                Some(Behind::Silence) => None,
                Some(Behind::Node(text)) => Some(text.clone()),
            };
            let Some(text) = text else {
                tokio::time::sleep(Duration::from_secs(5)).await;
                return Err(io::ErrorKind::TimedOut.into());
            };
            let (near, mut far) = duplex(64 << 10);
            tokio::spawn(async move {
                let mut request = [0; 1 << 10];
                while far.read(&mut request).await.is_ok_and(|read| read > 0) {
                    let answer = format!("${}\r\n{text}\r\n", text.len());
                    far.write_all(answer.as_bytes()).await.unwrap();
                }
            });
            Ok(Box::new(near) as Box<dyn Io>)
        })
    }
}

fn addr(text: &str) -> NodeAddr {
    text.parse().unwrap()
}

fn discovery(net: &Arc<Net>, seeds: &[&str]) -> Discovery {
    let seeds = seeds.iter().map(|seed| addr(seed)).collect();
    Discovery::new(Arc::new(Dial(net.clone())), TargetKind::Cluster, seeds, None)
}

/// Two primaries; of the third node either is the primary, or nobody.
const NODES: &str = "a 10.0.0.1:1@11,one.example master - 0 0 1 connected 0-8191\n\
                     b 10.0.0.2:1@11 master - 0 0 2 connected 8192-16383\n\
                     c 10.0.0.3:1@11 slave b 0 0 2 connected\n";
/// The same after the third node took the second one's place.
const LATER: &str = "a 10.0.0.1:1@11,one.example master - 0 0 1 connected 0-8191\n\
                     b 10.0.0.2:1@11 master,fail - 0 0 2 disconnected\n\
                     c 10.0.0.3:1@11 master - 0 0 3 connected 8192-16383\n";

/// Where a connection to an announced address goes.
async fn goes_to(net: &Net, discovery: &Discovery, announced: &str) -> Vec<String> {
    net.dialled();
    drop(discovery.connector().connect(&addr(announced)).await);
    net.dialled()
}

#[tokio::test(start_paused = true)]
async fn nodes_that_hang_do_not_add_up() {
    let net = Arc::new(Net::default());
    let seeds = ["n:1", "n:2", "n:3", "n:4"];
    seeds.iter().for_each(|seed| net.put(seed, Behind::Silence));
    net.node("n:4", NODES, "10.0.0.1:1@11,one.example");
    let begun = Instant::now();
    let map = discovery(&net, &seeds).slot_map(None).await.unwrap();
    assert!(map.uncovered().is_empty());
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());

    let begun = Instant::now();
    let error = discovery(&net, &seeds[..3]).slot_map(None).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert!(error.to_string().starts_with("n:1: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_answers_is_the_only_one_asked() {
    let net = Arc::new(Net::default());
    net.node("n:1", NODES, "10.0.0.1:1@11,one.example");
    net.node("10.0.0.2:1", NODES, "10.0.0.2:1@11");
    let discovery = discovery(&net, &["n:1", "n:2"]);
    discovery.slot_map(None).await.unwrap();
    assert_eq!(net.dialled(), ["n:1"]);
    discovery.slot_map(Some(&addr("10.0.0.2:1"))).await.unwrap();
    assert_eq!(net.dialled(), ["10.0.0.2:1"]);
}

#[tokio::test(start_paused = true)]
async fn a_view_with_gaps_is_the_last_resort() {
    let net = Arc::new(Net::default());
    net.node("n:1", "x 10.0.0.9:1@11 master - 0 0 1 connected\n", "10.0.0.9:1@11");
    let discovery = discovery(&net, &["n:1", "n:2"]);
    assert_eq!(discovery.slot_map(None).await.unwrap().uncovered().len(), 1);
    net.node("n:2", NODES, "10.0.0.1:1@11,one.example");
    for _ in 0..3 {
        assert!(discovery.slot_map(None).await.unwrap().uncovered().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn announced_addresses_are_reached_by_the_seeds_that_lead_there() {
    let net = Arc::new(Net::default());
    net.node("n:1", NODES, "10.0.0.1:1@11,one.example");
    net.node("n:2", NODES, "10.0.0.2:1@11");
    let discovery = discovery(&net, &["n:1", "n:2", "n:3"]).by_seeds();
    let map = discovery.slot_map(None).await.unwrap();
    assert!(map.nodes().iter().all(|node| node.addr.host.starts_with("10.")), "the map is as announced: {map:?}");
    for (announced, seed) in [("10.0.0.1:1", "n:1"), ("one.example:1", "n:1"), ("10.0.0.2:1", "n:2")] {
        assert_eq!(goes_to(&net, &discovery, announced).await, [seed]);
    }
    assert_eq!(goes_to(&net, &discovery, "10.0.0.3:1").await, ["10.0.0.3:1"], "none leads there yet");

    // A failover: the way to the new primary has come up only now, that to the old one is gone.
    net.take_away("n:2");
    net.node("n:1", LATER, "10.0.0.1:1@11,one.example");
    net.node("n:3", LATER, "10.0.0.3:1@11");
    discovery.slot_map(Some(&addr("10.0.0.3:1"))).await.unwrap();
    assert_eq!(goes_to(&net, &discovery, "10.0.0.3:1").await, ["n:3"]);
}

#[tokio::test(start_paused = true)]
async fn a_seed_that_leads_elsewhere_by_now_is_found_out() {
    let net = Arc::new(Net::default());
    net.node("n:1", NODES, "10.0.0.1:1@11,one.example");
    net.node("n:2", NODES, "10.0.0.2:1@11");
    let discovery = discovery(&net, &["n:1", "n:2"]).by_seeds();
    discovery.slot_map(None).await.unwrap();
    net.node("n:2", NODES, "10.0.0.1:1@11,one.example");
    net.node("n:1", NODES, "10.0.0.2:1@11");
    discovery.slot_map(None).await.unwrap();
    assert_eq!(goes_to(&net, &discovery, "10.0.0.1:1").await, ["n:2"]);
    assert_eq!(goes_to(&net, &discovery, "10.0.0.2:1").await, ["n:1"]);
}

#[tokio::test(start_paused = true)]
async fn a_seed_that_hangs_holds_nothing_up_unless_it_may_lead_to_an_owner() {
    let net = Arc::new(Net::default());
    net.node("n:1", NODES, "10.0.0.1:1@11,one.example");
    net.node("n:2", NODES, "10.0.0.2:1@11");
    net.put("n:3", Behind::Silence);
    let begun = Instant::now();
    discovery(&net, &["n:1", "n:2", "n:3"]).by_seeds().slot_map(None).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());

    let discovery = discovery(&net, &["n:1", "n:3"]).by_seeds();
    discovery.slot_map(None).await.unwrap();
    let error: ClientError = discovery.client(&addr("10.0.0.2:1")).await.err().unwrap();
    assert!(matches!(cause(&error), Some(WayError { way: Way::Announced(id), .. }) if id.as_str() == "b"), "{error}");
    assert!(error.to_string().contains("none of the given addresses leads to node b"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
}
