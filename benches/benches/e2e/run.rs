//! One run: fill the source, copy it, then write on while the tool follows.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use benches::tool::Tool;
use testbed::{Cluster, ClusterSpec, Error, Router};

use crate::{
    arguments::Arguments,
    figures::{FullSync, Run, Stream},
    writers,
};

/// Starts both clusters, measures, and stops everything.
///
/// # Errors
/// When a server or the tool fails, or the target does not get all keys in time.
pub(crate) fn run(program: &PathBuf, arguments: &Arguments) -> Result<Run, Error> {
    let spec = ClusterSpec::new(&arguments.server).primaries(3).replicas(0).option("repl-diskless-sync", "yes");
    let (source, target) = (Cluster::start(spec.clone())?, Cluster::start(spec)?);
    let writing = Router::connect(&source)?;
    writers::write(&writing, 0..arguments.keys)?;
    let mut reading = Router::connect(&target)?;
    let started = Instant::now();
    let mut tool = Tool::start(program, &source, &target)?;
    let full_sync = full_sync(&mut tool, &mut reading, started, arguments.keys)?;
    let stream = stream(&mut tool, &writing, &mut reading, arguments.keys)?;
    check(&mut reading, arguments.keys * 2)?;
    tool.stop()?;
    Ok(Run { full_sync, stream })
}

fn full_sync(tool: &mut Tool, target: &mut Router, started: Instant, keys: u64) -> Result<FullSync, Error> {
    wait_for_keys(tool, target, keys)?;
    let wall = started.elapsed();
    let usage = tool.usage()?;
    Ok(FullSync { keys, wall, cpu: usage.cpu, peak_rss: usage.peak_rss })
}

fn stream(tool: &mut Tool, source: &Router, target: &mut Router, commands: u64) -> Result<Stream, Error> {
    let before = tool.usage()?;
    let started = Instant::now();
    writers::write(source, commands..commands * 2)?;
    let written = started.elapsed();
    // New keys, so that their number tells how many commands have been applied.
    wait_for_keys(tool, target, commands * 2)?;
    let drain = started.elapsed() - written;
    let after = tool.usage()?;
    Ok(Stream { commands, written, drain, cpu: after.cpu - before.cpu, peak_rss: after.peak_rss })
}

fn wait_for_keys(tool: &mut Tool, target: &mut Router, keys: u64) -> Result<(), Error> {
    let deadline = Instant::now() + PATIENCE + PATIENCE_FOR_A_KEY * u32::try_from(keys).unwrap_or(u32::MAX);
    loop {
        let there = count(target)?;
        if there >= keys {
            return Ok(());
        }
        tool.usage()?;
        if Instant::now() > deadline {
            return Err(Error::Timeout(format!("{keys} keys at the target, which has {there}")));
        }
        thread::sleep(POLL);
    }
}

fn count(target: &mut Router) -> Result<u64, Error> {
    let mut keys = 0;
    for addr in target.primaries() {
        let size = target.conn(addr)?.call("DBSIZE")?.integer();
        keys += size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    }
    Ok(keys)
}

/// Figures count only if the data is there: looks at every so-manieth key, and at the last.
fn check(target: &mut Router, keys: u64) -> Result<(), Error> {
    let step = usize::try_from((keys / SAMPLES).max(1)).unwrap_or(usize::MAX);
    for number in (0..keys).step_by(step).chain([keys - 1]) {
        let key = writers::key(number);
        let found = target.call(&key, ["GET", &key])?;
        if found.bytes() != Some(writers::value(number).as_bytes()) {
            return Err(Error::Protocol(format!("the target holds {found:?} as {key}")));
        }
    }
    Ok(())
}

/// How long the keys may take: a minute, and another one for each million.
const PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE_FOR_A_KEY: Duration = Duration::from_micros(60);
const POLL: Duration = Duration::from_millis(10);
const SAMPLES: u64 = 1_000;
