//! What `shake-cli forget` removes, and when it does not.

use std::path::Path;

use testbed::{Cluster, ClusterSpec, Dataset, Process, ProcessSpec, cmd, wait_equal};

use super::clusters::uneven;
use super::positions::position_keys;
use super::tool::{PATIENCE, Tool, run, wait_until};

/// Two primaries that are followed into a cluster of four.
fn following() -> (Cluster, Cluster, Tool) {
    let source = Cluster::start(ClusterSpec::new("redis-7.0").primaries(2).replicas(0)).unwrap();
    let target = Cluster::start(uneven("redis-7.0")).unwrap();
    Dataset::new(72).keys(2_000).fill(&source).unwrap();
    let tool = Tool::between_clusters(&source, &target);
    wait_until("both links to follow", || tool.count_in_log("following the stream") == 2);
    for n in 0..100 {
        source.conn_for_key(format!("n{n}")).unwrap().call(cmd("INCR").arg(format!("n{n}"))).unwrap();
    }
    wait_equal(&source, &target, PATIENCE).unwrap_or_else(|error| panic!("{error}\n{}", tool.log()));
    (source, target, tool)
}

fn all_position_keys(target: &Cluster) -> usize {
    (0..target.addrs().len()).map(|node| position_keys(target, node).len()).sum()
}

fn forget(args: &[&str], file: &Path) -> (i32, String, String) {
    run(&[&["forget"], args].concat(), file)
}

#[test]
fn not_while_a_process_follows_and_not_without_yes() {
    let (source, target, mut tool) = following();
    for args in [&["--yes"][..], &["--yes", "--all"]] {
        let (code, out, err) = forget(args, tool.file());
        assert_eq!(code, 3, "{out}{err}");
        assert!(err.contains("a process at 127.0.0.1:") && err.contains("follows shake:"), "{err}");
    }
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    let before = all_position_keys(&target);
    // Two links, four nodes, three marks at most; and a fence for most of the numbers.
    assert!(before > 50, "{before}");
    let (code, out, err) = forget(&[], tool.file());
    assert_eq!(code, 2, "{out}{err}");
    assert!(out.contains("to be removed from the target:") && err.contains("--yes"), "{out}{err}");
    assert_eq!(all_position_keys(&target), before);
    // Whose links they are only the sources tell.
    source.kill(0).unwrap();
    let (code, out, err) = forget(&["--yes"], tool.file());
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("--all"), "{err}");
    assert_eq!(all_position_keys(&target), before);
}

#[test]
fn the_fields_of_this_configurations_links_and_no_others() {
    let (_source, target, mut tool) = following();
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    let key = position_keys(&target, 0).remove(0);
    target.conn(0).unwrap().call(cmd("HSET").arg(&key).arg("another").arg("1:stream:5:0:0")).unwrap();
    let (code, out, err) = forget(&["--yes"], tool.file());
    assert_eq!(code, 0, "{out}{err}");
    let removed = out.lines().skip_while(|line| *line != "removed:").filter(|line| line.contains("link ")).count();
    assert_eq!(removed, 2, "{out}");
    assert_eq!(all_position_keys(&target), 1, "{out}");
    assert_eq!(target.conn(0).unwrap().call(cmd("HKEYS").arg(&key)).unwrap().items()[0].text(), "another");
    let (code, out, _) = forget(&["--yes"], tool.file());
    assert_eq!((code, out.as_str()), (0, "the target keeps nothing to remove\n"));
    // What was copied has stayed, and what comes next is a first copy.
    assert!(target.conn_for_key("n1").unwrap().call("GET n1").unwrap().bytes().is_some());
    let tool = tool.restart();
    wait_until("both copies", || tool.count_in_log("following the stream") == 2);
    assert_eq!(tool.count_in_log("going on from there"), 0, "{}", tool.log());
    tool.end();
}

#[test]
fn all_reserved_keys_whatever_the_sources_say() {
    let (source, target, mut tool) = following();
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    source.kill(0).unwrap();
    source.kill(1).unwrap();
    for key in ["shake:{foo}:building:x", "shake:{bar}:making:y"] {
        target.conn_for_key(key).unwrap().call(cmd("RPUSH").arg(key).arg("part")).unwrap();
    }
    target.conn_for_key("shaken").unwrap().call("SET shaken 1").unwrap();
    let (code, out, err) = forget(&["--all", "--yes"], tool.file());
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("database 0: 2 other keys"), "{out}");
    for node in 0..target.addrs().len() {
        assert!(target.conn(node).unwrap().call("KEYS shake:*").unwrap().items().is_empty());
    }
    assert!(target.conn_for_key("shaken").unwrap().call("GET shaken").unwrap().bytes().is_some());
}

#[test]
fn what_has_moved_with_its_slot_is_removed_there() {
    let (_source, target, mut tool) = following();
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    let slot = testbed::slot_of(position_keys(&target, 0)[0].as_bytes());
    let before = position_keys(&target, 1).len();
    target.begin_move(slot, 0, 1).unwrap();
    while target.migrate_keys(slot, 0, 1, 100).unwrap() > 0 {}
    assert_eq!(position_keys(&target, 1).len(), before + 1);
    let (code, out, err) = forget(&["--yes"], tool.file());
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(all_position_keys(&target), 0, "{out}");
}

/// Answers the question on a pseudo terminal.
fn answer(answer: &str, file: &Path) -> String {
    let tool = env!("CARGO_BIN_EXE_shake-cli");
    let command = format!("echo {answer} | script -qefc \"'{tool}' forget '{}'\" /dev/null", file.display());
    let spec = ProcessSpec::new("sh").arg("-c").arg(command).env("SHELL", "/bin/sh");
    let mut process = Process::start(&spec).unwrap();
    let status = process.wait(PATIENCE).unwrap();
    let log = process.log().unwrap();
    assert!(status.success(), "{log}");
    log
}

#[test]
fn a_terminal_is_asked() {
    let (_source, target, mut tool) = following();
    assert_eq!(tool.terminate(), 0, "{}", tool.log());
    let before = all_position_keys(&target);
    let said = answer("n", tool.file());
    assert!(said.contains("Remove? [y/N]") && said.contains("nothing was removed"), "{said}");
    assert_eq!(all_position_keys(&target), before);
    let said = answer("y", tool.file());
    assert!(said.contains("removed:"), "{said}");
    assert_eq!(all_position_keys(&target), 0);
}
