//! What opcodes say about the key that follows them.

use crate::error::ErrorKind;
use crate::item::Eviction;
use crate::opcode::{KEY_META, Opcode};
use crate::room::release;

use super::header;

/// What was said about the next key.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) expire_at_ms: Option<i64>,
    pub(super) eviction: Option<Eviction>,
    /// The record of the modules' metadata, opcode included, as it belongs in a `DUMP` payload.
    pub(super) metadata: Vec<u8>,
    /// The key was handed out.
    pub(super) spent: bool,
}

impl Attributes {
    /// Takes the body of a record; false if the record does not speak of the next key.
    pub(super) fn take(&mut self, opcode: Opcode, body: &[u8]) -> Result<bool, ErrorKind> {
        match opcode {
            Opcode::ExpireTimeMs => self.expire_at_ms = milliseconds(body),
            Opcode::ExpireTime => self.expire_at_ms = seconds(body),
            Opcode::Freq => self.eviction = body.first().map(|&freq| Eviction::Freq(freq)),
            Opcode::Idle => {
                let [seconds] = header::lengths(body)?;
                self.eviction = Some(Eviction::IdleSeconds(seconds));
            }
            Opcode::KeyMeta => {
                self.metadata.clear();
                self.metadata.push(KEY_META);
                self.metadata.extend_from_slice(body);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Forgets everything: the key was handed out.
    pub(super) fn reset(&mut self) {
        self.expire_at_ms = None;
        self.eviction = None;
        release(&mut self.metadata);
        self.spent = false;
    }
}

/// Unix milliseconds; servers read -1 as no expiry.
fn milliseconds(data: &[u8]) -> Option<i64> {
    data.first_chunk().map(|&bytes| i64::from_le_bytes(bytes)).filter(|&time| time != -1)
}

/// Unix seconds, in milliseconds.
fn seconds(data: &[u8]) -> Option<i64> {
    data.first_chunk().map(|&bytes| i64::from(i32::from_le_bytes(bytes)) * 1000)
}
