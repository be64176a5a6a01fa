//! A value of a snapshot as one command: `RESTORE`, or `SET`.

use bytes::BytesMut;
use rdb::{Eviction, Key};

/// `RESTORE` without its payload.
pub(super) struct RestoreCommand {
    key: Vec<u8>,
    expire_at_ms: Option<i64>,
    eviction: Option<Eviction>,
}

impl RestoreCommand {
    pub(super) fn of(key: &Key<'_>) -> Self {
        Self { key: key.name.to_vec(), expire_at_ms: key.expire_at_ms, eviction: key.eviction }
    }

    /// `RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME s | FREQ f]`
    pub(super) fn put(&self, out: &mut BytesMut, payload: &[u8], replace: bool) {
        let args = 4
            + usize::from(replace)
            + usize::from(self.expire_at_ms.is_some())
            + 2 * usize::from(self.eviction.is_some());
        resp::put_array(out, args);
        resp::put_bulk(out, b"RESTORE");
        resp::put_bulk(out, &self.key);
        // An expiry of zero would be none; one that is past removes the key, which is what it says.
        resp::put_integer_bulk(out, self.expire_at_ms.map_or(0, |at| at.max(1)));
        resp::put_bulk(out, payload);
        if replace {
            resp::put_bulk(out, b"REPLACE");
        }
        if self.expire_at_ms.is_some() {
            resp::put_bulk(out, b"ABSTTL");
        }
        match self.eviction {
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
}

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

