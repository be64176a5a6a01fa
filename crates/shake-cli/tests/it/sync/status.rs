//! The state of a sync, as it is served over HTTP.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::{Cluster, ClusterSpec, Dataset, Server, ServerSpec};

use super::refused::sentence;
use super::tool::{Tool, config, wait_until};

/// Where the status of a tool is served.
struct Page(SocketAddr);

impl Page {
    /// On a port that was free a moment ago.
    fn free() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
    }

    fn port(&self) -> u16 {
        self.0.port()
    }

    /// Code and body; code 0 while nobody listens.
    fn ask(&self, path: &str) -> (u16, String) {
        let Ok(mut stream) = TcpStream::connect(self.0) else { return (0, String::new()) };
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn json(&self, path: &str) -> Value {
        let (code, body) = self.ask(path);
        assert_eq!(code, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Every series of `/metrics` with its value; none comes twice.
    fn series(&self) -> HashMap<String, f64> {
        let (code, body) = self.ask("/metrics");
        assert_eq!(code, 200, "{body}");
        let mut series = HashMap::new();
        for line in body.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(series.insert(name.to_owned(), value.parse().unwrap()).is_none(), "twice: {line}");
        }
        series
    }

    fn wait_ready(&self) {
        wait_until("the tool to be ready", || self.ask("/readyz").0 == 200);
    }
}

fn server() -> Server {
    Server::start(ServerSpec::new("redis-7.0")).unwrap()
}

fn between(source: &Server, target: &Server, advanced: &str) -> String {
    config(("standalone", source.addr()), ("standalone", target.addr()), advanced)
}

/// The names of v3's fields, in its order (its `internal/statistics/statistics.go`).
const V3: [&str; 15] = [
    "address",
    "entry_id",
    "allow_entries_count",
    "disallow_entries_count",
    "is_doing_bgsave",
    "rdb_file_size",
    "rdb_received_size",
    "rdb_send_size",
    "aof_received_offset",
    "aof_applied_offset",
    "in_queue_entries_count",
    "unanswered_bytes_count",
    "scan_db_id",
    "scan_cursor",
    "msg",
];

#[test]
fn what_is_served_is_what_the_servers_say() {
    let (source, target) = (server(), server());
    let keys = Dataset::new(7).keys(500).fill(&source).unwrap().keys as u64;
    let (page, v3) = (Page::free(), Page::free());
    let advanced = format!("status_port = {}\nmetrics_port = {}", page.port(), v3.port());
    let tool = Tool::start(&between(&source, &target, &advanced));
    page.wait_ready();
    let mut conn = source.conn().unwrap();
    for i in 0..100 {
        conn.call(testbed::cmd("SET").arg(format!("later{i}")).arg("x")).unwrap();
    }
    let offset = || source.info("master_repl_offset").unwrap().parse::<u64>().unwrap();
    wait_until("everything to be confirmed", || page.json("/status")["links"][0]["confirmed_offset"] == offset());

    let status = page.json("/status");
    let link = &status["links"][0];
    assert_eq!(status["ready"], true, "{status}");
    assert_eq!(link["source"], source.addr().to_string());
    assert_eq!(
        (&link["state"], &link["connected"], &link["full_resyncs"]),
        (&"stream".into(), &true.into(), &1.into())
    );
    assert_eq!((&link["snapshot"]["keys"], &link["commands"]), (&keys.into(), &100.into()), "{status}");
    assert_eq!((&link["behind_bytes"], &link["unconfirmed_commands"]), (&0.into(), &0.into()), "{status}");
    assert_eq!(link["snapshot"]["received_bytes"], link["snapshot"]["applied_bytes"], "{status}");

    let series = page.series();
    let of_link = |name: &str| series[&format!("shake_link_{name}{{source=\"{}\"}}", source.addr())];
    assert_eq!((of_link("keys_total"), of_link("commands_total")), (keys as f64, 100.0));
    assert_eq!((of_link("connected"), of_link("full_resyncs_total"), series["shake_ready"]), (1.0, 1.0, 1.0));
    let confirmed = of_link("confirmed_offset_bytes");
    assert!(confirmed >= link["confirmed_offset"].as_f64().unwrap() && confirmed <= offset() as f64);

    let (_, body) = v3.ask("/");
    let at = V3.map(|name| body.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name} in {body}")));
    assert!(at.is_sorted() && body.matches("\":").count() == V3.len(), "{body}");
    let metrics: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(metrics["address"], source.addr().to_string());
    assert_eq!(metrics["allow_entries_count"], keys + 100);
    assert_eq!(metrics["aof_received_offset"], metrics["aof_applied_offset"]);
    assert!(metrics["msg"].as_str().unwrap().starts_with("syncing aof. allowOps=["), "{body}");
    assert_eq!((page.ask("/healthz").0, v3.ask("/nowhere").0), (200, 404));
    assert_eq!(tool.count_in_log("status served at"), 1, "{}", tool.log());
    tool.end();
}

#[test]
fn a_target_that_is_full_is_seen_until_it_has_room() {
    let (source, target) = (server(), server());
    let page = Page::free();
    let tool = Tool::start(&between(&source, &target, &format!("status_port = {}", page.port())));
    page.wait_ready();
    target.conn().unwrap().call("CONFIG SET maxmemory 1").unwrap();
    source.conn().unwrap().call("SET k v").unwrap();
    wait_until("the tool to hold", || page.ask("/readyz").0 == 503);
    let (_, why) = page.ask("/readyz");
    assert!(why.contains("holding") && why.contains("OOM"), "{why}");
    wait_until("a second to pass", || page.json("/status")["links"][0]["holding"]["seconds"].as_f64() > Some(1.0));
    let link = &page.json("/status")["links"][0];
    assert_eq!(link["holds"], 1, "{link}");
    // Besides the command, there may be some by which the target is told how far it is.
    assert!(link["unconfirmed_commands"].as_u64() >= Some(1), "{link}");
    assert!(link["holding"]["reason"].as_str().unwrap().contains("OOM"), "{link}");
    let holding = format!("shake_link_holding_seconds{{source=\"{}\"}}", source.addr());
    assert!(page.series()[&holding] > 1.0);
    assert_eq!(page.ask("/healthz").0, 200, "it is alive all the same");
    target.conn().unwrap().call("CONFIG SET maxmemory 0").unwrap();
    page.wait_ready();
    assert_eq!(page.series()[&holding], 0.0);
    tool.end();
}

#[test]
fn the_links_of_a_cluster_are_summed_up_for_v3() {
    let cluster = |n| Cluster::start(ClusterSpec::new("redis-7.0").primaries(n).replicas(0)).unwrap();
    let (source, target) = (cluster(3), cluster(1));
    let keys = Dataset::new(8).keys(300).fill(&source).unwrap().keys;
    let page = Page::free();
    let advanced = format!("metrics_port = {}", page.port());
    let tool = Tool::start(&config(("cluster", &source), ("cluster", &target), &advanced));
    page.wait_ready();
    let metrics = page.json("/");
    let links = metrics["links"].as_array().unwrap();
    assert_eq!(links.len(), 3, "{metrics}");
    assert_eq!(metrics["allow_entries_count"], keys, "{metrics}");
    for field in ["allow_entries_count", "rdb_file_size", "rdb_send_size", "aof_received_offset"] {
        let sum: u64 = links.iter().map(|link| link[field].as_u64().unwrap()).sum();
        assert_eq!(metrics[field], sum, "{field}: {metrics}");
    }
    let mut nodes: Vec<_> = links.iter().map(|link| link["address"].as_str().unwrap().to_owned()).collect();
    let mut expected: Vec<_> = source.addrs().iter().map(ToString::to_string).collect();
    nodes.sort();
    expected.sort();
    assert_eq!(nodes, expected);
    assert_eq!(page.series()["shake_links"], 3.0);
    tool.end();
}

#[test]
fn a_port_in_use_ends_it_before_anything_is_written() {
    let (source, target) = (server(), server());
    source.conn().unwrap().call("SET k v").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let begun = Instant::now();
    let (code, sentence) = sentence(&between(&source, &target, &format!("metrics_port = {port}")));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(code, 3, "{sentence}");
    assert!(sentence.contains(&format!("127.0.0.1:{port}")) && sentence.contains("metrics_port"), "{sentence}");
    assert_eq!(target.conn().unwrap().call("DBSIZE").unwrap().integer(), Some(0));
}

#[test]
fn only_this_machine_is_answered_unless_the_configuration_says_otherwise() {
    let (source, target) = (server(), server());
    let other_way = |page: &Page| Page(SocketAddr::new(IpAddr::from([127, 0, 0, 2]), page.port()));
    for (address, reachable) in [("", false), ("status_address = \"0.0.0.0\"\n", true)] {
        let page = Page::free();
        let tool = Tool::start(&between(&source, &target, &format!("{address}status_port = {}", page.port())));
        page.wait_ready();
        assert_eq!(other_way(&page).ask("/healthz").0, if reachable { 200 } else { 0 }, "{address}");
        tool.end();
    }
}
