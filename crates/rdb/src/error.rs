//! What can be wrong with a snapshot.

use std::fmt;

use crate::value_type::ValueType;

/// A snapshot that cannot be read, or that ended too early: always the source data's fault.
///
/// The sentence reads "… at offset N while reading X"; offsets count from the first byte of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at offset {offset} while reading {reading}")]
pub struct Error {
    kind: ErrorKind,
    offset: u64,
    reading: Reading,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, offset: u64, reading: Reading) -> Self {
        Self { kind, offset, reading }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The file offset of the byte that could not be accepted.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// What was being read.
    #[must_use]
    pub const fn reading(&self) -> Reading {
        self.reading
    }
}

/// The kinds of [`Error`]; retry and exit codes follow from these, never from the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file starts with neither `REDIS` nor `VALKEY`.
    #[error("no REDIS or VALKEY magic")]
    BadMagic,
    /// The digits behind the magic are not a version from 1 up.
    #[error("no RDB version behind the magic")]
    BadVersion,
    /// A version that no known server of the dialect writes: from a newer one, whose codes may mean something else.
    #[error("RDB version {0} is not known")]
    UnknownVersion(u16),
    /// No type and no opcode of this dialect has this code: from a newer server, or the data is damaged.
    #[error("unknown type or opcode {0}")]
    UnknownCode(u8),
    /// The code is known, but files of this version cannot hold it.
    #[error("type or opcode {code} does not exist in RDB version {version}")]
    CodeTooNew {
        /// The type or opcode.
        code: u8,
        /// The version that the file states.
        version: u16,
    },
    /// Type 6: modules of the Redis 4.0 release candidates, whose end only the module knows.
    #[error("module value in a pre-release format")]
    PreReleaseModule,
    /// `10xxxxxx` other than 0x80 and 0x81 at the start of a length.
    #[error("illegal length byte {0:#04x}")]
    IllegalLength(u8),
    /// A string encoding that does not exist, or one in the place of a length.
    #[error("illegal string encoding {0}")]
    IllegalEncoding(u8),
    /// A string or item is larger than [`Options`](crate::Options) allows.
    #[error("{0} bytes are over the limit")]
    TooLong(u64),
    /// Compressed data that does not expand to its stated length.
    #[error("bad LZF data")]
    BadLzf,
    /// A tag that chooses what follows has a value that does not exist.
    #[error("illegal tag {0}")]
    IllegalTag(u64),
    /// A database index that no server can have.
    #[error("database index {0} is out of range")]
    DatabaseIndex(u64),
    /// The stored CRC-64 is not that of the bytes before it.
    #[error("checksum mismatch")]
    ChecksumMismatch,
    /// The input ended in the middle of the file.
    #[error("unexpected end of input")]
    UnexpectedEnd,
    /// Bytes follow the end of the file.
    #[error("bytes behind the end")]
    TrailingBytes,
    /// A packed value (listpack, ziplist, zipmap, intset) whose header does not fit its bytes.
    #[error("bad packed header")]
    BadPackedHeader,
    /// A packed value with an entry that does not exist or does not fit.
    #[error("bad packed entry")]
    BadPackedEntry,
    /// A packed value that holds more or fewer entries than its header says.
    #[error("wrong number of packed entries")]
    BadPackedCount,
    /// A score that is no number.
    #[error("bad score")]
    BadScore,
    /// The expiry of a field that is no time.
    #[error("bad field expiry")]
    BadFieldExpiry,
    /// A node of a stream whose entries do not fit its counts and flags.
    #[error("bad stream node")]
    BadStreamNode,
}

/// What a decoder was reading when it met an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// The magic and the version.
    Header,
    /// The first byte of a record: a type or an opcode.
    Code,
    /// The body of an opcode's record.
    Record(&'static str),
    /// The name of a key whose value has this type.
    Key(ValueType),
    /// A value of this type.
    Value(ValueType),
    /// A packed value, by its name.
    Packed(&'static str),
    /// The checksum behind the end-of-file opcode.
    Checksum,
    /// What follows the end of the file.
    End,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Code => f.write_str("the code of a record"),
            Self::Record(name) => write!(f, "a {name} record"),
            Self::Key(value_type) => write!(f, "the key of a {} value", value_type.name()),
            Self::Value(value_type) => write!(f, "a {} value", value_type.name()),
            Self::Packed(name) => write!(f, "a {name}"),
            Self::Checksum => f.write_str("the checksum"),
            Self::End => f.write_str("past the end of the file"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_kind_offset_and_place() {
        let error = Error::new(ErrorKind::IllegalLength(0xbf), 4711, Reading::Value(ValueType::Hash));
        assert_eq!(error.to_string(), "illegal length byte 0xbf at offset 4711 while reading a hash-hashtable value");
    }
}
