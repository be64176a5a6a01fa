//! The types of values: their codes, since when they exist, and what they are made of.

use crate::dialect::{Dialect, RdbVersion};
use crate::error::ErrorKind;
use crate::raw::programs;
use crate::raw::step::Program;

/// How a value is written (`RDB_TYPE_*` in `rdb.h`); each code of each dialect is one variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValueType {
    /// 0: one string.
    String,
    /// 1: a list, element by element.
    List,
    /// 2: a set, member by member.
    Set,
    /// 3: a sorted set with scores as text.
    SortedSet,
    /// 4: a hash, field by field.
    Hash,
    /// 5: a sorted set with binary scores.
    SortedSet2,
    /// 7: a module's value, with opcodes that tell its parts.
    Module2,
    /// 9: a hash in a zipmap.
    HashZipmap,
    /// 10: a list in a ziplist.
    ListZiplist,
    /// 11: a set in an intset.
    SetIntset,
    /// 12: a sorted set in a ziplist.
    SortedSetZiplist,
    /// 13: a hash in a ziplist.
    HashZiplist,
    /// 14: a list of ziplists.
    ListQuicklist,
    /// 15: a stream.
    Stream,
    /// 16: a hash in a listpack.
    HashListpack,
    /// 17: a sorted set in a listpack.
    SortedSetListpack,
    /// 18: a list of listpacks and single large elements.
    ListQuicklist2,
    /// 19: a stream with first ID, highest deleted ID, and entries counted.
    Stream2,
    /// 20: a set in a listpack.
    SetListpack,
    /// 21: a stream whose consumers have an active time.
    Stream3,
    /// 22 of Redis: a hash with absolute field expiry (7.4 release candidates).
    HashMetadataPreGa,
    /// 23 of Redis: a hash with field expiry in a listpack (7.4 release candidates).
    HashListpackExPreGa,
    /// 24 of Redis: a hash with field expiry relative to the earliest.
    HashMetadata,
    /// 25 of Redis: a hash with field expiry in a listpack, the earliest in front.
    HashListpackEx,
    /// 26 of Redis: a stream with idempotent producers.
    Stream4,
    /// 27 of Redis: a stream whose groups have rejected entries.
    Stream5,
    /// 28 of Redis: a sparse array.
    Array,
    /// 22 of Valkey: a hash with absolute field expiry behind each value.
    HashFieldExpiry,
}

/// What a value is to its user, however it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValueKind {
    /// A string.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    SortedSet,
    /// A hash.
    Hash,
    /// A stream.
    Stream,
    /// A value of a module's own type.
    Module,
    /// An array (Redis 8.8).
    Array,
}

/// One row of the table of types.
struct Spec {
    code: u8,
    /// The word that `redis-check-rdb` uses.
    name: &'static str,
    kind: ValueKind,
    /// The first version whose files can hold it.
    since: u16,
    program: Program,
}

impl ValueType {
    /// The type that this code means in this dialect, of whatever version.
    #[must_use]
    pub const fn from_code(dialect: Dialect, code: u8) -> Option<Self> {
        match (dialect, code) {
            (Dialect::Redis, 22) => Some(Self::HashMetadataPreGa),
            (Dialect::Redis, 23) => Some(Self::HashListpackExPreGa),
            (Dialect::Redis, 24) => Some(Self::HashMetadata),
            (Dialect::Redis, 25) => Some(Self::HashListpackEx),
            (Dialect::Redis, 26) => Some(Self::Stream4),
            (Dialect::Redis, 27) => Some(Self::Stream5),
            (Dialect::Redis, 28) => Some(Self::Array),
            (Dialect::Valkey, 22) => Some(Self::HashFieldExpiry),
            (_, code) => Self::from_shared_code(code),
        }
    }

