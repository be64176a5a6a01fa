//! What `make demo` runs: two real clusters, kept in step by `shake-cli` while writes go on.

mod echo;
mod probe;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use testbed::{
    Cluster, ClusterSpec, Dataset, Error, Load, LoadSpec, Process, ProcessSpec, Scratch, find_binary, wait_equal,
};

use self::{echo::Echo, probe::probe};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let begun = Instant::now();
    let shake_cli = find_binary("shake-cli")?;
    let (a, b) = start_clusters()?;
    let filled = Dataset::new(SEED).keys(KEYS).fill(&a)?;
    println!("Cluster A holds {} keys of all types ({:.1} s).", filled.keys, filled.elapsed.as_secs_f64());

    let scratch = Scratch::new("demo")?;
    let config = write_config(scratch.path(), &a, &b)?;
    println!("\n$ shake-cli sync.toml");
    println!("{}", indent(&fs::read_to_string(&config).map_err(Error::io("read the configuration"))?));
    let load = Load::start(&a, LoadSpec::new(SEED).rate(RATE))?;
    println!("Applications begin to write to A: {RATE} operations per second of every kind.\n");
    let mut tool = Process::start(&ProcessSpec::new(shake_cli).arg(&config).folder(scratch.path()))?;
    let echo = Echo::start(tool.log_path());

    let lags = probe(&a, &b, || running(&mut tool))?;
    let summary = load.stop()?;
    println!("\nThe writes stop. Comparing A and B key by key ...");
    let stopped = Instant::now();
    let diff = wait_equal(&a, &b, EQUAL_TIMEOUT)?;
    let equal_after = stopped.elapsed();
    let status = tool.terminate(END_TIMEOUT)?;
    drop(echo);
    if status.code() != Some(0) {
        return Err(Error::Usage(format!("shake-cli ended with {status} when it was asked to end")));
    }

    println!("\nA and B are equal: {} keys, each with its type, value and expiry.", diff.keys);
    println!("  written meanwhile   {summary}");
    println!("  a write reached B   after {} (median), {} at most", ms(median(&lags)), ms(lags.last().copied()));
    println!("  seen equal          {:.1} s after the last write, the comparison included", equal_after.as_secs_f64());
    let usage = tool.usage();
    println!("  shake-cli used      {:.1} s of CPU, {} MiB at most", usage.cpu.as_secs_f64(), usage.peak_rss >> 20);
    drop((a, b, scratch));
    println!("Done in {:.0} s; nothing is left running.", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Both at once; the slots of B lie elsewhere than those of A.
fn start_clusters() -> Result<(Cluster, Cluster), Error> {
    println!("Starting two clusters of 3 primaries and 3 replicas ...");
    let layout = vec![vec![0..=8_999], vec![9_000..=9_999, 12_000..=16_383], vec![10_000..=11_999]];
    let spec_b = ClusterSpec::new("any").slots(layout);
    let (a, b) = thread::scope(|scope| {
        let a = scope.spawn(|| Cluster::start(ClusterSpec::new("any")));
        let b = Cluster::start(spec_b);
        (a.join().map_err(|_| Error::Usage("the starting thread panicked".to_owned())), b)
    });
    let (a, b) = (a??, b?);
    println!("Cluster A answers on {}, cluster B on {}.", a.addr(0)?, b.addr(0)?);
    Ok((a, b))
}

fn write_config(folder: &Path, a: &Cluster, b: &Cluster) -> Result<PathBuf, Error> {
    let work = folder.join("work");
    fs::create_dir_all(&work).map_err(Error::io("create the working folder"))?;
    let text = format!(
        "type = \"sync\"\n\n[source]\ntype = \"cluster\"\naddress = \"{}\"\n\n\
         [target]\ntype = \"cluster\"\naddress = \"{}\"\n\n[advanced]\ndir = \"{}\"\nlog_interval = 1\n",
        a.addr(0)?,
        b.addr(0)?,
        work.display()
    );
    let path = folder.join("sync.toml");
    fs::write(&path, text).map_err(Error::io("write the configuration"))?;
    Ok(path)
}

fn running(tool: &mut Process) -> Result<(), Error> {
    match tool.try_wait()? {
        None => Ok(()),
        Some(status) => Err(Error::Usage(format!("shake-cli ended by itself: {status}\n{}", tool.log()?))),
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

fn median(sorted: &[Duration]) -> Option<Duration> {
    sorted.get(sorted.len() / 2).copied()
}

fn ms(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "no time".to_owned(), |duration| format!("{:.1} ms", duration.as_secs_f64() * 1_000.0))
}

const SEED: u64 = 2026;
const KEYS: usize = 20_000;
const RATE: u64 = 1_000;
const EQUAL_TIMEOUT: Duration = Duration::from_secs(30);
const END_TIMEOUT: Duration = Duration::from_secs(15);
