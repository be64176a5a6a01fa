//! What cannot start says so in one sentence, with its exit code, and writes nothing.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use testbed::{Cluster, ClusterSpec, Endpoint, Server, ServerSpec};

use super::tool::{Tool, config};

/// Runs to the end: the exit code, and the sentence on standard error.
pub(super) fn sentence(config: &str) -> (i32, String) {
    end(Tool::start(config))
}

fn end(mut tool: Tool) -> (i32, String) {
    let started = Instant::now();
    let code = tool.wait();
    let log = tool.log();
    assert!(started.elapsed() < Duration::from_secs(10), "took {:?}: {log}", started.elapsed());
    let sentences: Vec<&str> = log.lines().filter(|line| line.starts_with("shake-cli: ")).collect();
    assert_eq!(sentences.len(), 1, "{log}");
    let files = written(&tool.dir());
    assert!(!files.is_empty() || !tool.dir().exists(), "no log file: {log}");
    for text in files.into_iter().chain([log.clone()]) {
        assert!(!text.contains("panicked"), "{text}");
        assert!(!text.contains("sesame"), "a password is in the log: {text}");
    }
    (code, sentences[0].to_owned())
}

/// What it has written into files.
fn written(dir: &Path) -> Vec<String> {
    let Ok(files) = fs::read_dir(dir) else { return Vec::new() };
    let paths = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    paths.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn sides_that_are_not_what_the_configuration_says() {
    let server = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let other = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let cluster = Cluster::start(ClusterSpec::new("redis-7.0").primaries(1).replicas(0)).unwrap();
    let half = Cluster::start(ClusterSpec::new("redis-7.0").primaries(1).replicas(0)).unwrap();
    half.conn(0).unwrap().call("CLUSTER DELSLOTS 5 6").unwrap();
    let mut conn = server.conn().unwrap();
    conn.call("SELECT 2").unwrap();
    conn.call("SET k v").unwrap();
    let two_ways = Server::start(ServerSpec::new("redis-7.0").option("bind", "127.0.0.1 127.0.0.2")).unwrap();
    let other_way = format!("127.0.0.2:{}", two_ways.addr().port());
    let same = config(("standalone", two_ways.addr()), ("standalone", two_ways.addr()), "").replacen(
        &two_ways.addr().to_string(),
        &other_way,
        1,
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);

    let cases = [
        (config(("cluster", server.addr()), ("standalone", other.addr()), ""), "is no node of a cluster"),
        (config(("standalone", server.addr()), ("cluster", other.addr()), ""), "is no node of a cluster"),
        (config(("cluster", &cluster), ("cluster", &half), ""), "the target cluster has no owner for slots 5-6"),
        (config(("cluster", &half), ("standalone", other.addr()), ""), "the source cluster has no owner for slots 5-6"),
        (config(("standalone", other.addr()), ("standalone", &cluster), ""), "is a node of a cluster"),
        (config(("standalone", server.addr()), ("cluster", &cluster), ""), "has keys in database 2"),
        (config(("standalone", nobody), ("cluster", &cluster), ""), "onnection refused"),
        (config(("standalone", other.addr()), ("standalone", nobody), ""), "onnection refused"),
        (same, "are the same server"),
    ];
    for (config, words) in cases {
        let (code, sentence) = sentence(&config);
        assert_eq!(code, 3, "{sentence}");
        assert!(sentence.contains(words), "{sentence} does not say: {words}");
    }
}

#[test]
fn passwords() {
    let source = Server::start(ServerSpec::new("redis-7.0").password("sesame")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let plain = config(("standalone", source.addr()), ("standalone", target.addr()), "");
    let with = |password: &str| plain.replacen("[target]", &format!("password = \"{password}\"\n[target]"), 1);
    let at_target = config(("standalone", target.addr()), ("standalone", source.addr()), "");
    let wrong_at_target = at_target.replacen("[advanced]", "password = \"open-sesame\"\n[advanced]", 1);
    let cases = [
        (plain.clone(), "NOAUTH"),
        (with("open-sesame"), "WRONGPASS"),
        (at_target, "NOAUTH"),
        (wrong_at_target, "WRONGPASS"),
    ];
    for (config, word) in cases {
        let (code, sentence) = sentence(&config);
        assert_eq!(code, 3, "{sentence}");
        assert!(sentence.contains(word) && sentence.contains(&source.addr().to_string()), "{sentence}");
    }
    let source_end = Endpoint { password: Some("sesame".to_owned()), ..Endpoint::from(source.addr()) };
    source_end.connect(source.addr()).unwrap().call("SET k v").unwrap();
    let mut tool = Tool::start(&with("sesame"));
    tool.wait_for_log("following the stream");
    testbed::wait_equal(&source_end, target.addr(), super::tool::PATIENCE).unwrap();
    assert!(!tool.log().contains("sesame"), "{}", tool.log());
    tool.end();
}

#[test]
fn files_that_cannot_be_used() {
    let server = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let other = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let password = "password = \"sesame\"\n[target]";
    let plain =
        config(("standalone", server.addr()), ("standalone", other.addr()), "").replacen("[target]", password, 1);
    let cases = [
        (plain.replace("log_interval", "log_intreval"), 2, "sync.toml:11: [advanced] log_intreval"),
        (plain.replace("log_interval = 1", "log_interval = \"often\""), 2, "sync.toml:11: [advanced] log_interval"),
        (plain.replace("password = \"sesame\"", "password = \"sesame"), 2, "sync.toml:5: "),
        // Nobody can make files there, whoever runs the tests.
        (plain.replace("{dir}", "/sys/kernel"), 2, "/sys/kernel"),
        (plain.replace("{dir}", "/sys/kernel/data"), 2, "/sys/kernel/data"),
    ];
    for (config, expected, words) in cases {
        let (code, sentence) = sentence(&config);
        assert_eq!(code, expected, "{sentence}");
        assert!(sentence.contains(words), "{sentence} does not say: {words}");
    }
    let (code, sentence) = end(Tool::start_without_file());
    assert_eq!(code, 2, "{sentence}");
    assert!(sentence.contains("missing.toml: cannot be read: No such file"), "{sentence}");
}
