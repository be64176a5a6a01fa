//! `DUMP` payloads, read: what `RESTORE` is given (`verifyDumpPayload`, `restoreCommand`).

use crc_fast::{CrcAlgorithm, checksum};

use crate::dialect::{Dialect, RdbVersion};
use crate::dump::DUMP_FOOTER_LEN;
use crate::error::{Error, ErrorKind, Reading};
use crate::item::RawValue;
use crate::opcode::{KEY_META, Opcode};
use crate::raw::programs;
use crate::raw::skimmer::{Progress, Skimmer};
use crate::raw::step::Program;
use crate::value_type::ValueType;

/// A payload, taken apart; the value is checked for its extent, not for what is in it.
///
/// Offsets of errors and of the value count from the first byte of the payload.
///
/// # Examples
/// ```
/// use rdb::{Decoder, DumpPayload, Item, Options, ValueType};
///
/// let mut decoder = Decoder::new(Options::default());
/// decoder.feed(b"REDIS0003\x00\x03key\xc0\x0a\xff");
/// decoder.next_item()?;
/// let Some(Item::Entry(entry)) = decoder.next_item()? else { panic!("a string") };
/// let mut bytes = Vec::new();
/// entry.dump_into(&mut bytes);
///
/// let payload = DumpPayload::parse(&bytes)?;
/// assert_eq!((payload.value_type(), payload.version().number()), (ValueType::String, 6));
/// assert_eq!(payload.value().as_string()?.as_deref(), Some(b"10".as_slice()));
/// # Ok::<(), rdb::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpPayload<'a> {
    version: RdbVersion,
    metadata: &'a [u8],
    value: RawValue<'a>,
}

impl<'a> DumpPayload<'a> {
    /// Takes a payload apart. A checksum of zero is as wrong as any other: servers do not accept it here.
    ///
    /// # Errors
    /// [`Error`] when the payload is too short, its checksum is not that of its bytes, its version has no such type, or
    /// it holds more or less than one value.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Error> {
        let (signed, stored) = payload.split_last_chunk().ok_or_else(|| too_short(payload))?;
        if payload.len() > DUMP_FOOTER_LEN && checksum(CrcAlgorithm::Crc64Redis, signed) != u64::from_le_bytes(*stored)
        {
            return Err(Error::new(ErrorKind::ChecksumMismatch, signed.len() as u64, Reading::Checksum));
        }
        Self::parse_unverified(payload)
    }

    /// Takes a payload apart whatever its checksum, as servers do for tests (`DEBUG set-skip-checksum-validation`).
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_unverified(payload: &'a [u8]) -> Result<Self, Error> {
        let body = payload.len().checked_sub(DUMP_FOOTER_LEN).filter(|&len| len > 0);
        let (body, footer) = body.and_then(|len| payload.split_at_checked(len)).ok_or_else(|| too_short(payload))?;
        let version = RdbVersion::new(footer.first_chunk().map_or(0, |&bytes| u16::from_le_bytes(bytes)));
        if version.number() == 0 {
            return Err(Error::new(ErrorKind::BadVersion, body.len() as u64, Reading::Checksum));
        }
        let (metadata, rest) = split_metadata(body, version)?;
        let at = metadata.len() as u64;
        let (&code, value) = rest.split_first().ok_or(Error::new(ErrorKind::UnexpectedEnd, at, Reading::Code))?;
        let value_type = value_type(version, code).map_err(|kind| Error::new(kind, at, Reading::Code))?;
        let value = RawValue::new(value_type, value, at + 1);
        check_extent(&value)?;
        Ok(Self { version, metadata, value })
    }

    /// The version of the format that the payload states.
    #[must_use]
    pub const fn version(&self) -> RdbVersion {
        self.version
    }

    /// Whose codes the payload uses, which only the version tells: those from 80 on are Valkey's.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        dialect(self.version)
    }

    /// Metadata of modules (`RDB_OPCODE_KEY_META`), opcode included. Mostly empty.
    #[must_use]
    pub const fn metadata(&self) -> &'a [u8] {
        self.metadata
    }

    /// How the value is written.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        self.value.value_type()
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> RawValue<'a> {
        self.value
    }
}

/// The version that a payload is signed with, whatever else is in it; `None` when it is too short to be one.
#[must_use]
pub fn dump_payload_version(payload: &[u8]) -> Option<RdbVersion> {
    let footer: &[u8; DUMP_FOOTER_LEN] = payload.last_chunk().filter(|_| payload.len() > DUMP_FOOTER_LEN)?;
    footer.first_chunk().map(|&version| RdbVersion::new(u16::from_le_bytes(version)))
}

const fn too_short(payload: &[u8]) -> Error {
    Error::new(ErrorKind::UnexpectedEnd, payload.len() as u64, Reading::Checksum)
}

const fn dialect(version: RdbVersion) -> Dialect {
    if version.number() >= RdbVersion::FIRST_OF_VALKEY.number() { Dialect::Valkey } else { Dialect::Redis }
}

/// The type of this code. Up to 21 they mean the same in every payload: tools sign them with versions that did not have
/// them yet, so that older servers look at them at all.
fn value_type(version: RdbVersion, code: u8) -> Result<ValueType, ErrorKind> {
    let newest_shared = RdbVersion::new(version.number().max(LAST_SHARED));
    let version = if code <= LAST_SHARED_CODE { newest_shared } else { version };
    ValueType::in_file(dialect(version), version, code)
}