    /// Codes up to 21 were given before the dialects parted.
    const fn from_shared_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::String,
            1 => Self::List,
            2 => Self::Set,
            3 => Self::SortedSet,
            4 => Self::Hash,
            5 => Self::SortedSet2,
            7 => Self::Module2,
            9 => Self::HashZipmap,
            10 => Self::ListZiplist,
            11 => Self::SetIntset,
            12 => Self::SortedSetZiplist,
            13 => Self::HashZiplist,
            14 => Self::ListQuicklist,
            15 => Self::Stream,
            16 => Self::HashListpack,
            17 => Self::SortedSetListpack,
            18 => Self::ListQuicklist2,
            19 => Self::Stream2,
            20 => Self::SetListpack,
            21 => Self::Stream3,
            _ => return None,
        })
    }

    /// The type that this code means in a file of this dialect and version.
    pub(crate) const fn in_file(dialect: Dialect, version: RdbVersion, code: u8) -> Result<Self, ErrorKind> {
        match Self::from_code(dialect, code) {
            Some(value_type) if value_type.spec().since <= version.number() => Ok(value_type),
            Some(_) => Err(ErrorKind::CodeTooNew { code, version: version.number() }),
            None if code == MODULE_PRE_GA => Err(ErrorKind::PreReleaseModule),
            None => Err(ErrorKind::UnknownCode(code)),
        }
    }

    /// The type byte, as it stands in files and `DUMP` payloads.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.spec().code
    }

    /// The name that `redis-check-rdb` and `valkey-check-rdb` print.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// What a value of this type is to its user.
    #[must_use]
    pub const fn kind(self) -> ValueKind {
        self.spec().kind
    }

    /// The first version of its dialect that has this type.
    #[must_use]
    pub const fn lowest_version(self) -> RdbVersion {
        RdbVersion::new(self.spec().since)
    }

    /// The version to sign a `DUMP` payload of this type with, so that the most servers accept it.
    ///
    /// It is [`lowest_version`](Self::lowest_version), but at least 6: the oldest that a server with `RESTORE` wrote.
    #[must_use]
    pub const fn dump_version(self) -> RdbVersion {
        let since = self.spec().since;
        RdbVersion::new(if since < OLDEST_DUMP { OLDEST_DUMP } else { since })
    }

    /// What a value of this type is made of.
    pub(crate) const fn program(self) -> Program {
        self.spec().program
    }

    #[rustfmt::skip]
    const fn spec(self) -> &'static Spec {
        use ValueKind::{Array, Hash, List, Module, Set, SortedSet, Stream, String};
        match self {
            Self::String => &Spec { code: 0, name: "string", kind: String, since: 1, program: programs::STRING },
            Self::List => &Spec { code: 1, name: "list-linked", kind: List, since: 1, program: programs::STRINGS },
            Self::Set => &Spec { code: 2, name: "set-hashtable", kind: Set, since: 1, program: programs::STRINGS },
            Self::SortedSet => &Spec { code: 3, name: "zset-v1", kind: SortedSet, since: 1, program: programs::ZSET },
            Self::Hash => &Spec { code: 4, name: "hash-hashtable", kind: Hash, since: 1, program: programs::PAIRS },
            Self::SortedSet2 => &Spec { code: 5, name: "zset-v2", kind: SortedSet, since: 8, program: programs::ZSET_2 },
            Self::Module2 => &Spec { code: 7, name: "module-value", kind: Module, since: 8, program: programs::MODULE_2 },
            Self::HashZipmap => &Spec { code: 9, name: "hash-zipmap", kind: Hash, since: 1, program: programs::STRING },
            Self::ListZiplist => &Spec { code: 10, name: "list-ziplist", kind: List, since: 2, program: programs::STRING },
            Self::SetIntset => &Spec { code: 11, name: "set-intset", kind: Set, since: 2, program: programs::STRING },
            Self::SortedSetZiplist => &Spec { code: 12, name: "zset-ziplist", kind: SortedSet, since: 2, program: programs::STRING },
            Self::HashZiplist => &Spec { code: 13, name: "hash-ziplist", kind: Hash, since: 4, program: programs::STRING },
            Self::ListQuicklist => &Spec { code: 14, name: "quicklist", kind: List, since: 7, program: programs::STRINGS },
            Self::Stream => &Spec { code: 15, name: "stream", kind: Stream, since: 9, program: programs::STREAM },
            Self::HashListpack => &Spec { code: 16, name: "hash-listpack", kind: Hash, since: 10, program: programs::STRING },
            Self::SortedSetListpack => &Spec { code: 17, name: "zset-listpack", kind: SortedSet, since: 10, program: programs::STRING },
            Self::ListQuicklist2 => &Spec { code: 18, name: "quicklist-v2", kind: List, since: 10, program: programs::QUICKLIST_2 },
            Self::Stream2 => &Spec { code: 19, name: "stream-v2", kind: Stream, since: 10, program: programs::STREAM_2 },
            Self::SetListpack => &Spec { code: 20, name: "set-listpack", kind: Set, since: 11, program: programs::STRING },
            Self::Stream3 => &Spec { code: 21, name: "stream-v3", kind: Stream, since: 11, program: programs::STREAM_3 },
            Self::HashMetadataPreGa => &Spec { code: 22, name: "hash-hashtable-md-pre-release", kind: Hash, since: 12, program: programs::HASH_METADATA_PRE_GA },
            Self::HashListpackExPreGa => &Spec { code: 23, name: "hash-listpack-md-pre-release", kind: Hash, since: 12, program: programs::STRING },
            Self::HashMetadata => &Spec { code: 24, name: "hash-hashtable-md", kind: Hash, since: 12, program: programs::HASH_METADATA },
            Self::HashListpackEx => &Spec { code: 25, name: "hash-listpack-md", kind: Hash, since: 12, program: programs::HASH_LISTPACK_EX },
            Self::Stream4 => &Spec { code: 26, name: "stream-v4", kind: Stream, since: 13, program: programs::STREAM_4 },
            Self::Stream5 => &Spec { code: 27, name: "stream-v5", kind: Stream, since: 14, program: programs::STREAM_5 },
            Self::Array => &Spec { code: 28, name: "array", kind: Array, since: 14, program: programs::ARRAY },
            Self::HashFieldExpiry => &Spec { code: 22, name: "hash-with-field-expiry", kind: Hash, since: 80, program: programs::HASH_FIELD_EXPIRY },
        }
    }
}

