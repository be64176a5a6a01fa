//! What a decoder holds in memory, what it refuses, and what it checks.

/// The settings of a [`Decoder`](crate::Decoder); start from `Options::default()`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Values of at most this many bytes in the file come whole, larger ones in chunks. Default 1 MiB.
    pub whole_value_limit: usize,
    /// The bytes of each chunk of a large value but the last; at least 1. Default 256 KiB.
    pub chunk_size: usize,
    /// The most bytes that any one string, compressed or not, and any record without a value may have.
    ///
    /// Default 512 MiB, the servers' own default (`proto-max-bulk-len`).
    pub max_string: u64,
    /// Whether to compare the checksum at the end of the file. Default true.
    pub check_crc: bool,
    /// Whether to read files of versions that are not known, as far as their codes are. Default false: a newer server
    /// may have given known codes another meaning.
    pub accept_unknown_version: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            whole_value_limit: 1 << 20,
            chunk_size: 256 << 10,
            max_string: 512 << 20,
            check_crc: true,
            accept_unknown_version: false,
        }
    }
}

impl Options {
    /// Sets [`whole_value_limit`](Self::whole_value_limit).
    #[must_use]
    pub const fn whole_value_limit(mut self, bytes: usize) -> Self {
        self.whole_value_limit = bytes;
        self
    }

    /// Sets [`chunk_size`](Self::chunk_size).
    #[must_use]
    pub const fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunk_size = bytes;
        self
    }

    /// Sets [`max_string`](Self::max_string).
    #[must_use]
    pub const fn max_string(mut self, bytes: u64) -> Self {
        self.max_string = bytes;
        self
    }

    /// Sets [`check_crc`](Self::check_crc).
    #[must_use]
    pub const fn check_crc(mut self, check: bool) -> Self {
        self.check_crc = check;
        self
    }

    /// Sets [`accept_unknown_version`](Self::accept_unknown_version).
    #[must_use]
    pub const fn accept_unknown_version(mut self, accept: bool) -> Self {
        self.accept_unknown_version = accept;
        self
    }
}
