//! The two dialects of the format and their versions.

use std::fmt;

use crate::error::ErrorKind;

/// Who wrote the file: since Redis 7.4 and Valkey 9.0 the same codes mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Magic `REDIS`: Redis, Redict, KeyDB, and Valkey up to 8.1.
    Redis,
    /// Magic `VALKEY`: Valkey from 9.0 on.
    Valkey,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redis => "REDIS",
            Self::Valkey => "VALKEY",
        })
    }
}

/// The version of the format that a file or a `DUMP` payload states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RdbVersion(u16);

impl RdbVersion {
    /// Valkey 9.0 numbers its versions from here on, out of the way of Redis.
    pub(crate) const FIRST_OF_VALKEY: Self = Self(80);

    /// The version with this number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number, as servers compare it.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Whether all that files of this version hold is known here: Redis up to 8.8 writes 1 to 14, Valkey 9.0 and 9.1 80.
    ///
    /// Valkey up to 8.1 writes files of Redis.
    pub(crate) const fn is_known(self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Redis => 1 <= self.0 && self.0 <= 14,
            Dialect::Valkey => self.0 == Self::FIRST_OF_VALKEY.0,
        }
    }

    /// The first version whose files end with a checksum (`rdbLoadRio`).
    pub(crate) const fn has_checksum(self) -> bool {
        self.0 >= 5
    }
}

impl fmt::Display for RdbVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The bytes of the header, in both dialects: `REDIS0011`, `VALKEY080`.
pub(crate) const HEADER_LEN: usize = 9;

/// Reads magic and version as `rdbLoadRio` does.
pub(crate) fn parse_header(header: &[u8; HEADER_LEN]) -> Result<(Dialect, RdbVersion), ErrorKind> {
    if let Some(digits) = header.strip_prefix(b"REDIS") {
        return Ok((Dialect::Redis, parse_version(digits)?));
    }
    match header.strip_prefix(b"VALKEY") {
        Some(digits) => Ok((Dialect::Valkey, parse_version(digits)?)),
        None => Err(ErrorKind::BadMagic),
    }
}

fn parse_version(digits: &[u8]) -> Result<RdbVersion, ErrorKind> {
    let mut number = 0_u16;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(ErrorKind::BadVersion);
        }
        number = number * 10 + u16::from(digit - b'0');
    }
    if number == 0 { Err(ErrorKind::BadVersion) } else { Ok(RdbVersion(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_magics_and_only_they_are_read() {
        assert_eq!(parse_header(b"REDIS0011"), Ok((Dialect::Redis, RdbVersion(11))));
        assert_eq!(parse_header(b"VALKEY080"), Ok((Dialect::Valkey, RdbVersion(80))));
        assert_eq!(parse_header(b"REDIS0000"), Err(ErrorKind::BadVersion));
        assert_eq!(parse_header(b"REDIS 011"), Err(ErrorKind::BadVersion));
        assert_eq!(parse_header(b"VALKEY-80"), Err(ErrorKind::BadVersion));
        assert_eq!(parse_header(b"REDIX0011"), Err(ErrorKind::BadMagic));
    }
}
