use std::time::{SystemTime, UNIX_EPOCH};

/// A moment in milliseconds since 1970, as servers count the times at which keys expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The moment as the system's clock tells it; 1970 for a clock that stands before it.
    #[must_use]
    pub fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// How many milliseconds it is from `earlier` to here; none when that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn clocks_are_read_in_milliseconds() {
        let moment = UnixMillis::of(UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456));
        assert_eq!(moment, UnixMillis(1_700_000_000_123));
        assert_eq!(UnixMillis::of(UNIX_EPOCH - Duration::from_secs(1)), UnixMillis(0));
        assert_eq!((moment.since(UnixMillis(1_700_000_000_000)), UnixMillis(5).since(moment)), (123, 0));
    }
}
