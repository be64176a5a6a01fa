//! Where log lines go: standard error, and a file.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{LogFormat, LogLevel, LogPlan};
use crate::exit::{Exit, Failure};
use crate::terminal::Screen;

/// The log file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the log file {} cannot be opened", file.display())]
pub struct LogError {
    file: PathBuf,
    source: io::Error,
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Failure::of(Exit::Usage, error)
    }
}

/// Sends what the process logs to standard error and to the plan's log file, with time stamps in UTC. Where a screen
/// shows how far the links are, the lines go above it, and those that say the same go to the file alone.
///
/// Says whether this call did it: the first one in a process does, a later one changes nothing.
///
/// # Errors
/// If the log file cannot be opened for appending.
pub fn init(plan: &LogPlan, screen: Option<&Screen>) -> Result<bool, LogError> {
    let file = plan.file.as_deref().map(open).transpose()?;
    let stderr = match screen {
        Some(screen) => Stderr { writer: BoxMakeWriter::new(screen.writer()), progress: false },
        None => Stderr { writer: BoxMakeWriter::new(io::stderr), progress: true },
    };
    Ok(subscriber(plan, stderr, wants_colour(), file).try_init().is_ok())
}

/// Where lines for people go.
struct Stderr<W> {
    writer: W,
    /// Whether lines of progress are among them.
    progress: bool,
}

fn open(file: &Path) -> Result<File, LogError> {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened.map_err(|source| LogError { file: file.to_path_buf(), source })
}

/// Whether standard error is to be coloured.
pub(crate) fn wants_colour() -> bool {
    is_colourful(io::stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref())
}

/// Colour is for people at a terminal who did not ask to be spared of it (<https://no-color.org>).
fn is_colourful(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

fn subscriber<W>(plan: &LogPlan, stderr: Stderr<W>, colour: bool, file: Option<File>) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // The first layer formats the fields of a span for all of them, so the one without colour comes first.
    let to_file = file.map(|file| layer(plan.format, Mutex::new(file), false));
    let level = LevelFilter::from(plan.level);
    let progress = if stderr.progress { level } else { LevelFilter::OFF };
    let to_stderr = layer(plan.format, stderr.writer, colour);
    Registry::default()
        .with(to_file.with_filter(level))
        .with(to_stderr.with_filter(Targets::new().with_default(level).with_target(PROGRESS, progress)))
}

fn layer<S, W>(format: LogFormat, writer: W, colour: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).with_ansi(colour).with_target(false);
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

/// The target of lines that say, again and again, how far the links are.
pub(crate) const PROGRESS: &str = "shake_cli::progress";

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Info => Self::INFO,
            LogLevel::Warn => Self::WARN,
            LogLevel::Error => Self::ERROR,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::sync::Arc;

    use super::*;

    fn plan(file: Option<PathBuf>, format: LogFormat) -> LogPlan {
        LogPlan { file, level: LogLevel::Info, format, interval: None }
    }

    /// Logs one line of each of three levels inside a span; gives what went to standard error and to the file.
    fn logged(format: LogFormat, colour: bool, progress: bool) -> (String, String) {
        let dir = tempfile::tempdir().unwrap();
        let plan = plan(Some(dir.path().join("log")), format);
        let stderr = Captured::default();
        let written = stderr.clone();
        let file = open(plan.file.as_deref().unwrap()).unwrap();
        let stderr = Stderr { writer: move || stderr.clone(), progress };
        let subscriber = subscriber(&plan, stderr, colour, Some(file));
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::error_span!("link", shard = 7).entered();
            tracing::debug!("too fine");
            tracing::info!(keys = 3, "copied");
            tracing::warn!("waiting");
            tracing::info!(target: PROGRESS, "how far");
        });
        let stderr = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        (stderr, fs::read_to_string(plan.file.unwrap()).unwrap())
    }

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn text_has_utc_times_and_no_colour_in_the_file() {
        let (stderr, file) = logged(LogFormat::Text, true, true);
        assert!(stderr.contains('\u{1b}'), "{stderr:?}");
        assert!(!file.contains('\u{1b}'), "{file:?}");
        let lines: Vec<&str> = file.lines().collect();
        assert_eq!(lines.len(), 3, "{file}");
        let (time, rest) = lines[0].split_once(' ').unwrap();
        assert!(time.ends_with('Z'), "{time}");
        assert_eq!(rest.trim_start(), "INFO link{shard=7}: copied keys=3");
    }

    #[test]
    fn without_colour_both_say_the_same() {
        let (stderr, file) = logged(LogFormat::Text, false, true);
        let messages = |text: &str| text.lines().map(|line| line[27..].to_owned()).collect::<Vec<_>>();
        assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
        assert_eq!(messages(&stderr), messages(&file));
    }

    #[test]
    fn json_is_one_object_a_line() {
        let (stderr, file) = logged(LogFormat::Json, true, true);
        for text in [stderr, file] {
            let line = text.lines().next().unwrap();
            assert!(line.starts_with(r#"{"timestamp":""#) && line.ends_with('}'), "{line}");
            assert!(line.contains(r#""level":"INFO","message":"copied","keys":3"#), "{line}");
        }
    }

    #[test]
    fn progress_that_the_screen_shows_goes_to_the_file_alone() {
        let (stderr, file) = logged(LogFormat::Text, false, false);
        assert_eq!((stderr.lines().count(), file.lines().count()), (2, 3), "{stderr}{file}");
        assert!(file.ends_with("INFO link{shard=7}: how far\n") && !stderr.contains("how far"), "{stderr}{file}");
    }

    #[test]
    fn colour_needs_a_terminal_and_no_objection() {
        assert!(is_colourful(true, None));
        assert!(is_colourful(true, Some(OsStr::new(""))));
        assert!(!is_colourful(true, Some(OsStr::new("1"))));
        assert!(!is_colourful(false, None));
    }

    #[test]
    fn a_second_call_changes_nothing() {
        init(&plan(None, LogFormat::Text), None).unwrap();
        assert!(!init(&plan(None, LogFormat::Json), None).unwrap());
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_named() {
        let file = PathBuf::from("/nonexistent/dir/shake.log");
        let failure = Failure::from(init(&plan(Some(file), LogFormat::Text), None).unwrap_err());
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.line().starts_with("the log file /nonexistent/dir/shake.log cannot be opened: "));
    }
}
