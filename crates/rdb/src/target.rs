//! The servers that values are meant for: what `RESTORE` takes there, and which commands they know.

use std::fmt;
use std::str::FromStr;

use crate::dialect::RdbVersion;
use crate::dump::dump_version;
use crate::item::Key;
use crate::value_type::ValueType;

/// A server that values are meant for: its family and version.
///
/// # Examples
/// ```
/// use rdb::{Target, ValueType};
///
/// let target: Target = "valkey-9.1".parse()?;
/// assert_eq!(target, Target::valkey(9, 1));
/// assert!(target.loads_type(ValueType::Stream3) && !target.loads_type(ValueType::HashListpackEx));
/// # Ok::<(), rdb::ParseTargetError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    brand: Brand,
    version: (u16, u16),
}

/// A family of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Brand {
    /// Redis, and forks that did not rename themselves in what they write.
    Redis,
    /// Valkey, whose first version, 7.2, was Redis 7.2.
    Valkey,
}

impl Target {
    /// Redis of this version.
    #[must_use]
    pub const fn redis(major: u16, minor: u16) -> Self {
        Self { brand: Brand::Redis, version: (major, minor) }
    }

    /// Valkey of this version.
    #[must_use]
    pub const fn valkey(major: u16, minor: u16) -> Self {
        Self { brand: Brand::Valkey, version: (major, minor) }
    }

    /// The family.
    #[must_use]
    pub const fn brand(self) -> Brand {
        self.brand
    }

    /// Major and minor version.
    #[must_use]
    pub const fn version(self) -> (u16, u16) {
        self.version
    }

    /// The version of the format that it writes (`RDB_VERSION`): the highest footer that its `RESTORE` takes.
    #[must_use]
    pub const fn rdb_version(self) -> RdbVersion {
        RdbVersion::new(match (self.brand, self.version) {
            (Brand::Redis, (0..=3, 0..=1) | (0..=2, _)) => 6,
            (Brand::Redis, (3, _)) => 7,
            (Brand::Redis, (4, _)) => 8,
            (Brand::Redis, (5..=6, _)) => 9,
            (Brand::Redis, (7, 0..=1)) => 10,
            (Brand::Redis, (7, 2..=3)) | (Brand::Valkey, (0..=8, _)) => 11,
            (Brand::Redis, (7, _) | (8, 0..=5)) => 12,
            (Brand::Redis, (8, 6..=7)) => 13,
            (Brand::Redis, _) => 14,
            (Brand::Valkey, (9, 0..=1)) => 80,
            (Brand::Valkey, _) => 81,
        })
    }

    /// Whether its `RESTORE` takes values of this type, signed with [`ValueType::dump_version`].
    ///
    /// A module's value is only taken where that module is loaded, which is not asked here.
    #[must_use]
    pub fn loads_type(self, value_type: ValueType) -> bool {
        self.takes_version(value_type.dump_version())
    }

    /// Whether its `RESTORE` takes the payload of this key, the metadata of modules included.
    #[must_use]
    pub fn loads(self, key: &Key<'_>) -> bool {
        self.takes_version(dump_version(key))
    }

    /// Whether its `RESTORE` looks at payloads that are signed with this version (`verifyDumpPayload`). Valkey leaves
    /// those from 12 up to its own first one to the other family.
    #[must_use]
    pub fn takes_version(self, footer: RdbVersion) -> bool {
        let foreign = self.brand == Brand::Valkey && (FIRST_FOREIGN..RdbVersion::FIRST_OF_VALKEY).contains(&footer);
        footer <= self.rdb_version() && !foreign
    }

    /// Whether it has what Redis got with this version; Valkey has all that Redis 7.2 had.
    const fn has_redis(self, major: u16, minor: u16) -> bool {
        match self.brand {
            Brand::Redis => at_least(self.version, (major, minor)),
            Brand::Valkey => at_least((7, 2), (major, minor)),
        }
    }

    /// Whether it has `UNLINK`, and `HSET` of many fields (Redis 4.0).
    #[must_use]
    pub const fn has_unlink(self) -> bool {
        self.has_redis(4, 0)
    }

    /// Whether it has streams, and `XSETID` (Redis 5.0).
    #[must_use]
    pub const fn has_streams(self) -> bool {
        self.has_redis(5, 0)
    }

    /// Whether `SET` takes `PXAT` (Redis 6.2).
    #[must_use]
    pub const fn has_set_pxat(self) -> bool {
        self.has_redis(6, 2)
    }

    /// Whether it has `XGROUP CREATECONSUMER` (Redis 6.2).
    #[must_use]
    pub const fn has_create_consumer(self) -> bool {
        self.has_redis(6, 2)
    }

    /// Whether streams count what was added, deleted and read: `XSETID` takes `ENTRIESADDED` and `MAXDELETEDID`,
    /// `XGROUP CREATE` takes `ENTRIESREAD` (Redis 7.0).
    #[must_use]
    pub const fn has_stream_counters(self) -> bool {
        self.has_redis(7, 0)
    }

    /// Whether it has `FUNCTION LOAD` (Redis 7.0).
    #[must_use]
    pub const fn has_functions(self) -> bool {
        self.has_redis(7, 0)
    }

