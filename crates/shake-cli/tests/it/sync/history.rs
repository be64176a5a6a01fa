//! A source that forgets where a link was.

use testbed::{Server, ServerSpec};

use super::tool::{Tool, config, wait_until};

/// A source, a target, and a link that has followed.
fn following(on_history_lost: &str, advanced: &str) -> (Server, Server, Tool) {
    let source = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let target = Server::start(ServerSpec::new("redis-7.0")).unwrap();
    let sync = format!("[sync]\non_history_lost = \"{on_history_lost}\"\n[advanced]");
    let config = config(("standalone", source.addr()), ("standalone", target.addr()), advanced);
    let mut tool = Tool::start(&config.replacen("[advanced]", &sync, 1));
    tool.wait_for_log("following the stream");
    source.conn().unwrap().call("SET before 1").unwrap();
    let mut conn = target.conn().unwrap();
    wait_until("the first key", || conn.call("GET before").unwrap().bytes() == Some(&b"1"[..]));
    (source, target, tool)
}

/// Without persistence a server comes back empty, with another history.
fn lose_history(source: &Server) {
    source.kill().unwrap();
    source.restart().unwrap();
    source.conn().unwrap().call("SET after 1").unwrap();
}

#[test]
fn stop_means_stop_with_an_exit_code_of_its_own() {
    let (source, target, mut tool) = following("stop", "");
    lose_history(&source);
    assert_eq!(tool.wait(), 6, "{}", tool.log());
    assert!(tool.log().contains("a full resync is needed"), "{}", tool.log());
    assert_eq!(target.conn().unwrap().call("EXISTS after").unwrap().integer(), Some(0));
}

#[test]
fn a_full_resync_is_said_loudly_and_followed() {
    let (source, target, tool) = following("full-resync", "");
    lose_history(&source);
    let mut conn = target.conn().unwrap();
    wait_until("the key of the new history", || conn.call("GET after").unwrap().bytes() == Some(&b"1"[..]));
    source.conn().unwrap().call("INCR after").unwrap();
    wait_until("the stream of the new history", || conn.call("GET after").unwrap().bytes() == Some(&b"2"[..]));
    assert_eq!(tool.count_in_log("FULL RESYNC: "), 1, "{}", tool.log());
    tool.end();
}

/// What the first copy wrote would be taken for the target's own, and kept, although the source has changed it since.
#[test]
fn nothing_is_copied_again_where_keys_are_kept() {
    let (source, target, mut tool) = following("full-resync", "rdb_restore_command_behavior = \"skip\"");
    lose_history(&source);
    source.conn().unwrap().call("SET before 2").unwrap();
    assert_eq!(tool.wait(), 6, "{}", tool.log());
    assert_eq!(target.conn().unwrap().call("GET before").unwrap().bytes(), Some(&b"1"[..]));
}
