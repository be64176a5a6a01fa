//! What of a value a digest covers.

/// What a [`Digester`](crate::Digester) takes into account; everything, unless told otherwise.
///
/// A server cannot hold what was invented after it: to compare with one, leave that out on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DigestScope {
    /// When the fields of hashes expire (Redis 7.4, Valkey 9.0).
    pub field_expiry: bool,
    /// What streams count: entries added, the highest deleted ID, and entries read by groups (Redis 7.0).
    pub stream_counters: bool,
    /// When pending entries were handed out: servers that were told the same at different times differ in it.
    pub delivery_times: bool,
    /// Consumers that own nothing: some servers drop them when commands are replayed.
    pub idle_consumers: bool,
    /// What streams remember of idempotent producers (Redis 8.6).
    pub idempotence: bool,
}

impl Default for DigestScope {
    fn default() -> Self {
        Self {
            field_expiry: true,
            stream_counters: true,
            delivery_times: true,
            idle_consumers: true,
            idempotence: true,
        }
    }
}

impl DigestScope {
    /// Sets [`field_expiry`](Self::field_expiry).
    #[must_use]
    pub const fn field_expiry(mut self, covered: bool) -> Self {
        self.field_expiry = covered;
        self
    }

    /// Sets [`stream_counters`](Self::stream_counters).
    #[must_use]
    pub const fn stream_counters(mut self, covered: bool) -> Self {
        self.stream_counters = covered;
        self
    }

    /// Sets [`delivery_times`](Self::delivery_times).
    #[must_use]
    pub const fn delivery_times(mut self, covered: bool) -> Self {
        self.delivery_times = covered;
        self
    }

    /// Sets [`idle_consumers`](Self::idle_consumers).
    #[must_use]
    pub const fn idle_consumers(mut self, covered: bool) -> Self {
        self.idle_consumers = covered;
        self
    }

    /// Sets [`idempotence`](Self::idempotence).
    #[must_use]
    pub const fn idempotence(mut self, covered: bool) -> Self {
        self.idempotence = covered;
        self
    }
}
