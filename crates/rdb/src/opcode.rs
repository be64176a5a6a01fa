//! Records that are not keys (`RDB_OPCODE_*` in `rdb.h`).

use crate::dialect::{Dialect, RdbVersion};
use crate::error::{ErrorKind, Reading};
use crate::raw::programs;
use crate::raw::step::Program;

/// What a record that is not a key means; each code of each dialect is one variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    /// 243 of Valkey: slots that were being imported.
    SlotImport,
    /// 243 of Redis: metadata that modules attached to the next key.
    KeyMeta,
    /// 244: how many keys a slot holds.
    SlotInfo,
    /// 245: the source of a function library.
    Function2,
    /// 246: a function library of the Redis 7.0 release candidates.
    FunctionPreGa,
    /// 247: data of a module that belongs to no key.
    ModuleAux,
    /// 248: seconds since the next key was used.
    Idle,
    /// 249: how often the next key was used.
    Freq,
    /// 250: a fact about the file.
    Aux,
    /// 251: how many keys the database holds.
    ResizeDb,
    /// 252: when the next key expires.
    ExpireTimeMs,
    /// 253: when the next key expires, in seconds.
    ExpireTime,
    /// 254: the database of the following keys.
    SelectDb,
    /// 255: the end of the records.
    Eof,
}

/// The lowest code that any dialect uses for an opcode.
pub(crate) const FIRST_OPCODE: u8 = KEY_META;

/// `RDB_OPCODE_KEY_META` of Redis.
pub(crate) const KEY_META: u8 = 243;

impl Opcode {
    /// The opcode that this code means in a file of this dialect and version.
    pub(crate) fn in_file(dialect: Dialect, version: RdbVersion, code: u8) -> Result<Self, ErrorKind> {
        let (opcode, since) = match (dialect, code) {
            (Dialect::Redis, KEY_META) => (Self::KeyMeta, 13),
            (Dialect::Valkey, 243) => (Self::SlotImport, 80),
            (_, 244) => (Self::SlotInfo, 12),
            (_, 245) => (Self::Function2, 10),
            (_, 246) => (Self::FunctionPreGa, 10),
            (_, 247) => (Self::ModuleAux, 9),
            (_, 248) => (Self::Idle, 9),
            (_, 249) => (Self::Freq, 9),
            // Servers write it from version 7 on, but files that state less are known to hold it.
            (_, 250) => (Self::Aux, 1),
            (_, 251) => (Self::ResizeDb, 7),
            (_, 252) => (Self::ExpireTimeMs, 3),
            (_, 253) => (Self::ExpireTime, 1),
            (_, 254) => (Self::SelectDb, 1),
            (_, 255) => (Self::Eof, 1),
            _ => return Err(ErrorKind::UnknownCode(code)),
        };
        if since > version.number() {
            return Err(ErrorKind::CodeTooNew { code, version: version.number() });
        }
        Ok(opcode)
    }

    /// What the record's body is made of.
    pub(crate) const fn program(self) -> Program {
        match self {
            Self::SlotImport => programs::SLOT_IMPORT,
            Self::KeyMeta => programs::KEY_META,
            Self::SlotInfo => programs::THREE_LENGTHS,
            Self::Function2 => programs::STRING,
            Self::FunctionPreGa => programs::FUNCTION_PRE_GA,
            Self::ModuleAux => programs::MODULE_AUX,
            Self::Idle | Self::SelectDb => programs::LENGTH,
            Self::Freq => programs::BYTE,
            Self::Aux => programs::TWO_STRINGS,
            Self::ResizeDb => programs::TWO_LENGTHS,
            Self::ExpireTimeMs => programs::EIGHT_BYTES,
            Self::ExpireTime => programs::FOUR_BYTES,
            Self::Eof => &[],
        }
    }

    /// What an error in the record's body says was being read.
    pub(crate) const fn reading(self) -> Reading {
        Reading::Record(match self {
            Self::SlotImport => "slot-import",
            Self::KeyMeta => "key-meta",
            Self::SlotInfo => "slot-info",
            Self::Function2 => "function",
            Self::FunctionPreGa => "pre-release function",
            Self::ModuleAux => "module-aux",
            Self::Idle => "idle",
            Self::Freq => "freq",
            Self::Aux => "aux",
            Self::ResizeDb => "resize-db",
            Self::ExpireTimeMs => "expire-time-ms",
            Self::ExpireTime => "expire-time",
            Self::SelectDb => "select-db",
            Self::Eof => "end-of-file",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opcode_belongs_to_its_dialect_and_version() {
        let in_file = |dialect, version, code| Opcode::in_file(dialect, RdbVersion::new(version), code);
        assert_eq!(in_file(Dialect::Redis, 13, 243), Ok(Opcode::KeyMeta));
        assert_eq!(in_file(Dialect::Valkey, 80, 243), Ok(Opcode::SlotImport));
        assert_eq!(in_file(Dialect::Redis, 12, 243), Err(ErrorKind::CodeTooNew { code: 243, version: 12 }));
        assert_eq!(in_file(Dialect::Redis, 15, 242), Err(ErrorKind::UnknownCode(242)));
        assert_eq!(in_file(Dialect::Redis, 1, 250), Ok(Opcode::Aux));
    }
}
