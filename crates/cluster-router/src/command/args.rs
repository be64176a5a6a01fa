use std::ops::Range;

/// The arguments of one command, the name first: ranges of a buffer, as a RESP scanner finds them.
///
/// Nothing is copied, and a range that lies outside of the buffer is an argument that is not there.
///
/// # Examples
/// ```
/// use cluster_router::command::Args;
/// let args = Args::new(b"GET key", &[0..3, 4..7]);
/// assert_eq!(args.arg(1), Some(&b"key"[..]));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Args<'a> {
    buf: &'a [u8],
    ranges: &'a [Range<usize>],
}

impl<'a> Args<'a> {
    /// The arguments that lie at `ranges` of `buf`.
    #[must_use]
    pub const fn new(buf: &'a [u8], ranges: &'a [Range<usize>]) -> Self {
        Self { buf, ranges }
    }

    /// Number of arguments, the name counted.
    #[must_use]
    pub const fn len(self) -> usize {
        self.ranges.len()
    }

    /// Whether there is not even a name.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.ranges.is_empty()
    }

    /// The argument at `index`; 0 is the name.
    #[must_use]
    pub fn arg(self, index: usize) -> Option<&'a [u8]> {
        self.buf.get(self.ranges.get(index)?.clone())
    }

    /// Whether the argument at `index` is `word` in any mix of capitals.
    #[must_use]
    pub fn is_word(self, index: usize, word: &str) -> bool {
        self.arg(index).is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
    }
}
