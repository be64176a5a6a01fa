//! Strings: `SET`, and `APPEND` for what comes in pieces.

use crate::scalar::{Digits, Scalar};

use super::place::Place;

/// A string under way.
#[derive(Debug, Default)]
pub(super) struct TextWriter {
    /// What is not yet in a command. It may be all there is, and then the command says when the key expires.
    held: Vec<u8>,
    /// Whether the key was made.
    set: bool,
}

impl TextWriter {
    pub(super) fn begin(&mut self) {
        self.held.clear();
        self.set = false;
    }

    /// Takes the next piece.
    pub(super) fn piece(&mut self, piece: Scalar<'_>, place: &mut Place<'_>) {
        if !self.held.is_empty() && self.held.len() + piece.len() > place.options.max_bytes {
            self.flush(place);
        }
        self.held.extend_from_slice(piece.as_bytes(&mut Digits::default()));
    }

    /// Ends the string; true if the key's expiry is told with that.
    pub(super) fn end(&mut self, expire_at_ms: Option<i64>, place: &mut Place<'_>) -> bool {
        match expire_at_ms {
            Some(at) if !self.set && place.target.has_set_pxat() => {
                // A time before 1 is an error here, though it is none of PEXPIREAT: it is past as well.
                let at = itoa::Buffer::new().format(at.max(1)).to_owned();
                place.command("SET", &[&self.held, b"PXAT", at.as_bytes()]);
                true
            }
            _ => {
                if !self.set || !self.held.is_empty() {
                    self.flush(place);
                }
                false
            }
        }
    }

    fn flush(&mut self, place: &mut Place<'_>) {
        place.command(if self.set { "APPEND" } else { "SET" }, &[&self.held]);
        self.held.clear();
        self.set = true;
    }
}
