//! `CLUSTER NODES` as text: formats of all times, damage, and printing.

use cluster_router::{
    Asked, Flags, LinkState, Node, NodeAddr, NodeId, Place, Role, Slot, SlotRange, Topology, TopologyErrorKind,
};
use proptest::prelude::*;

fn read(text: &str) -> Topology {
    Topology::from_nodes(text.as_bytes(), Asked::host("asked")).unwrap()
}

fn one(text: &str) -> Node {
    let mut topology = read(text);
    assert_eq!(topology.nodes.len(), 1);
    topology.nodes.remove(0)
}

#[test]
fn addresses_of_all_times() {
    let cases = [
        ("127.0.0.1:7000", "127.0.0.1", 7000, None),
        ("127.0.0.1:7000@17000", "127.0.0.1", 7000, None),
        ("127.0.0.1:7000@17000,", "127.0.0.1", 7000, None),
        ("127.0.0.1:7000@17000,node-1.example", "127.0.0.1", 7000, Some("node-1.example")),
        ("127.0.0.1:7000@17000,,shard-id=69bc", "127.0.0.1", 7000, None),
        ("127.0.0.1:7000@17000,node-1,tls-port=7100,shard-id=69bc", "127.0.0.1", 7000, Some("node-1")),
        ("::1:7000@17000", "::1", 7000, None),
        (":7000@17000", "asked", 7000, None),
        (":0@0", "asked", 0, None),
        ("host.example:7000", "host.example", 7000, None),
    ];
    for (text, host, port, hostname) in cases {
        let node = one(&format!("id {text} master - 0 0 1 connected"));
        assert_eq!(node.addr, NodeAddr::new(host, port), "{text}");
        assert_eq!(node.hostname.as_deref(), hostname, "{text}");
    }
}

#[test]
fn roles_and_flags() {
    let cases = [
        ("myself,master -", Role::Primary, Flags::MYSELF),
        ("slave,fail? p", Role::Replica { of: Some(NodeId::new("p")) }, Flags::PFAIL),
        ("master,fail -", Role::Primary, Flags::FAIL),
        ("slave,noaddr,nofailover -", Role::Replica { of: None }, Flags::NOADDR.and(Flags::NOFAILOVER)),
        ("handshake -", Role::Unknown, Flags::HANDSHAKE),
        ("noflags -", Role::Unknown, Flags::NONE),
        ("primary,news -", Role::Primary, Flags::NONE),
    ];
    for (text, role, flags) in cases {
        let node = one(&format!("id 1.2.3.4:1@2 {text} 0 0 0 disconnected\n"));
        assert_eq!((node.role, node.flags, node.link), (role, flags, LinkState::Disconnected), "{text}");
    }
}

#[test]
fn slots_moving_and_still() {
    let node = one("a 1.2.3.4:1@2 myself,master - 0 0 9 connected 0-5 7 [449->-b] [450-<-c] 16383");
    let shown: Vec<String> = node.slots.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["0-5", "7", "16383"]);
    assert_eq!(node.migrating, [(Slot::new(449).unwrap(), NodeId::new("b"))]);
    assert_eq!(node.importing, [(Slot::new(450).unwrap(), NodeId::new("c"))]);
    assert_eq!(node.config_epoch, 9);
}

#[test]
fn other_lines_are_passed_over() {
    let topology = read("a :1 master - 0 0 1 connected\r\n\r\nvars currentEpoch 6 lastVoteEpoch 0\n");
    assert_eq!(topology.nodes.len(), 1);
}

