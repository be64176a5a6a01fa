//! How far the links are, drawn on the terminal below the log lines.

mod stderr;
mod text;
mod writer;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use console::truncate_str;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::config::LogFormat;
use crate::logging::wants_colour;
use crate::meter::Meter;
use stderr::Stderr;
use text::Look;
use writer::Above;

/// The lower end of a terminal: some rows that are drawn again and again, and log lines above them.
///
/// The rows are one bar with a message of several lines, so that they are drawn in one go.
#[derive(Debug, Clone)]
pub struct Screen {
    bar: ProgressBar,
    stderr: Stderr,
    look: Look,
}

/// Rows that are drawn; dropping it takes them away.
#[derive(Debug)]
#[must_use = "the rows are taken away when it is dropped"]
pub struct Drawing {
    screen: Screen,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Screen {
    /// A screen on standard error, if somebody sees it there and the log is one for people.
    #[must_use]
    pub fn open(format: LogFormat) -> Option<Self> {
        let is_clever = std::env::var("TERM").is_ok_and(|term| term != "dumb");
        let is_seen = format == LogFormat::Text && io::stderr().is_terminal() && is_clever;
        is_seen.then(|| Self::on(Stderr::default(), wants_colour()))
    }

    fn on(stderr: Stderr, colour: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(Box::new(stderr.clone())));
        // The template is a constant; were it wrong, a bar without its message would be drawn.
        let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), stderr, look: Look { colour } }
    }

    /// Writes whole lines above the rows.
    pub(crate) fn writer(&self) -> Above {
        Above::new(self.bar.clone())
    }

    /// Draws what `meter` measures until the drawing is dropped.
    ///
    /// A thread of its own does it: a terminal that is slow, or stopped, must not hold up what else a worker has to do.
    pub fn draw(&self, meter: Arc<Meter>) -> Drawing {
        let (stop, stopped) = mpsc::channel();
        let screen = self.clone();
        self.stderr.light();
        let thread = thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                screen.show(&meter);
            }
        });
        // Where no thread can be had there are no rows.
        Drawing { screen: self.clone(), stop: Some(stop), thread: thread.ok() }
    }

    fn show(&self, meter: &Meter) {
        let (height, width) = self.stderr.size();
        let most = MOST_ROWS.min(usize::from(height.saturating_sub(ROWS_FOR_LINES)));
        let rows = text::rows(&meter.links(), most, self.look, SystemTime::now());
        let fit = |row: &String| truncate_str(row, width.into(), "...").into_owned();
        self.bar.set_message(rows.iter().map(fit).collect::<Vec<_>>().join("\n"));
    }

    /// Takes the rows away for good.
    pub fn close(&self) {
        self.bar.finish_and_clear();
        self.stderr.darken();
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to say; a panic of it was shown when it happened.
            let _ = thread.join();
        }
        self.screen.close();
    }
}

const EVERY: Duration = Duration::from_millis(250);
/// More links than this have one row for all.
const MOST_ROWS: usize = 10;
/// Rows of the terminal that are left to log lines.
const ROWS_FOR_LINES: u16 = 4;