    /// Whether fields of hashes can expire: `HPEXPIREAT` (Redis 7.4, Valkey 9.0).
    #[must_use]
    pub const fn has_field_expiry(self) -> bool {
        match self.brand {
            Brand::Redis => at_least(self.version, (7, 4)),
            Brand::Valkey => at_least(self.version, (9, 0)),
        }
    }
}

/// Versions from here on were given by Redis alone.
const FIRST_FOREIGN: RdbVersion = RdbVersion::new(12);

const fn at_least(version: (u16, u16), wanted: (u16, u16)) -> bool {
    version.0 > wanted.0 || version.0 == wanted.0 && version.1 >= wanted.1
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let brand = match self.brand {
            Brand::Redis => "redis",
            Brand::Valkey => "valkey",
        };
        write!(f, "{brand}-{}.{}", self.version.0, self.version.1)
    }
}

/// A text that names no [`Target`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a server like redis-7.0 or valkey-9.1")]
pub struct ParseTargetError;

impl FromStr for Target {
    type Err = ParseTargetError;

    /// Reads `redis-7.0`, `valkey-9.1`, with a patch level or without; a version alone is one of Redis.
    fn from_str(text: &str) -> Result<Self, ParseTargetError> {
        let (brand, version) = match text.split_once('-') {
            Some(("redis", version)) => (Brand::Redis, version),
            Some(("valkey", version)) => (Brand::Valkey, version),
            Some(_) => return Err(ParseTargetError),
            None => (Brand::Redis, text),
        };
        let numbers: Result<Vec<u16>, _> = version.split('.').map(parse_number).collect();
        match *numbers? {
            [major, minor] | [major, minor, _] => Ok(Self { brand, version: (major, minor) }),
            _ => Err(ParseTargetError),
        }
    }
}

/// Digits alone: no sign.
fn parse_number(digits: &str) -> Result<u16, ParseTargetError> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).ok_or(ParseTargetError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::DbIndex;

    #[test]
    fn names_are_read_and_written() {
        for (text, target) in [("redis-7.0", Target::redis(7, 0)), ("valkey-9.1", Target::valkey(9, 1))] {
            assert_eq!(text.parse(), Ok(target));
            assert_eq!(target.to_string(), text);
        }
        assert_eq!("7.0".parse(), Ok(Target::redis(7, 0)));
        assert_eq!("valkey-8.1.6".parse(), Ok(Target::valkey(8, 1)));
        for bad in ["", "7", "redis", "redis-", "redis-7", "keydb-6.3", "7.+1", "7.0.1.2", "valkey-a.b", "-7.0"] {
            assert_eq!(bad.parse::<Target>(), Err(ParseTargetError), "{bad}");
        }
    }

    #[test]
    fn versions_of_the_format() {
        let version = |text: &str| text.parse::<Target>().unwrap().rdb_version().number();
        for (expected, targets) in [
            (6, "2.6 2.8 3.0"),
            (7, "3.2"),
            (8, "4.0"),
            (9, "5.0 6.0 6.2"),
            (10, "7.0"),
            (11, "7.2 valkey-7.2 valkey-8.0 valkey-8.1"),
            (12, "7.4 8.0 8.2 8.4"),
            (13, "8.6"),
            (14, "8.8"),
            (80, "valkey-9.0 valkey-9.1"),
            (81, "valkey-9.2"),
        ] {
            for target in targets.split(' ') {
                assert_eq!(version(target), expected, "{target}");
            }
        }
    }

    #[test]
    fn a_family_does_not_take_what_the_other_one_made_alone() {
        let valkey = Target::valkey(9, 1);
        assert!(valkey.loads_type(ValueType::SetListpack) && valkey.loads_type(ValueType::HashFieldExpiry));
        assert!(!valkey.loads_type(ValueType::HashMetadata) && !valkey.loads_type(ValueType::Stream4));
        let redis = Target::redis(8, 0);
        assert!(redis.loads_type(ValueType::HashMetadata) && !redis.loads_type(ValueType::HashFieldExpiry));
        assert!(!Target::redis(6, 2).loads_type(ValueType::HashListpack));
    }

    #[test]
    fn metadata_of_a_key_is_newer_than_its_value() {
        let key = |metadata| Key {
            name: b"k",
            db: DbIndex(0),
            expire_at_ms: None,
            eviction: None,
            value_type: ValueType::String,
            metadata,
            offset: 0,
            value_offset: 0,
        };
        assert!(Target::redis(8, 0).loads(&key(b"")) && !Target::redis(8, 0).loads(&key(b"\xf3\x00")));
        assert!(Target::redis(8, 6).loads(&key(b"\xf3\x00")));
        assert!(!Target::valkey(9, 1).loads(&key(b"\xf3\x00")));
    }

    #[test]
    fn valkey_has_what_redis_7_2_had() {
        let oldest = Target::valkey(7, 2);
        assert!(oldest.has_stream_counters() && oldest.has_set_pxat() && oldest.has_functions());
        assert!(!oldest.has_field_expiry() && Target::valkey(9, 0).has_field_expiry());
        assert!(!Target::redis(7, 2).has_field_expiry() && Target::redis(7, 4).has_field_expiry());
        assert!(!Target::redis(6, 0).has_create_consumer() && Target::redis(6, 2).has_create_consumer());
    }
}
