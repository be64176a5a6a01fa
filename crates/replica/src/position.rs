use std::{fmt, str::FromStr};

/// The id of a replication history: 40 hexadecimal digits (`master_replid` in INFO).
///
/// Offsets are comparable only within one history.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplId([u8; Self::LEN]);

impl ReplId {
    /// Its length in bytes (`CONFIG_RUN_ID_SIZE`).
    pub const LEN: usize = 40;

    /// Reads 40 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let id: [u8; Self::LEN] = text.try_into().ok()?;
        id.iter().all(u8::is_ascii_hexdigit).then_some(Self(id))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only hexadecimal digits get in: the conversion cannot fail.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digits as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for ReplId {
    type Err = BadReplId;

    fn from_str(text: &str) -> Result<Self, BadReplId> {
        Self::parse(text.as_bytes()).ok_or(BadReplId)
    }
}

impl fmt::Display for ReplId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ReplId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplId({self})")
    }
}

/// A text is not a replication id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a replication id is 40 hexadecimal digits")]
pub struct BadReplId;

/// A replication offset: the number of the last byte covered, as in `master_repl_offset`.
///
/// The first byte that is not covered has the number `offset + 1`, and that is what `PSYNC` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Offset(pub u64);

impl Offset {
    /// The offset that covers `len` bytes more.
    #[must_use]
    pub const fn advanced(self, len: usize) -> Self {
        Self(self.0.saturating_add(len as u64))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forty_hexadecimal_digits_are_an_id() {
        let text = "0123456789abcdef0123456789ABCDEF01234567";
        assert_eq!(text.parse::<ReplId>().unwrap().to_string(), text);
        for bad in ["", "?", &text[1..], &format!("{text}0"), &text.replace('f', "g")] {
            assert_eq!(bad.parse::<ReplId>(), Err(BadReplId), "{bad:?}");
        }
    }
}
