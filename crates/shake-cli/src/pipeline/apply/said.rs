use cluster_router::command::{Args, CommandSpec};
use replica::UnixMillis;

/// A command as the source said it.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    /// What it is.
    pub(super) spec: &'static CommandSpec,
    /// Its bytes.
    pub(super) frame: &'a [u8],
    /// The arguments in them.
    pub(super) args: Args<'a>,
    /// When the first of the bytes was received.
    pub(super) received: UnixMillis,
}

impl<'a> Said<'a> {
    pub(super) fn name(self) -> String {
        self.spec.name.to_owned()
    }

    /// An argument; nothing where there is none.
    pub(super) fn arg(self, index: usize) -> &'a [u8] {
        self.args.arg(index).unwrap_or_default()
    }

    /// An argument as a number.
    pub(super) fn integer(self, index: usize) -> Option<i64> {
        std::str::from_utf8(self.args.arg(index)?).ok()?.parse().ok()
    }

    /// Whether the argument at `index` is one of the words.
    pub(super) fn is_any(self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.args.is_word(index, word))
    }
}
