/// What a decoder accepts before it calls the peer broken.
///
/// Every length is compared with these before anything is stored for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest bulk string in bytes. A server's own limit is `proto-max-bulk-len`, 512 MiB unless configured.
    pub max_bulk: usize,
    /// Most elements of one array, map (pairs count twice), set or push, and most arguments of one command.
    /// Servers take 1,048,576 before Redis 7.0 and about two milliards since.
    pub max_elements: usize,
    /// Longest line in bytes: a header, a simple string or error, or an inline command (`PROTO_INLINE_MAX_SIZE`).
    pub max_line: usize,
    /// Deepest nesting of arrays in a reply. The deepest that a server sends is about eight (`COMMAND`).
    pub max_depth: usize,
}

impl Limits {
    /// The limits that a server itself goes by.
    pub const SERVER: Self =
        Self { max_bulk: 512 << 20, max_elements: i32::MAX as usize, max_line: 64 << 10, max_depth: 32 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::SERVER
    }
}