/// `RDB_TYPE_MODULE_PRE_GA`: nothing in it tells its end.
const MODULE_PRE_GA: u8 = 6;

/// Redis 2.6, the first server with `DUMP` and `RESTORE`, wrote version 6.
const OLDEST_DUMP: u16 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_types_name_each_other() {
        for dialect in [Dialect::Redis, Dialect::Valkey] {
            for code in 0..=255 {
                if let Some(value_type) = ValueType::from_code(dialect, code) {
                    assert_eq!(value_type.code(), code);
                }
            }
        }
        assert_eq!(ValueType::from_code(Dialect::Redis, 28), Some(ValueType::Array));
        assert_eq!(ValueType::from_code(Dialect::Redis, 29), None);
        assert_eq!(ValueType::from_code(Dialect::Valkey, 23), None);
    }

    #[test]
    fn a_code_belongs_to_its_dialect_and_version() {
        let in_file = |dialect, version, code| ValueType::in_file(dialect, RdbVersion::new(version), code);
        assert_eq!(in_file(Dialect::Redis, 12, 22), Ok(ValueType::HashMetadataPreGa));
        assert_eq!(in_file(Dialect::Valkey, 80, 22), Ok(ValueType::HashFieldExpiry));
        assert_eq!(in_file(Dialect::Valkey, 80, 24), Err(ErrorKind::UnknownCode(24)));
        assert_eq!(in_file(Dialect::Redis, 11, 24), Err(ErrorKind::CodeTooNew { code: 24, version: 11 }));
        assert_eq!(in_file(Dialect::Redis, 9, 6), Err(ErrorKind::PreReleaseModule));
        assert_eq!(in_file(Dialect::Redis, 9, 8), Err(ErrorKind::UnknownCode(8)));
    }

    #[test]
    fn payloads_are_signed_with_the_lowest_version_that_can_be() {
        assert_eq!(ValueType::String.dump_version(), RdbVersion::new(6));
        assert_eq!(ValueType::SetListpack.dump_version(), RdbVersion::new(11));
        assert_eq!(ValueType::HashFieldExpiry.dump_version(), RdbVersion::new(80));
    }
}
