//! What a snapshot is made of, as the decoder hands it out.

use std::fmt;

use crate::dialect::{Dialect, RdbVersion};
use crate::error::{Error, Reading};
use crate::raw::string::{EncodedString, StringValue};
use crate::value_type::ValueType;

/// One item of a snapshot; it borrows from the decoder and is good until that is fed or asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// The first item: who wrote the file, and in which version of the format.
    Header {
        /// Which family of servers wrote the file.
        dialect: Dialect,
        /// The version of the format.
        version: RdbVersion,
    },
    /// A fact about the file (`RDB_OPCODE_AUX`); also met between keys, and to be ignored when not known.
    Aux {
        /// The name: `redis-ver`, `repl-id`, `slot-info`, ...
        key: &'a [u8],
        /// What the file says about it.
        value: &'a [u8],
    },
    /// The database of the keys that follow; it may be stated again.
    SelectDb(DbIndex),
    /// A hint how large the database is (`RDB_OPCODE_RESIZEDB`).
    ResizeDb {
        /// Keys in the database.
        keys: u64,
        /// Keys that expire.
        expires: u64,
    },
    /// A hint how large a slot is (`RDB_OPCODE_SLOT_INFO`).
    SlotInfo {
        /// The hash slot.
        slot: u64,
        /// Keys in the slot.
        keys: u64,
        /// Keys that expire.
        expires: u64,
    },
    /// The source of a function library, for `FUNCTION LOAD REPLACE` (`RDB_OPCODE_FUNCTION2`).
    Function(&'a [u8]),
    /// A function library as the Redis 7.0 release candidates wrote it; no later server loads it. The record's body.
    FunctionPreGa(&'a [u8]),
    /// Slots that a Valkey node was importing (`RDB_OPCODE_SLOT_IMPORT`). The record's body.
    SlotImport(&'a [u8]),
    /// What a module saved beside the keys (`RDB_OPCODE_MODULE_AUX`).
    ModuleAux(ModuleAux<'a>),
    /// A key with its whole value.
    Entry(Entry<'a>),
    /// A key whose value is larger than [`Options::whole_value_limit`](crate::Options::whole_value_limit).
    ValueBegin(Key<'a>),
    /// The next bytes of that value; together they are what [`RawValue::bytes`] would be.
    ValueChunk(&'a [u8]),
    /// The end of that value.
    ValueEnd,
    /// The end of the file; the last item.
    End {
        /// What came of the checksum.
        checksum: Checksum,
    },
}

impl<'a> Item<'a> {
    /// The key that this item is or begins; `None` for everything else, the chunks of a value included.
    #[must_use]
    pub const fn key(&self) -> Option<&Key<'a>> {
        match self {
            Self::Entry(entry) => Some(&entry.key),
            Self::ValueBegin(key) => Some(key),
            _ => None,
        }
    }
}

/// The index of a database, as in `SELECT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DbIndex(pub u32);

impl fmt::Display for DbIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key, and everything about it but the value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The database it is in.
    pub db: DbIndex,
    /// When it expires, in Unix milliseconds; possibly in the past.
    ///
    /// Files of version 8 and less from big-endian machines have the bytes reversed, and do not say so.
    pub expire_at_ms: Option<i64>,
    /// What the server knew about its use.
    pub eviction: Option<Eviction>,
    /// How its value is written.
    pub value_type: ValueType,
    /// Metadata of modules (`RDB_OPCODE_KEY_META`), opcode included; part of the `DUMP` payload. Mostly empty.
    pub metadata: &'a [u8],
    /// The file offset of the record: of its type byte.
    pub offset: u64,
    /// The file offset of the value.
    pub value_offset: u64,
}

impl<'a> Key<'a> {
    /// A key of database 0 that does not expire; for values that do not come from a decoder.
    #[must_use]
    pub const fn new(name: &'a [u8], value_type: ValueType) -> Self {
        Self {
            name,
            db: DbIndex(0),
            expire_at_ms: None,
            eviction: None,
            value_type,
            metadata: &[],
            offset: 0,
            value_offset: 0,
        }
    }
}

/// What an evicting server knows about the use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// Seconds since it was used: `RESTORE ... IDLETIME`.
    IdleSeconds(u64),
    /// The logarithmic counter of its uses: `RESTORE ... FREQ`.
    Freq(u8),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// The key.
    pub key: Key<'a>,
    /// Its value.
    pub value: RawValue<'a>,
}

impl<'a> Entry<'a> {
    /// A key with this value, for values that do not come from a decoder; the key's type is made the value's.
    #[must_use]
    pub const fn new(mut key: Key<'a>, value: RawValue<'a>) -> Self {
        key.value_type = value.value_type;
        Self { key, value }
    }
}

/// A value as it is in the file: checked for its extent, not for what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawValue<'a> {
    bytes: &'a [u8],
    value_type: ValueType,
    offset: u64,
}

impl<'a> RawValue<'a> {
    pub(crate) const fn new(value_type: ValueType, bytes: &'a [u8], offset: u64) -> Self {
        Self { bytes, value_type, offset }
    }

    /// The bytes of the file, without the type byte.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How the value is written.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// The file offset of [`bytes`](Self::bytes).
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// What a string says; `None` for values of other types.
    ///
    /// Borrowed when the file holds it plainly; integers become digits, compressed strings are expanded.
    ///
    /// # Errors
    /// [`ErrorKind::BadLzf`](crate::ErrorKind::BadLzf) when a compressed string does not expand to its stated length.
    #[inline]
    pub fn as_string(&self) -> Result<Option<StringValue<'a>>, Error> {
        if self.value_type != ValueType::String {
            return Ok(None);
        }
        EncodedString::split(self.bytes, u64::MAX)
            .and_then(|(string, _)| string.decode())
            .map(Some)
            .map_err(|kind| Error::new(kind, self.offset, Reading::Value(self.value_type)))
    }
}

/// What a module saved beside the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleAux<'a> {
    /// The module's type and the version of its encoding.
    pub module: ModuleId,
    /// When it was saved: 1 before the keys, 2 after them (`REDISMODULE_AUX_BEFORE_RDB`).
    pub when: u64,
    /// The record's body.
    pub body: &'a [u8],
}

