//! The tool's own lines, as they come.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Prints what is added to a file, line by line, until it is dropped.
pub(crate) struct Echo {
    stop: Arc<AtomicBool>,
    printer: Option<JoinHandle<()>>,
}

impl Echo {
    pub(crate) fn start(path: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let printer = File::open(path).ok().map(|file| {
            let stop = Arc::clone(&stop);
            thread::spawn(move || follow(BufReader::new(file), &stop))
        });
        Self { stop, printer }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(printer) = self.printer.take() {
            let _ = printer.join();
        }
    }
}

fn follow(mut file: impl BufRead, stop: &AtomicBool) {
    let mut line = String::new();
    loop {
        // Asked before reading: the last lines are printed too.
        let stopped = stop.load(Ordering::Relaxed);
        while file.read_line(&mut line).is_ok_and(|length| length > 0) {
            // A line may be caught half written: the rest comes with the next read.
            if line.ends_with('\n') {
                print!("  shake-cli | {line}");
                line.clear();
            }
        }
        if stopped {
            return;
        }
        thread::sleep(INTERVAL);
    }
}

const INTERVAL: Duration = Duration::from_millis(50);
