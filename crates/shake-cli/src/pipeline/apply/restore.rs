//! How values of a snapshot are written, and those that are one command: `RESTORE`, or `SET`.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use rdb::{Eviction, Key, ValueKind};

use crate::pipeline::plan::{ExistingKeys, OnLoss};

/// How the keys of a snapshot are written to the target.
#[derive(Debug, Clone)]
pub(crate) struct Restore {
    /// What becomes of a key that is there.
    pub(crate) existing: ExistingKeys,
    /// Longest argument that the target takes (`proto-max-bulk-len`).
    pub(crate) max_bulk: usize,
    /// Larger values are not held whole: they are built from parts.
    pub(crate) max_whole: usize,
    /// What to do about what the target cannot be told.
    pub(crate) on_loss: OnLoss,
    /// The name of the link; reserved keys bear it.
    pub(crate) link: Arc<str>,
}

impl Restore {
    /// The longest payload that a value of this kind is gathered to.
    pub(crate) fn most_gathered(&self, kind: ValueKind) -> usize {
        match kind {
            // There are no commands for them.
            ValueKind::Module | ValueKind::Array => self.max_bulk,
            _ => self.max_whole,
        }
    }

    pub(crate) fn replaces(&self) -> bool {
        self.existing == ExistingKeys::Replace
    }

    /// The longest string that a source is believed to have; lengths beyond are damage.
    pub(crate) fn longest_string(&self) -> u64 {
        self.max_bulk.max(512 << 20) as u64
    }
}

#[cfg(test)]
impl Restore {
    /// What tests restore with: keys are replaced, nothing may be lost, values of more than a mebibyte are giants.
    pub(crate) fn for_tests() -> Self {
        Self {
            existing: ExistingKeys::Replace,
            max_bulk: 1 << 20,
            max_whole: 1 << 20,
            on_loss: OnLoss::Stop,
            link: "link".into(),
        }
    }
}

/// `RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME s | FREQ f]`, of a payload in pieces
pub(super) fn put_restore<P: AsRef<[u8]>>(out: &mut BytesMut, key: &Key<'_>, payload: &[P], replace: bool) {
    let len = payload.iter().map(|piece| piece.as_ref().len()).sum::<usize>();
    let args =
        4 + usize::from(replace) + usize::from(key.expire_at_ms.is_some()) + 2 * usize::from(key.eviction.is_some());
    out.reserve(len + key.name.len() + WORDS);
    resp::put_array(out, args);
    resp::put_bulk(out, b"RESTORE");
    resp::put_bulk(out, key.name);
    // An expiry of zero would be none; one that is past removes the key, which is what it says.
    resp::put_integer_bulk(out, key.expire_at_ms.map_or(0, |at| at.max(1)));
    out.put_slice(format!("${len}\r\n").as_bytes());
    payload.iter().for_each(|piece| out.put_slice(piece.as_ref()));
    out.put_slice(b"\r\n");
    if replace {
        resp::put_bulk(out, b"REPLACE");
    }
    if key.expire_at_ms.is_some() {
        resp::put_bulk(out, b"ABSTTL");
    }
    match key.eviction {
        Some(Eviction::IdleSeconds(seconds)) => {
            resp::put_bulk(out, b"IDLETIME");
            resp::put_integer_bulk(out, seconds);
        }
        Some(Eviction::Freq(frequency)) => {
            resp::put_bulk(out, b"FREQ");
            resp::put_integer_bulk(out, frequency);
        }
        None => {}
    }
}

/// Room for all that stands around a key and its payload.
const WORDS: usize = 128;

/// `SET key value [PXAT ms]`
pub(super) fn put_set(out: &mut BytesMut, key: &[u8], value: &[u8], expire_at_ms: Option<i64>) {
    resp::put_array(out, if expire_at_ms.is_some() { 5 } else { 3 });
    resp::put_bulk(out, b"SET");
    resp::put_bulk(out, key);
    resp::put_bulk(out, value);
    if let Some(at) = expire_at_ms {
        resp::put_bulk(out, b"PXAT");
        resp::put_integer_bulk(out, at);
    }
}
