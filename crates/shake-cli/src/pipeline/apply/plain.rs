//! Values as plain commands, for what `RESTORE` cannot carry.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use rdb::{DbIndex, Entry, Key, Losses, RewriteErrorKind, RewriteOptions, Rewriter, ValueType};

/// Makes plain commands of values; each value starts with the deletion of its key.
pub(super) struct Plain {
    rewriter: Rewriter,
}

/// A key, and what a rewriter has to know of it.
#[derive(Clone)]
pub(super) struct Head {
    pub(super) name: Vec<u8>,
    pub(super) db: u32,
    pub(super) expire_at_ms: Option<i64>,
    pub(super) value_type: ValueType,
    pub(super) metadata: Vec<u8>,
    pub(super) offset: u64,
}

impl Plain {
    pub(super) fn new(server: rdb::Target) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let options = RewriteOptions::default()
            .replace(true)
            .select(false)
            .max_output(MOST_AT_ONCE)
            .max_gathered(MOST_AT_ONCE)
            .max_bytes(COMMAND_BYTES)
            .now_ms(i64::try_from(now).unwrap_or(i64::MAX));
        Self { rewriter: Rewriter::new(server, options) }
    }

    pub(super) fn server(&self) -> rdb::Target {
        self.rewriter.target()
    }

    /// All commands of a whole value; nothing when they are too many for one piece.
    pub(super) fn entry(&mut self, entry: &Entry<'_>) -> Result<Option<BytesMut>, RewriteErrorKind> {
        match self.write(|rewriter, out| rewriter.entry(entry, out)) {
            Ok(commands) => Ok(Some(commands)),
            Err(RewriteErrorKind::TooLarge) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn begin(&mut self, head: &Head) -> Result<BytesMut, RewriteErrorKind> {
        self.write(|rewriter, out| rewriter.begin(&head.key(), out))
    }

    pub(super) fn chunk(&mut self, bytes: &[u8]) -> Result<BytesMut, RewriteErrorKind> {
        self.write(|rewriter, out| rewriter.chunk(bytes, out))
    }

    pub(super) fn end(&mut self) -> Result<BytesMut, RewriteErrorKind> {
        self.write(|rewriter, out| rewriter.end(out))
    }

    /// What was lost of the last value.
    pub(super) fn losses(&self) -> &Losses {
        self.rewriter.losses()
    }

    /// What was lost of all values.
    pub(super) fn all_losses(&self) -> &Losses {
        self.rewriter.all_losses()
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut Rewriter, &mut BytesMut) -> Result<(), rdb::RewriteError>,
    ) -> Result<BytesMut, RewriteErrorKind> {
        let mut out = BytesMut::new();
        write(&mut self.rewriter, &mut out).map_err(|error| error.kind())?;
        Ok(out)
    }
}

impl Head {
    pub(super) fn of(key: &Key<'_>) -> Self {
        Self {
            name: key.name.to_vec(),
            db: key.db.0,
            expire_at_ms: key.expire_at_ms,
            value_type: key.value_type,
            metadata: key.metadata.to_vec(),
            offset: key.offset,
        }
    }

    /// The key as the rewriter takes it.
    pub(super) fn key(&self) -> Key<'_> {
        let mut key = Key::new(&self.name, self.value_type);
        key.db = DbIndex(self.db);
        key.expire_at_ms = self.expire_at_ms;
        key.metadata = &self.metadata;
        key.offset = self.offset;
        key
    }
}

/// What was lost, in words.
pub(super) fn describe(losses: &Losses) -> String {
    let lost: Vec<String> = losses.iter().map(|(kind, count)| format!("{} ({count})", kind.name())).collect();
    lost.join(", ")
}

/// The most bytes of commands that one piece of a value becomes, and of a stream that is held until it is whole.
const MOST_AT_ONCE: usize = 16 << 20;

/// The most bytes that one command carries, but for an element that is longer.
const COMMAND_BYTES: usize = 256 << 10;
