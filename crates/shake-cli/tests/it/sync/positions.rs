//! What `shake-cli positions` says, and whether a start does that.

use std::path::Path;

use serde_json::Value;
use testbed::{Cluster, ClusterSpec, Dataset, Server, ServerSpec, cmd, wait_equal};

use super::clusters::uneven;
use super::tool::{PATIENCE, Tool, config, run, wait_until};

/// What it answers programs.
fn json(file: &Path) -> Value {
    let (code, out, err) = run(&["positions", "--json"], file);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// What it answers people.
fn text(file: &Path) -> String {
    let (code, out, err) = run(&["positions"], file);
    assert_eq!(code, 0, "{err}");
    out
}

fn links(answer: &Value) -> &Vec<Value> {
    answer["links"].as_array().unwrap()
}

/// Two primaries that have been followed into a cluster of four, until the tool was stopped.
fn followed() -> (Cluster, Cluster, Tool) {
    let source = Cluster::start(ClusterSpec::new("redis-7.0").primaries(2).replicas(0)).unwrap();
    let target = Cluster::start(uneven("redis-7.0")).unwrap();
    Dataset::new(71).keys(2_000).fill(&source).unwrap();
    let mut tool = Tool::between_clusters(&source, &target);
    wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
    source.conn_for_key("n").unwrap().call("INCR n").unwrap();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    (source, target, tool)
}

/// The positions' keys that one node of a cluster has.
pub(super) fn position_keys(target: &Cluster, node: usize) -> Vec<String> {
    let mut conn = target.conn(node).unwrap();
    let keys = conn.call("KEYS shake:*:positions").unwrap();
    keys.items().iter().map(testbed::Value::text).collect()
}

#[test]
fn a_start_goes_on_where_it_says() {
    let (source, target, tool) = followed();
    let answer = json(tool.file());
    assert_eq!(links(&answer).len(), 2, "{answer:#}");
    let mut sources: Vec<_> = links(&answer).iter().map(|link| link["source"].as_str().unwrap().to_owned()).collect();
    sources.sort();
    let mut expected: Vec<_> = source.addrs().iter().map(ToString::to_string).collect();
    expected.sort();
    assert_eq!(sources, expected, "{answer:#}");
    for link in links(&answer) {
        assert_eq!((&link["fed_from"], &link["generation"]), (&link["source"], &Value::from(1)), "{link:#}");
        assert_eq!((&link["phase"], &link["slots_ahead"]), (&Value::from("stream"), &Value::from(0)), "{link:#}");
        let marks = link["marks"].as_array().unwrap();
        assert_eq!(marks.len(), 4, "{link:#}");
        assert!(marks.iter().all(|mark| mark["counts"] == true && mark["address"].is_string()), "{link:#}");
        assert_eq!(link["start"], serde_json::json!({ "does": "continues", "offset": link["offset"] }), "{link:#}");
        let id = source_of(&source, link).call("INFO replication").unwrap().text();
        assert!(id.contains(link["replication_ids"][0].as_str().unwrap()), "{id} {link:#}");
    }
    let page = text(tool.file());
    for link in links(&answer) {
        assert!(page.contains(&format!("from offset {}", link["offset"])), "{page}");
    }
    // Asking has changed nothing.
    assert_eq!(json(tool.file()), answer);
    let tool = tool.restart();
    wait_until("both links to go on", || tool.count_in_log("going on from there") == 2);
    for link in links(&answer) {
        let (name, offset) = (link["link"].as_str().unwrap(), &link["offset"]);
        let log = tool.log();
        assert!(
            log.lines().any(|line| line.contains(&format!("up to offset {offset}: going on")) && line.contains(name)),
            "{log}"
        );
    }
    drop(target);
    tool.end();
}

fn source_of(source: &Cluster, link: &Value) -> testbed::Conn {
    let node = source.addrs().iter().position(|addr| link["source"] == addr.to_string()).unwrap();
    source.conn(node).unwrap()
}

#[test]
fn fences_ahead_are_counted_and_void_marks_are_said() {
    let (_source, target, tool) = followed();
    let before = json(tool.file());
    let link = links(&before)[0]["link"].as_str().unwrap().to_owned();
    let of_link = |answer: &Value| links(answer).iter().find(|other| other["link"] == link).unwrap().clone();

    // As a command that must take effect once leaves it.
    let key = position_keys(&target, 0).remove(0);
    let offset = of_link(&before)["offset"].as_u64().unwrap();
    let fence = format!("1:stream:{}:0:0", offset + 100);
    target.conn(0).unwrap().call(cmd("HSET").arg(&key).arg(&link).arg(&fence)).unwrap();
    let ahead = of_link(&json(tool.file()));
    assert_eq!((&ahead["slots_ahead"], &ahead["offset"]), (&Value::from(1), &Value::from(offset)), "{ahead:#}");

    // Of a node that is not there, in a history that no node has.
    let mark = format!("{link}:mark");
    for key in position_keys(&target, 1) {
        let mut conn = target.conn(1).unwrap();
        let text = conn.call(cmd("HGET").arg(&key).arg(&mark)).unwrap().text();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        value["target"]["node"] = "gone".into();
        value["target"]["replid"] = "f".repeat(40).into();
        conn.call(cmd("HSET").arg(&key).arg(&mark).arg(value.to_string())).unwrap();
    }
    let void = of_link(&json(tool.file()));
    let gone = void["marks"].as_array().unwrap().iter().find(|mark| mark["node"] == "gone").unwrap();
    assert_eq!((&gone["counts"], &gone["address"]), (&Value::from(false), &Value::Null), "{void:#}");
    assert_eq!(void["start"]["does"], "copies", "{void:#}");
    assert_eq!(void["start"]["why"], "the target does not know how far slots 100-2000 are", "{void:#}");
    assert!(text(tool.file()).contains("copies everything: the target does not know"), "{}", text(tool.file()));
}

/// Between two servers, stopped.
fn servers(sync: &str) -> (Server, Server, Tool) {
    let source = Server::start(ServerSpec::new("valkey-8.1")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let mut tool = Tool::start(&config.replacen("[advanced]", &format!("[sync]\n{sync}\n[advanced]"), 1));
    tool.wait_for_log("following the stream");
    source.conn().unwrap().call("SET key 1").unwrap();
    let mut conn = target.conn().unwrap();
    wait_until("the key", || conn.call("GET key").unwrap().bytes().is_some());
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    (source, target, tool)
}

#[test]
fn a_source_that_is_down_or_has_forgotten_is_said() {
    let (source, _target, tool) = servers("on_history_lost = \"full-resync\"");
    source.kill().unwrap();
    let answer = json(tool.file());
    let link = &links(&answer)[0];
    assert!(answer["sources_not_asked"][0].as_str().unwrap().contains(&source.addr().to_string()), "{answer:#}");
    assert_eq!((&link["source"], &link["start"]["does"]), (&Value::Null, &Value::from("continues")), "{answer:#}");
    assert_eq!(link["fed_from"], source.addr().to_string(), "{answer:#}");
    let page = text(tool.file());
    assert!(page.contains("its link cannot be told from others"), "{page}");

    // Without persistence it comes back with another history.
    source.restart().unwrap();
    let answer = json(tool.file());
    let link = &links(&answer)[0];
    assert_eq!(link["source"], source.addr().to_string(), "{answer:#}");
    assert_eq!(link["start"]["does"], "copies", "{answer:#}");
    let tool = tool.restart();
    wait_until("the copy", || tool.count_in_log("FULL RESYNC") == 1);
    tool.end();
}

#[test]
fn what_a_start_may_not_do_is_said() {
    let (source, _target, tool) = servers("on_history_lost = \"stop\"");
    source.kill().unwrap();
    source.restart().unwrap();
    assert_eq!(links(&json(tool.file()))[0]["start"]["does"], "stops");
    let mut tool = tool.restart();
    assert_eq!(tool.wait(), 6, "{}", tool.log());
}

#[test]
fn a_target_that_knows_nothing_or_does_not_answer() {
    let source = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let folder = testbed::Scratch::new("positions").unwrap();
    let file = folder.path().join("sync.toml");
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let dir = folder.path().join("data");
    std::fs::write(&file, config.replace("{dir}", &dir.display().to_string())).unwrap();
    let page = text(&file);
    assert!(page.contains("copies everything: the target knows nothing of it"), "{page}");
    assert_eq!(target.conn().unwrap().call("DBSIZE").unwrap().integer(), Some(0));
    source.kill().unwrap();
    assert!(text(&file).contains("the target knows of no link"), "{}", text(&file));
    target.kill().unwrap();
    let (code, _, err) = run(&["positions"], &file);
    assert_eq!(code, 3, "{err}");
    assert!(!dir.exists(), "nothing is written here either");
}
