//! Where the commands of a value go.

use bytes::BytesMut;

use crate::target::Target;

use super::options::RewriteOptions;
use super::{LossKind, Losses, RewriteErrorKind};

/// The key of the value, whom its commands are for, and where they and its losses go.
pub(super) struct Place<'a> {
    pub(super) key: &'a [u8],
    pub(super) target: Target,
    pub(super) options: &'a RewriteOptions,
    pub(super) losses: &'a mut Losses,
    pub(super) out: &'a mut BytesMut,
    /// How much of `out` was there before this call.
    pub(super) start: usize,
}

impl Place<'_> {
    /// Appends a command of this name on the key.
    pub(super) fn command(&mut self, name: &str, words: &[&[u8]]) {
        self.head(name, words.len());
        for word in words {
            resp::put_bulk(self.out, word);
        }
    }

    /// Appends the start of a command on the key; so many words are to follow.
    pub(super) fn head(&mut self, name: &str, words: usize) {
        resp::put_array(self.out, words + 2);
        resp::put_bulk(self.out, name.as_bytes());
        resp::put_bulk(self.out, self.key);
    }

    /// Appends a command whose key stands behind a subcommand.
    pub(super) fn subcommand(&mut self, name: &str, subcommand: &str, words: &[&[u8]]) {
        resp::put_array(self.out, words.len() + 3);
        for word in [name.as_bytes(), subcommand.as_bytes(), self.key] {
            resp::put_bulk(self.out, word);
        }
        for word in words {
            resp::put_bulk(self.out, word);
        }
    }

    /// Counts one thing that is not carried over.
    pub(super) fn lose(&mut self, kind: LossKind) {
        self.losses.add(kind, 1);
    }

    /// Whether this call has appended more than it may. Whoever writes several commands for one element asks in between.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.out.len().saturating_sub(self.start) > self.options.max_output
    }

    /// The same as an error.
    #[inline]
    pub(super) fn check(&self) -> Result<(), RewriteErrorKind> {
        if self.is_over() { Err(RewriteErrorKind::TooLarge) } else { Ok(()) }
    }
}
