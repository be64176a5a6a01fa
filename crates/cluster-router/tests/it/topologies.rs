//! What clusters say of themselves, in three commands.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster_router::{Asked, Client, Flags, Info, NodeAddr, Role, Slot, SlotMap, TcpConnect, Topology};
use resp::Reply;
use testbed::{Cluster, ClusterSpec};

/// A cluster of one kind of server, and a connection to one of its nodes.
async fn cluster(server: &str) -> (Cluster, Client) {
    let cluster = Cluster::start(ClusterSpec::new(server).primaries(3).replicas(1)).expect("the cluster starts");
    let addr = cluster.addr(0).expect("a node");
    let node = NodeAddr::new(addr.ip().to_string(), addr.port());
    let client = Client::connect(&TcpConnect::default(), &node, None).await.expect("the node takes a connection");
    (cluster, client)
}

async fn ask(client: &mut Client, command: &[&str]) -> Reply {
    client.call(command).await.expect("the node answers")
}

/// Waits until the node has heard from all six: `CLUSTER SLOTS` leaves replicas out until they told their offset.
async fn wait_for_gossip(client: &mut Client) {
    let heard = async {
        loop {
            let slots = ask(client, &["CLUSTER", "SLOTS"]).await;
            if Topology::from_slots(&slots, Asked::host("127.0.0.1")).unwrap().nodes.len() == 6 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), heard).await.expect("all nodes are heard of");
}

/// Address and role of each node with its slots.
fn essence(topology: &Topology) -> BTreeMap<NodeAddr, (bool, Vec<String>)> {
    let shown = |node: &cluster_router::Node| node.slots.iter().map(ToString::to_string).collect();
    topology.nodes.iter().map(|node| (node.addr.clone(), (node.role == Role::Primary, shown(node)))).collect()
}

async fn three_answers_agree(server: &str) {
    let (_cluster, mut client) = cluster(server).await;
    wait_for_gossip(&mut client).await;
    let asked = Asked::host("127.0.0.1");
    let text = client.text(&["CLUSTER", "NODES"]).await.expect("the node answers");
    let nodes = Topology::from_nodes(&text, asked).unwrap();
    assert_eq!((nodes.nodes.len(), nodes.primaries().count()), (6, 3));
    assert!(nodes.myself().unwrap().flags.has(Flags::MYSELF));
    for primary in nodes.primaries() {
        assert_eq!(nodes.replicas_of(&primary.id).count(), 1);
    }
    for version in ["2", "3"] {
        ask(&mut client, &["HELLO", version]).await;
        let slots = Topology::from_slots(&ask(&mut client, &["CLUSTER", "SLOTS"]).await, asked).unwrap();
        assert_eq!(essence(&slots), essence(&nodes), "CLUSTER SLOTS, RESP{version}");
        let shards = Topology::from_shards(&ask(&mut client, &["CLUSTER", "SHARDS"]).await, asked).unwrap();
        let mut others = essence(&nodes);
        // Nodes that were started without shard ids, as these were, leave themselves out of CLUSTER SHARDS.
        others.remove(&nodes.myself().unwrap().addr);
        assert_eq!(essence(&shards), others, "CLUSTER SHARDS, RESP{version}");
        let replicas = shards.nodes.iter().filter(|node| matches!(node.role, Role::Replica { of: Some(_) }));
        for replica in replicas.chain(&slots.nodes) {
            assert_eq!(nodes.node(&replica.id).map(|node| &node.role), Some(&replica.role));
        }
    }
    let map = SlotMap::from_topology(&nodes);
    assert!(map.uncovered().is_empty());
    assert_eq!(map.owner(Slot::MAX).map(|owner| &owner.addr), nodes.owner(Slot::MAX).map(|node| &node.addr));
}

#[tokio::test]
async fn redis_8_says_the_same_in_three_ways() {
    three_answers_agree("redis-8.0").await;
}

#[tokio::test]
async fn valkey_9_says_the_same_in_three_ways() {
    three_answers_agree("valkey-9.1").await;
}

#[tokio::test]
async fn moving_slots_and_info() {
    let (cluster, mut client) = cluster("redis-7.0").await;
    cluster.begin_move(0, 0, 1).expect("the slot begins to move");
    let text = client.text(&["CLUSTER", "NODES"]).await.expect("the node answers");
    let topology = Topology::from_nodes(&text, Asked::host("127.0.0.1")).unwrap();
    let to = cluster.id(1).expect("a node");
    let migrating = &topology.myself().unwrap().migrating;
    assert_eq!(migrating.iter().map(|(slot, id)| (slot.number(), id.as_str())).collect::<Vec<_>>(), [(0, to)]);

    let text = client.text(&["INFO", "everything"]).await.expect("the node answers");
    let info = Info::parse(&text).unwrap();
    assert_eq!(info.text("role"), Some("master"));
    assert!(info.number::<u64>("master_repl_offset").is_some());
    assert_eq!(info.part("slave0", "state"), Some("online"));
}
