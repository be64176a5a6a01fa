use rdb::{DbIndex, Eviction, Key, ValueType};

/// A key whose value comes in chunks, kept while it comes.
#[derive(Debug, Clone)]
pub(super) struct HeldKey {
    pub(super) name: Vec<u8>,
    pub(super) db: DbIndex,
    pub(super) expire_at_ms: Option<i64>,
    pub(super) eviction: Option<Eviction>,
    pub(super) value_type: ValueType,
    pub(super) metadata: Vec<u8>,
    pub(super) offset: u64,
    pub(super) value_offset: u64,
}

impl HeldKey {
    pub(super) fn of(key: &Key<'_>) -> Self {
        Self {
            name: key.name.to_vec(),
            db: key.db,
            expire_at_ms: key.expire_at_ms,
            eviction: key.eviction,
            value_type: key.value_type,
            metadata: key.metadata.to_vec(),
            offset: key.offset,
            value_offset: key.value_offset,
        }
    }

    pub(super) fn as_key(&self) -> Key<'_> {
        let mut key = Key::new(&self.name, self.value_type);
        key.db = self.db;
        key.expire_at_ms = self.expire_at_ms;
        key.eviction = self.eviction;
        key.metadata = &self.metadata;
        key.offset = self.offset;
        key.value_offset = self.value_offset;
        key
    }

    /// The name for messages.
    pub(super) fn shown(&self) -> String {
        self.name.escape_ascii().to_string()
    }
}
