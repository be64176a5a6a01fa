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
    /// Whether [`Item::SelectDb`](crate::Item::SelectDb) becomes `SELECT`. Default true.
    pub select: bool,
    /// The most bytes that any one string may have, as [`Options::max_string`](crate::Options::max_string).
    pub max_string: u64,
}

impl Default for RewriteOptions {
    fn default() -> Self {
        Self { max_elements: 512, max_bytes: 64 << 10, replace: false, select: true, max_string: 512 << 20 }
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
}
