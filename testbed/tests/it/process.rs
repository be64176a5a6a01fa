//! Programs under test.

use std::{thread, time::Duration};

use testbed::{Error, Process, ProcessSpec, Random, Scratch, find_binary};

#[test]
fn output_exit_code_and_signals() -> Result<(), Error> {
    let mut process = shell("echo begun; trap 'echo told; exit 7' TERM; while :; do sleep 0.01; done")?;
    process.wait_for_log("begun", SOON)?;
    assert_eq!(process.try_wait()?, None);
    assert_eq!(process.terminate(SOON)?.code(), Some(7));
    assert!(process.log()?.ends_with("told\n"));

    let mut process = shell("echo begun; exec sleep 100")?;
    process.wait_for_log("begun", SOON)?;
    assert_eq!(process.kill()?.code(), None);
    Ok(())
}

#[test]
fn killed_at_random_and_started_again() -> Result<(), Error> {
    let folder = Scratch::new("restart")?;
    let data = folder.path().join("data");
    let script =
        format!("mkdir -p {0}; cat {0}/kept; echo kept > {0}/kept; echo begun; exec sleep 100", data.display());
    let mut process = shell(&script)?;
    let mut random = Random::new(1);
    for life in 1..=3 {
        while process.log()?.matches("begun").count() < life {
            thread::yield_now();
        }
        assert!(process.restart().is_err(), "it runs");
        assert!(process.kill_within(Duration::from_millis(20), &mut random)? < Duration::from_millis(20));
        match life {
            1 => process.restart()?,
            2 => process.restart_without(&data)?,
            _ => {}
        }
    }
    let kept: Vec<_> = process.log()?.lines().filter(|line| *line == "kept").map(str::to_owned).collect();
    assert_eq!(kept.len(), 1, "{}", process.log()?);
    Ok(())
}

#[test]
fn a_line_that_never_comes_is_an_error_with_the_output() -> Result<(), Error> {
    let error = shell("echo something else")?.wait_for_log("wanted", SOON).expect_err("it was never written");
    assert!(error.to_string().contains("something else"), "{error}");
    Ok(())
}

#[test]
fn usage_is_known_after_the_end() -> Result<(), Error> {
    let mut process = shell("i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done")?;
    process.wait(SOON)?;
    let usage = process.usage();
    assert!(usage.cpu >= Duration::from_millis(20), "{usage:?}");
    assert!(usage.peak_rss > 100_000, "{usage:?}");
    Ok(())
}

#[test]
fn a_binary_that_is_not_built_is_an_error() {
    let error = find_binary("no-such-program").expect_err("there is no such program");
    assert!(error.to_string().contains("cargo build"), "{error}");
}

fn shell(script: &str) -> Result<Process, Error> {
    Process::start(&ProcessSpec::new("/bin/sh").arg("-c").arg(script))
}

const SOON: Duration = Duration::from_secs(10);
