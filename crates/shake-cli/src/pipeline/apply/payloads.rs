//! `RESTORE` in a stream: what MIGRATE leaves at the node that got a key, and what users say.

use bytes::BytesMut;
use rdb::{DumpPayload, DumpWriter, Entry, Key, RewriteErrorKind, Rewriter};

use super::error::ApplyErrorKind;
use super::losses::LossBook;
use super::plain::{options, refused, set_clock};
use super::restore::Restore;
use super::unit::{Frames, Unit};

/// Makes payloads of the source such that the target takes them.
#[derive(Debug)]
pub(crate) struct Payloads {
    target: rdb::Target,
    rewriter: Rewriter,
    frames: Frames,
    book: LossBook,
}

/// What becomes of a payload.
#[derive(Debug)]
pub(super) enum Adapted {
    /// The target looks at it as it is.
    Same,
    /// The same value, signed with the lowest version that has its type.
    Signed(Vec<u8>),
    /// The target does not load its type: commands that make the key anew, and say when it expires.
    Commands(Unit),
}

/// When a restored key expires, in the words of its RESTORE.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry<'a> {
    /// Milliseconds; none for `0`.
    pub(super) ttl: &'a [u8],
    /// Whether they are a time and not a span.
    pub(super) absolute: bool,
}

impl Payloads {
    pub(crate) fn new(target: rdb::Target, restore: &Restore) -> Self {
        let options = options(restore).replace(true);
        let book = LossBook::new(target, restore.on_loss);
        Self { target, rewriter: Rewriter::new(target, options), frames: Frames::new(), book }
    }

    /// What becomes of this payload, which is to replace `name`.
    ///
    /// # Errors
    /// When the target does not load it and no commands make it, or something would be lost that must not be.
    pub(super) fn adapt(&mut self, name: &[u8], payload: &[u8], expiry: Expiry<'_>) -> Result<Adapted, ApplyErrorKind> {
        // Most payloads are signed with a version that the target knows, and then it knows all that may be in them.
        if rdb::dump_payload_version(payload).is_none_or(|version| self.target.takes_version(version)) {
            return Ok(Adapted::Same);
        }
        // What is damaged is for the target to refuse.
        let Ok(parsed) = DumpPayload::parse(payload) else { return Ok(Adapted::Same) };
        let mut key = Key::new(name, parsed.value_type());
        key.metadata = parsed.metadata();
        let entry = Entry::new(key, parsed.value());
        if self.target.loads(&entry.key) {
            return Ok(Adapted::Signed(sign(&entry)));
        }
        self.commands(&entry, expiry).map(Adapted::Commands)
    }

    /// The commands that make this entry anew.
    ///
    /// # Errors
    /// As [`adapt`](Self::adapt).
    pub(super) fn commands(&mut self, entry: &Entry<'_>, expiry: Expiry<'_>) -> Result<Unit, ApplyErrorKind> {
        set_clock(&mut self.rewriter);
        let (key, mut out) = (&entry.key, BytesMut::new());
        self.rewriter.entry(entry, &mut out).map_err(|error| match error.kind() {
            RewriteErrorKind::TooLarge => ApplyErrorKind::TooManyCommands { key: key.name.escape_ascii().to_string() },
            _ => refused(key, &error),
        })?;
        self.book.check(key.name, self.rewriter.losses())?;
        self.book.record(key.name, self.rewriter.losses());
        let (mut unit, mut at) = (Unit::default(), 0);
        while let Some((frame, _)) = self.frames.first(out.get(at..).unwrap_or_default()) {
            unit.push_frame(frame);
            at += frame.len();
        }
        // Without an element there is no key.
        if unit.len() > 1 && expiry.ttl != b"0" {
            let command: &[u8] = if expiry.absolute { b"PEXPIREAT" } else { b"PEXPIRE" };
            unit.push(&[command, key.name, expiry.ttl]);
        }
        Ok(unit)
    }

    /// What the target could not be told so far, and where it was first met.
    pub(crate) fn book(&mut self) -> &mut LossBook {
        &mut self.book
    }
}

fn sign(entry: &Entry<'_>) -> Vec<u8> {
    let mut payload = Vec::with_capacity(entry.dump_len());
    let mut writer = DumpWriter::begin(&entry.key, &mut payload);
    writer.chunk(entry.value.bytes());
    payload.extend_from_slice(entry.value.bytes());
    payload.extend_from_slice(&writer.finish());
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(target: rdb::Target) -> Payloads {
        Payloads::new(target, &Restore::for_tests())
    }

    /// Signed with this version, whatever it is.
    fn dump(body: &[u8], version: u16) -> Vec<u8> {
        let mut payload = [body, &version.to_le_bytes()].concat();
        let crc = crc_of(&payload);
        payload.extend_from_slice(&crc);
        payload
    }

    /// By way of a payload that is made of the same bytes.
    fn crc_of(bytes: &[u8]) -> [u8; 8] {
        let mut crc = 0u64;
        for &byte in bytes {
            crc ^= u64::from(byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0x95AC_9329_AC4B_C9B5 } else { crc >> 1 };
            }
        }
        crc.to_le_bytes()
    }

    fn adapt(target: rdb::Target, payload: &[u8], ttl: &str, absolute: bool) -> String {
        match payloads(target).adapt(b"k", payload, Expiry { ttl: ttl.as_bytes(), absolute }) {
            Ok(Adapted::Same) => "same".to_owned(),
            Ok(Adapted::Signed(payload)) => format!("signed {}", payload[payload.len() - 10]),
            Ok(Adapted::Commands(unit)) => {
                let words = |frame: &[u8]| {
                    let text = String::from_utf8_lossy(frame).into_owned();
                    text.split("\r\n").skip(2).step_by(2).collect::<Vec<_>>().join(" ")
                };
                unit.frames().map(words).collect::<Vec<_>>().join("; ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_payload_passes_is_signed_anew_or_becomes_commands() {
        let (redis_7, redis_8) = (rdb::Target::redis(7, 0), rdb::Target::redis(8, 0));
        let valkey_8 = rdb::Target::valkey(8, 0);
        let string = dump(b"\x00\x01v", 12);
        assert_eq!(adapt(redis_8, &string, "0", false), "same");
        assert_eq!(adapt(valkey_8, &string, "0", false), "signed 6");
        let set = dump(b"\x14\x0d\x0d\0\0\0\x02\0\x81a\x02\x81b\x02\xff", 11);
        assert_eq!(adapt(valkey_8, &set, "0", false), "same");
        assert_eq!(adapt(redis_7, &set, "0", false), "UNLINK k; SADD k a b");
        assert_eq!(adapt(redis_7, &set, "5000", false), "UNLINK k; SADD k a b; PEXPIRE k 5000");
        assert_eq!(adapt(redis_7, &set, "9000", true), "UNLINK k; SADD k a b; PEXPIREAT k 9000");
        let fields = [&b"\x18"[..], &9_999_999_999_999_i64.to_le_bytes(), b"\x01\x01\x01f\x01v"].concat();
        let refused = adapt(valkey_8, &dump(&fields, 12), "0", false);
        assert!(refused.contains("cannot be told the expiry of hash fields of key k"), "{refused}");
        let mut damaged = string;
        damaged[1] ^= 1;
        assert_eq!(adapt(valkey_8, &damaged, "0", false), "same");
    }
}
