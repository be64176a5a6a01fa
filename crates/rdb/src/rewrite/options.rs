//! How values become commands.

/// The settings of a [`Rewriter`](super::Rewriter); start from `RewriteOptions::default()`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RewriteOptions {
    /// The most elements that one command carries: members, fields, pending entries. Default 512.
    pub max_elements: usize,
    /// The most bytes of elements that one command carries, but always one element. Default 64 KiB.
    ///
    /// A string that came in one piece is one element, and so is an entry of a stream.
    pub max_bytes: usize,
    /// Whether each key starts with its deletion. Default false: the target is believed to be empty, and lists, sets
    /// and the like would be added to what is there.
    pub replace: bool,
    /// Whether `SELECT` goes in front of the first key of another database than the one before, and is made of
    /// [`Item::SelectDb`](crate::Item::SelectDb). Default true; a connection is believed to start in database 0.
    pub select: bool,
    /// The most bytes that any one string may have, as [`Options::max_string`](crate::Options::max_string).
    pub max_string: u64,
    /// The most bytes that one call appends, give or take one command. Default 256 MiB.
    ///
    /// Commands repeat what a file says once: entries of a stream share the names of their fields, and every command
    /// names its key. A file of 17 kB can be made to become hundreds of megabytes, all at once. Beyond the limit the value
    /// is an error ([`TooLarge`](crate::RewriteErrorKind::TooLarge)). A larger value than this that is meant to come
    /// through is to come in chunks ([`Options::whole_value_limit`](crate::Options::whole_value_limit)); an element of
    /// it is never taken apart, unless it is a string.
    pub max_output: usize,
    /// The most bytes of a stream in chunks that are held until it is whole. Default 64 MiB.
    ///
    /// Only of a whole stream is it known which pending entries it has no longer, before its first command: of those of
    /// a larger one, [`LossKind::DanglingPending`](crate::LossKind::DanglingPending) are lost. Streams whose commands
    /// would come to more than half of [`max_output`](Self::max_output) count as larger, too.
    pub max_gathered: usize,
    /// The most bytes of commands that such a stream may come to, and still be held. Default 128 MiB.
    pub max_gathered_output: usize,
    /// The time, in Unix milliseconds. Fields of hashes that expire then or before are left out, and a hash that has no
    /// others makes no key; neither is a loss. Default `None`: fields that have expired are written like others.
    ///
    /// A target whose fields cannot expire would else have them back for good.
    pub now_ms: Option<i64>,
}

impl Default for RewriteOptions {
    fn default() -> Self {
        Self {
            max_elements: 512,
            max_bytes: 64 << 10,
            replace: false,
            select: true,
            max_string: 512 << 20,
            max_output: 256 << 20,
            max_gathered: 64 << 20,
            max_gathered_output: 128 << 20,
            now_ms: None,
        }
    }
}

impl RewriteOptions {
    /// Sets [`max_elements`](Self::max_elements); at least 1.
    #[must_use]
    pub const fn max_elements(mut self, elements: usize) -> Self {
        self.max_elements = elements;
        self
    }

    /// Sets [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets [`replace`](Self::replace).
    #[must_use]
    pub const fn replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// Sets [`select`](Self::select).
    #[must_use]
    pub const fn select(mut self, select: bool) -> Self {
        self.select = select;
        self
    }

    /// Sets [`max_string`](Self::max_string).
    #[must_use]
    pub const fn max_string(mut self, bytes: u64) -> Self {
        self.max_string = bytes;
        self
    }

    /// Sets [`max_output`](Self::max_output).
    #[must_use]
    pub const fn max_output(mut self, bytes: usize) -> Self {
        self.max_output = bytes;
        self
    }

    /// Sets [`max_gathered`](Self::max_gathered); 0 for none.
    #[must_use]
    pub const fn max_gathered(mut self, bytes: usize) -> Self {
        self.max_gathered = bytes;
        self
    }

    /// Sets [`max_gathered_output`](Self::max_gathered_output).
    #[must_use]
    pub const fn max_gathered_output(mut self, bytes: usize) -> Self {
        self.max_gathered_output = bytes;
        self
    }

    /// Sets [`now_ms`](Self::now_ms).
    #[must_use]
    pub const fn now_ms(mut self, ms: i64) -> Self {
        self.now_ms = Some(ms);
        self
    }
}
