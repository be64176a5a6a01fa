//! What it costs that every command takes effect once: the same commands with `delivery` one way and the other.
//!
//! ```text
//! cargo build --release -p shake-cli
//! cargo bench -p benches --bench delivery -- [commands: 1000000] [server: redis-7.0]
//! ```
//!
//! Writers, source, target and the tool share the machine: compare the CPU seconds, and the rates of one table.
#![allow(clippy::indexing_slicing)]
// Indices come from the cluster's own constants, not from the wire.

mod load;

use std::{
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use benches::tool::{self, Tool};
use load::{Kind, write};
use testbed::{Cluster, ClusterSpec, Error, Router};

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("delivery: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Error> {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let commands = args.next().map_or(Ok(1_000_000), |text| text.parse());
    let commands: u64 = commands.map_err(|_| Error::Usage("the first argument is a number of commands".to_owned()))?;
    let server = args.next().unwrap_or_else(|| "redis-7.0".to_owned());
    let program = tool::find()?;
    println!("{commands} commands each; 3 primaries of {server} on each side\n");
    println!("| commands | delivery | applied/s | target CPU us per command | tool CPU s per million |");
    println!("| --- | --- | --- | --- | --- |");
    for kind in [Kind::Set, Kind::Incr, Kind::Mixed] {
        for delivery in ["at-least-once", "exactly-once"] {
            let figures = run(&program, &server, kind, delivery, commands)?;
            println!("| {} | {delivery} | {figures} |", kind.name());
        }
    }
    Ok(())
}

/// The writers go ahead of the tool while it is stopped, so that they are no limit.
fn run(program: &PathBuf, server: &str, kind: Kind, delivery: &str, commands: u64) -> Result<String, Error> {
    let spec = ClusterSpec::new(server).primaries(3).replicas(0).option("repl-backlog-size", "1gb");
    let spec = spec.option("client-output-buffer-limit", "replica 0 0 0");
    let (source, target) = (Cluster::start(spec.clone())?, Cluster::start(spec)?);
    let mut tool = Tool::start_with(program, &source, &target, &format!("[sync]\ndelivery = \"{delivery}\"\n"))?;
    let (mut writing, mut reading) = (Router::connect(&source)?, Router::connect(&target)?);
    mark(&mut writing, &mut reading, &mut tool, 0)?;
    tool.signal("STOP")?;
    write(&writing, kind, commands)?;
    let (server_before, tool_before) = (cpu(&target)?, tool.usage()?.cpu);
    let begun = Instant::now();
    tool.signal("CONT")?;
    mark(&mut writing, &mut reading, &mut tool, 1)?;
    let wall = begun.elapsed();
    let (server_cpu, tool_cpu) = (cpu(&target)? - server_before, tool.usage()?.cpu - tool_before);
    tool.stop()?;
    let count = commands as f64;
    let rate = count / wall.as_secs_f64() / 1000.0;
    let (each, million) = (server_cpu * 1e6 / count, tool_cpu.as_secs_f64() * 1e6 / count);
    Ok(format!("{rate:.0} k | {each:.2} | {million:.2}"))
}

/// Waits until a key set last at each primary is at the target.
fn mark(source: &mut Router, target: &mut Router, tool: &mut Tool, number: u64) -> Result<(), Error> {
    let keys = load::marks(source, number)?;
    for (addr, key) in &keys {
        source.conn(*addr)?.call(["SET", key, "there"])?;
    }
    let deadline = Instant::now() + PATIENCE;
    for (_, key) in &keys {
        while target.call(key, ["EXISTS", key])?.integer() != Some(1) {
            tool.usage()?;
            if Instant::now() > deadline {
                return Err(Error::Timeout(format!("{key} at the target")));
            }
            thread::sleep(POLL);
        }
    }
    Ok(())
}

/// CPU seconds of all nodes.
fn cpu(cluster: &Cluster) -> Result<f64, Error> {
    let mut total = 0.0;
    for node in cluster.primaries()? {
        for field in ["used_cpu_user", "used_cpu_sys"] {
            total += cluster.info(node, field)?.parse::<f64>().unwrap_or_default();
        }
    }
    Ok(total)
}

const PATIENCE: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(5);
