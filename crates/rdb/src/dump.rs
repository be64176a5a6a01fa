//! `DUMP` payloads: what `RESTORE` takes, made from the bytes of a snapshot (`createDumpPayload`).
//!
//! A payload is the value's type and bytes as in the file (module metadata before them, if there is any), the version
//! of the format, and a CRC-64 of all that. It is signed with the lowest version that has the type, because servers
//! refuse versions above their own and check nothing else about it.

use crc_fast::{CrcAlgorithm, Digest};

use crate::dialect::RdbVersion;
use crate::item::{Entry, Key};

/// Version and checksum.
pub const DUMP_FOOTER_LEN: usize = 10;

/// Files hold metadata of keys from this version on.
const KEY_META_SINCE: RdbVersion = RdbVersion::new(13);

/// How long the payload of this key is, given the bytes of its value.
#[must_use]
pub const fn dump_len(key: &Key<'_>, value_len: u64) -> u64 {
    key.metadata.len() as u64 + 1 + value_len + DUMP_FOOTER_LEN as u64
}

/// The version that the payload of this key is signed with.
#[must_use]
pub fn dump_version(key: &Key<'_>) -> RdbVersion {
    let version = key.value_type.dump_version();
    if key.metadata.is_empty() { version } else { version.max(KEY_META_SINCE) }
}

impl Entry<'_> {
    /// How long the payload of this entry is.
    #[must_use]
    pub const fn dump_len(&self) -> usize {
        self.key.metadata.len() + 1 + self.value.bytes().len() + DUMP_FOOTER_LEN
    }

    /// Appends the payload of this entry: [`dump_len`](Self::dump_len) bytes.
    pub fn dump_into(&self, out: &mut Vec<u8>) {
        out.reserve(self.dump_len());
        let start = out.len();
        write_head(&self.key, out);
        out.extend_from_slice(self.value.bytes());
        out.extend_from_slice(&dump_version(&self.key).number().to_le_bytes());
        let crc = crc_fast::checksum(CrcAlgorithm::Crc64Redis, out.get(start..).unwrap_or_default());
        out.extend_from_slice(&crc.to_le_bytes());
    }
}

fn write_head(key: &Key<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(key.metadata);
    out.push(key.value_type.code());
}

/// Makes the payload of a value that comes in chunks; whoever sends it must know its length beforehand.
///
/// The payload is what [`begin`](Self::begin) appends, the chunks, and what [`finish`](Self::finish) returns.
#[derive(Debug, Clone)]
pub struct DumpWriter {
    digest: Digest,
    version: RdbVersion,
}

impl DumpWriter {
    /// Starts the payload of `key`: appends what stands before the value.
    #[must_use]
    pub fn begin(key: &Key<'_>, out: &mut Vec<u8>) -> Self {
        let start = out.len();
        write_head(key, out);
        let mut digest = Digest::new(CrcAlgorithm::Crc64Redis);
        digest.update(out.get(start..).unwrap_or_default());
        Self { digest, version: dump_version(key) }
    }

    /// Takes the next bytes of the value into account; to send them is the caller's part.
    pub fn chunk(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// The footer: what stands behind the value.
    #[must_use]
    pub fn finish(mut self) -> [u8; DUMP_FOOTER_LEN] {
        let version = self.version.number().to_le_bytes();
        self.digest.update(&version);
        let mut footer = [0; DUMP_FOOTER_LEN];
        let (head, tail) = footer.split_at_mut(version.len());
        head.copy_from_slice(&version);
        tail.copy_from_slice(&self.digest.finalize().to_le_bytes());
        footer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{DbIndex, RawValue};
    use crate::value_type::ValueType;

    fn entry<'a>(value_type: ValueType, metadata: &'a [u8], bytes: &'a [u8]) -> Entry<'a> {
        Entry {
            key: Key {
                name: b"k",
                db: DbIndex(0),
                expire_at_ms: None,
                eviction: None,
                value_type,
                metadata,
                offset: 0,
                value_offset: 3,
            },
            value: RawValue::new(value_type, bytes, 3),
        }
    }

    #[test]
    fn a_payload_is_type_value_version_and_checksum() {
        let mut payload = Vec::new();
        let entry = entry(ValueType::String, b"", b"\x05hello");
        entry.dump_into(&mut payload);
        assert_eq!(payload.len(), entry.dump_len());
        assert_eq!(payload.len() as u64, dump_len(&entry.key, 6));
        assert_eq!(payload[..9], *b"\x00\x05hello\x06\x00");
        let crc = crc_fast::checksum(CrcAlgorithm::Crc64Redis, b"\x00\x05hello\x06\x00");
        assert_eq!(payload[9..], crc.to_le_bytes());
    }

    #[test]
    fn metadata_stands_before_the_type_and_raises_the_version() {
        let mut payload = Vec::new();
        entry(ValueType::String, b"\xf3\x00", b"\x01v").dump_into(&mut payload);
        assert_eq!(payload[..7], *b"\xf3\x00\x00\x01v\x0d\x00");
    }

    #[test]
    fn chunks_make_the_same_payload() {
        let entry = entry(ValueType::Hash, b"\xf3\x00", b"\x01\x01f\x01v");
        let mut whole = b"before".to_vec();
        entry.dump_into(&mut whole);
        let mut parts = b"before".to_vec();
        let mut writer = DumpWriter::begin(&entry.key, &mut parts);
        for byte in entry.value.bytes() {
            writer.chunk(&[*byte]);
            parts.push(*byte);
        }
        parts.extend_from_slice(&writer.finish());
        assert_eq!(parts, whole);
    }
}
