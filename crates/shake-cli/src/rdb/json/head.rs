//! What stands before the value in the object of a key.

use rdb::{Key, ValueType};

use super::number;
use super::text::Text;
use crate::rdb::filter::kind_name;

/// Writes database, name, type and encoding; most keys have the same as the one before, so the text is kept.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// `{"db":0,"key":`, for this database.
    start: Vec<u8>,
    db: Option<u32>,
    /// `,"type":"hash","encoding":"hash-listpack"`, for this type.
    middle: Vec<u8>,
    value_type: Option<ValueType>,
}

impl Head {
    /// Writes everything up to the encoding.
    #[inline]
    pub(super) fn write(&mut self, key: &Key<'_>, text: &mut Text, out: &mut Vec<u8>) {
        if self.db != Some(key.db.0) {
            self.enter_db(key.db.0);
        }
        if self.value_type != Some(key.value_type) {
            self.enter_type(key.value_type);
        }
        out.extend_from_slice(&self.start);
        text.bytes(key.name, out);
        out.extend_from_slice(&self.middle);
    }

    fn enter_db(&mut self, db: u32) {
        self.db = Some(db);
        self.start.clear();
        self.start.extend_from_slice(b"{\"db\":");
        number::unsigned(db.into(), &mut self.start);
        self.start.extend_from_slice(b",\"key\":");
    }

    fn enter_type(&mut self, value_type: ValueType) {
        self.value_type = Some(value_type);
        self.middle.clear();
        for text in [",\"type\":\"", kind_name(value_type.kind()), "\",\"encoding\":\"", value_type.name(), "\""] {
            self.middle.extend_from_slice(text.as_bytes());
        }
    }
}
