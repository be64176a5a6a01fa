use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Term;
use indicatif::TermLike;

/// Standard error as something to draw on, once it is lit.
///
/// It goes dark by itself when the terminal is gone. What draws takes an error of the terminal for one of the program,
/// and would end a sync whose terminal was closed.
#[derive(Debug, Clone)]
pub(super) struct Stderr {
    term: Term,
    lit: Arc<AtomicBool>,
}

impl Default for Stderr {
    fn default() -> Self {
        Self { term: Term::buffered_stderr(), lit: Arc::default() }
    }
}

impl Stderr {
    pub(super) fn light(&self) {
        self.lit.store(true, Ordering::Relaxed);
    }

    pub(super) fn darken(&self) {
        self.lit.store(false, Ordering::Relaxed);
    }

    /// Rows, and the columns of them that are drawn on.
    ///
    /// What draws fills the last row with blanks. Were it full, the `^C` that a terminal shows would go to the next one,
    /// and the last row would stay where it is.
    pub(super) fn size(&self) -> (u16, u16) {
        let (rows, columns) = self.term.size();
        (rows, columns.saturating_sub(MARGIN).max(1))
    }

    fn try_to(&self, act: impl FnOnce(&Term) -> io::Result<()>) -> io::Result<()> {
        if self.lit.load(Ordering::Relaxed) && act(&self.term).is_err() {
            self.darken();
        }
        Ok(())
    }
}

impl TermLike for Stderr {
    fn width(&self) -> u16 {
        self.size().1
    }

    fn height(&self) -> u16 {
        self.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.try_to(|term| term.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.try_to(|term| term.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.try_to(|term| term.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.try_to(|term| term.move_cursor_left(n))
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.try_to(|term| term.write_line(s))
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.try_to(|term| term.write_str(s))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.try_to(Term::clear_line)
    }

    fn flush(&self) -> io::Result<()> {
        self.try_to(Term::flush)
    }
}

/// Columns that are left to what is typed.
const MARGIN: u16 = 4;
