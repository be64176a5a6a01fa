//! What a process uses, from `/proc`.

use std::{
    fs,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::Error;

/// What a process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time, user and system, in steps of 10 ms.
    pub cpu: Duration,
    /// The largest resident memory, in bytes.
    pub peak_rss: u64,
}

/// Reads a child's usage again and again, because its memory cannot be told after its end.
pub(super) struct Watch {
    pid: u32,
    latest: Arc<Mutex<Usage>>,
    ended: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches a child that nobody else waits for.
    pub(super) fn start(pid: u32) -> Result<Self, Error> {
        let (latest, ended) = (Arc::new(Mutex::new(Usage::default())), Arc::new(AtomicBool::new(false)));
        let reader = thread::Builder::new()
            .name("watch".to_owned())
            .spawn({
                let (latest, ended) = (Arc::clone(&latest), Arc::clone(&ended));
                move || {
                    while !ended.load(Ordering::Relaxed) {
                        update(pid, &latest);
                        thread::sleep(INTERVAL);
                    }
                }
            })
            .map_err(Error::io("start the watching thread"))?;
        Ok(Self { pid, latest, ended, reader: Some(reader) })
    }

    /// Whether the child has ended. Its final CPU time is read then: a zombie still tells it.
    pub(super) fn has_ended(&self) -> bool {
        // Once it has been waited for, its number may mean another process.
        if !self.ended.load(Ordering::Relaxed) && update(self.pid, &self.latest) {
            self.ended.store(true, Ordering::Relaxed);
        }
        self.ended.load(Ordering::Relaxed)
    }

    pub(super) fn usage(&self) -> Usage {
        self.has_ended();
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Reads the usage; whether the process has ended.
fn update(pid: u32, latest: &Mutex<Usage>) -> bool {
    let Some((state, cpu)) = fs::read_to_string(format!("/proc/{pid}/stat")).ok().and_then(|stat| parse_stat(&stat))
    else {
        return true;
    };
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
    latest.cpu = latest.cpu.max(cpu);
    latest.peak_rss = latest.peak_rss.max(parse_peak(&status).unwrap_or(0));
    state == 'Z' || state == 'X'
}

/// State and CPU time: fields 3, 14 and 15 of proc(5). The name in field 2 may hold spaces and brackets.
fn parse_stat(stat: &str) -> Option<(char, Duration)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<_> = rest.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some((fields.first()?.chars().next()?, Duration::from_millis((ticks(11)? + ticks(12)?) * MS_PER_TICK)))
}

fn parse_peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Linux tells times in hundredths of a second on every architecture (`USER_HZ`).
const MS_PER_TICK: u64 = 10;

const INTERVAL: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_may_hold_anything() {
        let stat = "12 (a) b (c) S 1 12 12 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 1 0 100 0 0";
        assert_eq!(parse_stat(stat), Some(('S', Duration::from_millis(120))));
    }

    #[test]
    fn peak_memory_is_in_kibibytes() {
        assert_eq!(parse_peak("Name:\tx\nVmHWM:\t    2048 kB\n"), Some(2 * 1024 * 1024));
    }
}
