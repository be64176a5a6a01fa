//! Nothing may stay behind: no process, no folder.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use testbed::{Cluster, ClusterSpec, Error, Server, ServerSpec};

use crate::OLD;

#[test]
fn a_dropped_cluster_leaves_nothing() -> Result<(), Error> {
    let cluster = Cluster::start(ClusterSpec::new(OLD).primaries(1).replicas(1))?;
    let (pids, folder) = traces(&cluster)?;
    assert!(pids.iter().all(|&pid| is_alive(pid)) && folder.is_dir());
    drop(cluster);
    assert!(!pids.iter().any(|&pid| is_alive(pid)));
    assert!(!folder.exists());
    Ok(())
}

/// Runs itself as a child that starts a cluster and waits, and kills that child.
#[test]
fn a_killed_test_process_leaves_nothing() -> Result<(), Error> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "leftovers::holds_a_cluster_until_killed", "--ignored", "--nocapture"])
        .env(VICTIM, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines
        .find_map(|line| line.split_once("holding ").map(|(_, rest)| rest.to_owned()))
        .expect("the child starts a cluster");
    let mut words = line.split(' ');
    let folder = PathBuf::from(words.next().unwrap());
    let pids: Vec<u32> = words.map(|word| word.parse().unwrap()).collect();
    assert!(pids.len() == 2 && pids.iter().all(|&pid| is_alive(pid)));

    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("the servers to be gone", || !pids.iter().any(|&pid| is_alive(pid)));
    wait_until("the folder to be gone", || !folder.exists());
    Ok(())
}

#[test]
#[ignore = "the victim of another test"]
fn holds_a_cluster_until_killed() -> Result<(), Error> {
    if std::env::var_os(VICTIM).is_none() {
        // Nobody is there to kill it.
        return Ok(());
    }
    let cluster = Cluster::start(ClusterSpec::new(OLD).primaries(1).replicas(1))?;
    let (pids, folder) = traces(&cluster)?;
    let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
    println!("holding {} {}", folder.display(), pids.join(" "));
    // Ends when the test that started this process closes the pipe, should it fail to kill it.
    std::io::stdin().read_line(&mut String::new()).unwrap();
    Ok(())
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let error = Server::start(ServerSpec::new(OLD).option("no-such-option", "1")).err().expect("it must not start");
    assert!(error.to_string().contains("no-such-option"), "{error}");
}

#[test]
fn a_server_restarts_on_its_port() -> Result<(), Error> {
    let server = Server::start(ServerSpec::new("any"))?;
    server.conn()?.call("SET key value")?;
    server.conn()?.call("SAVE")?;
    server.kill()?;
    assert!(server.conn().is_err());
    server.restart()?;
    assert_eq!(server.conn()?.call("GET key")?.text(), "value");
    Ok(())
}

fn traces(cluster: &Cluster) -> Result<(Vec<u32>, PathBuf), Error> {
    let pids = (0..2).map(|node| cluster.pid(node).map(Option::unwrap)).collect::<Result<_, _>>()?;
    Ok((pids, cluster.folder(0)?.parent().unwrap().to_owned()))
}

/// Whether the process runs; a zombie does not.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "timed out waiting for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Tells a child that it is the victim, and not run by hand or with all ignored tests.
const VICTIM: &str = "TESTBED_VICTIM";