#[test]
fn damage_is_named_by_line_and_field() {
    use TopologyErrorKind::{BadSlot, Malformed, Missing};
    let good = "a 1.2.3.4:1@2 master - 0 0 1 connected 0-5";
    let cases = [
        ("a", Missing, "a node's address"),
        ("a 1.2.3.4", Malformed, "a node's address"),
        ("a 1.2.3.4:99999@2 master - 0 0 1 connected", Malformed, "a node's address"),
        ("a 1.2.3.4:1@x master - 0 0 1 connected", Malformed, "a node's address"),
        ("a 1.2.3.4:1@2", Missing, "a node's flags"),
        ("a 1.2.3.4:1@2 master", Missing, "a replica's primary"),
        ("a 1.2.3.4:1@2 master - x 0 1 connected", Malformed, "the time of the last ping"),
        ("a 1.2.3.4:1@2 master - 0 0 99999999999999999999 connected", Malformed, "a node's config epoch"),
        ("a 1.2.3.4:1@2 master - 0 0 1 perhaps", Malformed, "a node's link state"),
        ("a 1.2.3.4:1@2 master - 0 0 1 connected 16384", BadSlot, "a node's slots"),
        ("a 1.2.3.4:1@2 master - 0 0 1 connected 9-5", BadSlot, "a node's slots"),
        ("a 1.2.3.4:1@2 master - 0 0 1 connected [5->-]", Malformed, "a node's slots"),
        ("a 1.2.3.4:1@2 master - 0 0 1 connected [5-?-b]", Malformed, "a node's slots"),
        ("a 1.2.3.4:1@2 master - 0 0 1 connected 0-5x", Malformed, "a node's slots"),
    ];
    for (bad, kind, reading) in cases {
        let text = format!("{good}\n{bad}\n{good}\n");
        let error = Topology::from_nodes(text.as_bytes(), Asked::host("h")).unwrap_err();
        assert_eq!((error.kind, error.place, error.reading), (kind, Place::Line(2), reading), "{bad}");
    }
    let error = Topology::from_nodes(b"\n\xff", Asked::host("h")).unwrap_err();
    assert_eq!(error.to_string(), "bytes that are not UTF-8 at line 2 while reading CLUSTER NODES");
}

fn id() -> impl Strategy<Value = NodeId> {
    "[0-9a-f]{40}".prop_map(|text| NodeId::new(&text))
}

fn slot() -> impl Strategy<Value = Slot> {
    (0u16..16_384).prop_map(|number| Slot::new(number).unwrap())
}

fn range() -> impl Strategy<Value = SlotRange> {
    (slot(), slot()).prop_map(|(a, b)| SlotRange::new(a.min(b), a.max(b)).unwrap())
}

fn flags() -> impl Strategy<Value = Flags> {
    let one = prop::sample::select(vec![Flags::MYSELF, Flags::PFAIL, Flags::FAIL, Flags::HANDSHAKE, Flags::NOADDR]);
    prop::collection::vec(one, 0..4).prop_map(|flags| flags.into_iter().fold(Flags::NONE, Flags::and))
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Primary), prop::option::of(id()).prop_map(|of| Role::Replica { of }), Just(Role::Unknown),]
}

prop_compose! {
    fn node()(
        id in id(),
        host in "[0-9a-z.-]{1,12}|::1|fe80::2",
        port in any::<u16>(),
        hostname in prop::option::of("[a-z0-9.-]{1,12}"),
        role in role(),
        flags in flags(),
        config_epoch in any::<u64>(),
        connected in any::<bool>(),
        slots in prop::collection::vec(range(), 0..4),
        migrating in prop::collection::vec((slot(), id()), 0..3),
        importing in prop::collection::vec((slot(), id()), 0..3),
    ) -> Node {
        let link = if connected { LinkState::Connected } else { LinkState::Disconnected };
        let known = Node::new(id, NodeAddr::new(host, port), role);
        Node { hostname, flags, config_epoch, link, slots, migrating, importing, ..known }
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(nodes in prop::collection::vec(node(), 0..6)) {
        let topology = Topology { nodes };
        prop_assert_eq!(Topology::from_nodes(topology.to_string().as_bytes(), Asked::host("h")), Ok(topology));
    }

    #[test]
    fn damage_does_no_harm(nodes in prop::collection::vec(node(), 1..3), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = Topology { nodes }.to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let _ = Topology::from_nodes(&text, Asked::host("h"));
        text.truncate(at);
        let _ = Topology::from_nodes(&text, Asked::host("h"));
    }
}
