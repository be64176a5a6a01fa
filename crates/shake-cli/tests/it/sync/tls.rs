//! Connections over TLS, and what is said when they cannot be had.

use std::net::SocketAddr;

use testbed::{Authority, Certificate, Cluster, ClusterSpec, Dataset, Load, LoadSpec, Server, ServerSpec, wait_equal};

use super::refused::sentence;
use super::tool::{PATIENCE, Tool, config, wait_until};

/// The configuration between two addresses, with these lines in both sections.
fn with_lines(kind: &str, source: SocketAddr, target: SocketAddr, lines: &str) -> String {
    let plain = config((kind, source), (kind, target), "");
    plain.replace("[target]", &format!("{lines}\n[target]")).replace("[advanced]", &format!("{lines}\n[advanced]"))
}

/// Trusts the authority, and shows the certificate.
fn mutual(certificate: &Certificate) -> String {
    let Certificate { cert, key, ca } = certificate;
    let (cert, key, ca) = (cert.display(), key.display(), ca.display());
    format!("tls = true\ntls_ca = \"{ca}\"\ntls_cert = \"{cert}\"\ntls_key = \"{key}\"")
}

fn trusting(authority: &Authority) -> String {
    format!("tls = true\ntls_ca = \"{}\"", authority.ca().display())
}

/// A copy and a stream between clusters whose nodes talk TLS to each other, too.
fn follows(server: &str, is_mutual: bool) {
    let authority = Authority::new().unwrap();
    let certificate = authority.issue(&["127.0.0.1"]).unwrap();
    let spec = || ClusterSpec::new(server).primaries(2).tls(certificate.clone(), is_mutual);
    let source = Cluster::start(spec()).unwrap();
    let target = Cluster::start(spec().primaries(3).replicas(0)).unwrap();
    Dataset::new(11).keys(20_000).fill(&source).unwrap();
    let load = Load::start(&source, LoadSpec::new(12).rate(1_000)).unwrap();
    let lines = if is_mutual { mutual(&certificate) } else { trusting(&authority) };
    let config = with_lines("cluster", source.tls_addr(0).unwrap(), target.tls_addr(0).unwrap(), &lines);
    let tool = Tool::start(&config);
    wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
    let written = load.written();
    wait_until("more writes", || load.written() > written + 3_000);
    let summary = load.stop().unwrap();
    assert!(summary.errors.is_empty(), "{:?}", summary.errors);
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    let found: Vec<_> = tool.log().lines().filter(|line| line.contains("source: 127")).map(str::to_owned).collect();
    let is_tls = |node: usize| found.iter().any(|line| line.contains(&source.tls_addr(node).unwrap().to_string()));
    assert!((0..2).all(is_tls), "nodes are not followed by their TLS ports: {found:?}");
    tool.end();
}

#[test]
fn redis_7_clusters_over_tls() {
    follows("redis-7.0", false);
}

#[test]
fn valkey_9_clusters_over_mutual_tls() {
    follows("valkey-9.1", true);
}

#[test]
#[ignore = "long: make test-long"]
fn redis_7_clusters_over_mutual_tls() {
    follows("redis-7.0", true);
}

#[test]
#[ignore = "long: make test-long"]
fn valkey_9_clusters_over_tls() {
    follows("valkey-9.1", false);
}

fn server(certificate: &Certificate, is_mutual: bool) -> Server {
    Server::start(ServerSpec::new("redis-7.0").tls(certificate.clone(), is_mutual)).unwrap()
}

#[test]
fn what_keeps_tls_from_coming_about_is_said_in_a_sentence() {
    let (authority, stranger) = (Authority::new().unwrap(), Authority::new().unwrap());
    let good = authority.issue(&["127.0.0.1"]).unwrap();
    let expired = server(&authority.issue_expired(&["127.0.0.1", "expired.example"]).unwrap(), false);
    let named = server(&authority.issue(&["redis.example"]).unwrap(), false);
    let (server, asking) = (server(&good, false), server(&good, true));
    let other = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let tls = server.tls_addr().unwrap();
    let expired = expired.tls_addr().unwrap();
    let named = named.tls_addr().unwrap();
    let asking = asking.tls_addr().unwrap();
    let trusting_it = trusting(&authority);
    let not_ours = format!("{}\ntls_server_name = \"redis.other\"", trusting(&authority));
    let strangers = mutual(&Certificate { ca: authority.ca(), ..stranger.issue(&["127.0.0.1"]).unwrap() });

    let cases: [(SocketAddr, &str, &[&str]); 10] = [
        (tls, "tls = true", &["not trusted", "tls_ca", "tls_insecure = true"]),
        (tls, &trusting(&stranger), &["not trusted", "tls_ca", "tls_insecure = true"]),
        (expired, &trusting_it, &["not valid at this time", "tls_insecure = true"]),
        (named, &trusting_it, &["another name", "redis.example", "tls_server_name"]),
        (tls, &not_ours, &["another name", "redis.other", "tls_server_name"]),
        (asking, &trusting_it, &["wants a certificate", "tls_cert and tls_key"]),
        (asking, &strangers, &["wants a certificate", "tls_cert and tls_key"]),
        (server.addr(), &trusting_it, &["in TLS on this port", "tls = false"]),
        (tls, "tls = false", &["TLS port", "set tls = true in [source]"]),
        (tls, "", &["TLS port", "set tls = true in [source]"]),
    ];
    for (address, lines, words) in cases {
        let plain = config(("standalone", address), ("standalone", other.addr()), "");
        let (code, said) = sentence(&plain.replace("[target]", &format!("{lines}\n[target]")));
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(&format!("source {address}: ")), "{said} does not name the node");
        for word in words {
            assert!(said.contains(word), "{said} does not say: {word}");
        }
        assert_eq!(other.info("db0").ok(), None, "nothing may be written");
    }
}

/// Verified by another name, or not at all; a password goes the same way.
#[test]
fn names_and_no_verification() {
    let authority = Authority::new().unwrap();
    let certificate = authority.issue(&["redis.example"]).unwrap();
    let source = Server::start(ServerSpec::new("redis-6.0").tls(certificate.clone(), false)).unwrap();
    let spec = ServerSpec::new("valkey-9.1").tls(certificate, false).password("sesame");
    let target = Server::start(spec).unwrap();
    source.conn().unwrap().call("SET k v").unwrap();
    let named = format!("{}\ntls_server_name = \"redis.example\"", trusting(&authority));
    let plain = config(("standalone", source.tls_addr().unwrap()), ("standalone", target.tls_addr().unwrap()), "");
    let insecure = "tls = true\ntls_insecure = true\npassword = \"sesame\"";
    let config = plain.replace("[target]", &format!("{named}\n[target]"));
    let mut tool = Tool::start(&config.replace("[advanced]", &format!("{insecure}\n[advanced]")));
    tool.wait_for_log("following the stream");
    source.conn().unwrap().call("SET k w").unwrap();
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    assert!(tool.log().contains("not verified"), "{}", tool.log());
    tool.end();
}