/// Splits metadata off that stands before the type.
fn split_metadata(body: &[u8], version: RdbVersion) -> Result<(&[u8], &[u8]), Error> {
    let Some((&KEY_META, rest)) = body.split_first() else { return Ok((b"", body)) };
    let reading = Reading::Code;
    match Opcode::in_file(dialect(version), version, KEY_META) {
        Ok(Opcode::KeyMeta) => {}
        Ok(_) => return Err(Error::new(ErrorKind::UnknownCode(KEY_META), 0, reading)),
        Err(kind) => return Err(Error::new(kind, 0, reading)),
    }
    let len = extent(programs::KEY_META, rest)
        .map_err(|(kind, at)| Error::new(kind, 1 + at as u64, Reading::Record("KEY_META")))?;
    Ok(body.split_at_checked(1 + len).unwrap_or((body, b"")))
}

/// Checks that the value ends where its bytes end.
fn check_extent(value: &RawValue<'_>) -> Result<(), Error> {
    let (kind, at) = match extent(value.value_type().program(), value.bytes()) {
        Ok(end) if end == value.bytes().len() => return Ok(()),
        Ok(end) => (ErrorKind::TrailingBytes, end),
        Err(found) => found,
    };
    Err(Error::new(kind, value.offset() + at as u64, Reading::Value(value.value_type())))
}

/// The end of what `program` describes, or what is wrong, and where.
fn extent(program: Program, data: &[u8]) -> Result<usize, (ErrorKind, usize)> {
    let (mut skimmer, mut at) = (Skimmer::new(u64::MAX), 0);
    skimmer.start(program);
    match skimmer.run(data, &mut at, usize::MAX) {
        Ok(Progress::Done) => Ok(at),
        Ok(Progress::Stopped | Progress::More) => Err((ErrorKind::UnexpectedEnd, at)),
        Err(kind) => Err((kind, at)),
    }
}

/// The last version, and the last type, from before the dialects parted.
const LAST_SHARED: u16 = 11;
const LAST_SHARED_CODE: u8 = 21;

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(body: &[u8], version: u16) -> Vec<u8> {
        let mut payload = [body, &version.to_le_bytes()].concat();
        payload.extend(checksum(CrcAlgorithm::Crc64Redis, &payload).to_le_bytes());
        payload
    }

    fn refused(body: &[u8], version: u16) -> (ErrorKind, u64) {
        let error = DumpPayload::parse(&signed(body, version)).unwrap_err();
        (error.kind(), error.offset())
    }

    #[test]
    fn a_payload_is_taken_apart() {
        let bytes = signed(b"\x00\x05hello", 6);
        let payload = DumpPayload::parse(&bytes).unwrap();
        assert_eq!((payload.version(), payload.dialect()), (RdbVersion::new(6), Dialect::Redis));
        assert_eq!(dump_payload_version(&bytes), Some(payload.version()));
        assert_eq!(dump_payload_version(&bytes[bytes.len() - DUMP_FOOTER_LEN..]), None);
        assert_eq!((payload.value().bytes(), payload.value().offset()), (&b"\x05hello"[..], 1));
        let bytes = signed(b"\xf3\x01abcd\x02\x07\x00\x00\x01v", 13);
        let payload = DumpPayload::parse(&bytes).unwrap();
        assert_eq!(payload.metadata(), b"\xf3\x01abcd\x02\x07\x00");
        assert_eq!((payload.value_type(), payload.value().offset()), (ValueType::String, 10));
    }

    #[test]
    fn the_version_tells_the_dialect() {
        let value_type =
            |version| DumpPayload::parse(&signed(b"\x16\x00", version)).map(|payload| payload.value_type());
        assert_eq!(value_type(12), Ok(ValueType::HashMetadataPreGa));
        assert_eq!(value_type(80), Ok(ValueType::HashFieldExpiry));
        assert_eq!(refused(b"\x16\x00", 11), (ErrorKind::CodeTooNew { code: 22, version: 11 }, 0));
        assert!(DumpPayload::parse(&signed(b"\x12\x00", 9)).is_ok(), "a list signed with an older version");
    }

    #[test]
    fn what_servers_refuse_is_refused() {
        assert_eq!(refused(b"\x00\x05hell", 6), (ErrorKind::UnexpectedEnd, 6));
        assert_eq!(refused(b"\x00\x01ab", 6), (ErrorKind::TrailingBytes, 3));
        assert_eq!(refused(b"\x08\x00", 12), (ErrorKind::UnknownCode(8), 0));
        assert_eq!(refused(b"\xf3\x00\x00\x00", 12).1, 0);
        assert_eq!(refused(b"\xf3\x00", 13), (ErrorKind::UnexpectedEnd, 2));
        assert_eq!(refused(b"", 12), (ErrorKind::UnexpectedEnd, 10));
        assert_eq!(refused(b"\x00\x00", 0), (ErrorKind::BadVersion, 2));
        let mut zero = signed(b"\x00\x00", 12);
        let len = zero.len();
        zero[len - 8..].fill(0);
        assert_eq!(DumpPayload::parse(&zero).unwrap_err().kind(), ErrorKind::ChecksumMismatch);
        assert!(DumpPayload::parse_unverified(&zero).is_ok());
    }
}