/// The name of a module's type and the version of its encoding, in 64 bits (`moduleTypeEncodeId`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModuleId(pub u64);

impl ModuleId {
    /// The nine characters of the type's name.
    #[must_use]
    pub fn name(self) -> [u8; 9] {
        let mut name = [0; 9];
        let mut bits = self.0 >> 10;
        for character in name.iter_mut().rev() {
            *character = module_name_character(bits & 0x3f);
            bits >>= 6;
        }
        name
    }

    /// The version of the encoding.
    #[must_use]
    pub const fn encoding_version(self) -> u64 {
        self.0 & 0x3ff
    }
}

fn module_name_character(bits: u64) -> u8 {
    const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    usize::try_from(bits).ok().and_then(|index| CHARACTERS.get(index)).copied().unwrap_or(b'?')
}

impl fmt::Display for ModuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.name()))
    }
}

/// What came of the checksum at the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Checksum {
    /// It is that of the file.
    Verified,
    /// The server was told not to make one (`rdbchecksum no`, `skip-rdb-checksum`): it is zero.
    Off,
    /// Files of this version have none (1 to 4).
    Absent,
    /// There is one, but [`Options::check_crc`](crate::Options::check_crc) is off.
    Unchecked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_ids_name_their_module() {
        // "testrdbty", encoding version 1, as computed by moduleTypeEncodeId.
        let id = b"testrdbty".iter().fold(0_u64, |id, &character| {
            let index = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                .iter()
                .position(|&other| other == character)
                .unwrap();
            id << 6 | index as u64
        }) << 10
            | 1;
        assert_eq!(ModuleId(id).to_string(), "testrdbty");
        assert_eq!(ModuleId(id).encoding_version(), 1);
    }

    #[test]
    fn only_strings_have_a_string() {
        let string = RawValue::new(ValueType::String, b"\x02hi", 12);
        assert_eq!(string.as_string().unwrap().unwrap().as_bytes(), b"hi");
        let list = RawValue::new(ValueType::List, b"\x00", 12);
        assert_eq!(list.as_string(), Ok(None));
        let bad = RawValue::new(ValueType::String, b"\xc3\x01\x05\x00", 12);
        assert_eq!(bad.as_string().unwrap_err().to_string(), "bad LZF data at offset 12 while reading a string value");
    }
}
