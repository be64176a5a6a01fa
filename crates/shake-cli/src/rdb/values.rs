//! The values on the way through a snapshot, read element by element, whether they come whole or in chunks.

use rdb::{ElementReader, Eviction, Item, Key, ValueType};

use super::walk::{self, Fault, Step};
use super::weight::Weight;

/// Weighs one value after the other, and keeps the first that is damaged.
pub(super) struct Values {
    /// Absent when values are not looked into.
    reader: Option<ElementReader>,
    open: Open,
    first_damaged: Option<Fault>,
    damaged: u64,
}

/// A key with its value, which has come to its end.
#[derive(Debug)]
pub(super) struct Value<'a> {
    pub(super) name: &'a [u8],
    pub(super) about: About,
    /// Bytes in the file, of the key with everything that belongs to it.
    pub(super) bytes: u64,
    /// What is in it, as far as it could be read.
    pub(super) weight: Weight,
    /// Whether all of it was looked into and could be read.
    pub(super) is_read: bool,
    /// How it is written.
    pub(super) encoding: &'static str,
}

/// What there is to know about a key, whatever its name and value are.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) db: u32,
    pub(super) value_type: ValueType,
    pub(super) expire_at_ms: Option<i64>,
    pub(super) eviction: Option<Eviction>,
}

impl About {
    const fn of(key: &Key<'_>) -> Self {
        Self { db: key.db.0, value_type: key.value_type, expire_at_ms: key.expire_at_ms, eviction: key.eviction }
    }
}

/// The value under way.
#[derive(Debug, Default)]
struct Open {
    name: Vec<u8>,
    about: Option<About>,
    start: u64,
    weight: Weight,
    encoding: Option<&'static str>,
    spoilt: bool,
}

impl Values {
    /// Looks into values, unless only their bytes are asked for.
    pub(super) fn new(look_into: bool) -> Self {
        Self {
            reader: look_into.then(|| ElementReader::new(&walk::options())),
            open: Open::default(),
            first_damaged: None,
            damaged: 0,
        }
    }

    /// Takes the next item, and gives the value that ends with it, if one does.
    pub(super) fn step<'a>(&'a mut self, step: &Step<'a>) -> Option<Value<'a>> {
        let item = step.item;
        match item {
            Item::Entry(entry) => {
                self.open.weight = Weight::default();
                self.open.spoilt = false;
                self.read(item, Some(entry.key.name));
                let end = entry.value.offset() + entry.value.bytes().len() as u64;
                let encoding = encoding(entry.key.value_type, entry.value.bytes());
                Some(self.value(entry.key.name, About::of(&entry.key), end - step.start, encoding))
            }
            Item::ValueBegin(key) => {
                let mut name = std::mem::take(&mut self.open.name);
                key.name.clone_into(&mut name);
                self.open = Open { name, about: Some(About::of(key)), start: step.start, ..Open::default() };
                self.read(item, None);
                None
            }
            Item::ValueChunk(bytes) => {
                if let (None, Some(about)) = (self.open.encoding, self.open.about) {
                    self.open.encoding = Some(encoding(about.value_type, bytes));
                }
                self.read(item, None);
                None
            }
            Item::ValueEnd => {
                self.read(item, None);
                let about = self.open.about?;
                let encoding = self.open.encoding.unwrap_or_else(|| about.value_type.name());
                Some(self.value(&self.open.name, about, step.start - self.open.start, encoding))
            }
            _ => None,
        }
    }

    /// How many values are damaged.
    pub(super) const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// What is wrong with the first of them.
    pub(super) fn take_first_damaged(&mut self) -> Option<Fault> {
        self.first_damaged.take()
    }

    /// Weighs a value, or a part of one whose key is open.
    #[inline]
    fn read(&mut self, item: &Item<'_>, name: Option<&[u8]>) {
        let Some(reader) = self.reader.as_mut().filter(|_| !self.open.spoilt) else { return };
        let weight = &mut self.open.weight;
        if let Err(error) = reader.item(item, |element| weight.add(&element)) {
            self.open.spoilt = true;
            self.damaged += 1;
            let name = name.unwrap_or(&self.open.name);
            self.first_damaged.get_or_insert_with(|| Fault::in_value(error, name));
        }
    }

    fn value<'a>(&self, name: &'a [u8], about: About, bytes: u64, encoding: &'static str) -> Value<'a> {
        let is_read = self.reader.is_some() && !self.open.spoilt;
        Value { name, about, bytes, weight: self.open.weight, is_read, encoding }
    }
}

/// How a value is written; strings have three ways, which their first byte tells.
fn encoding(value_type: ValueType, bytes: &[u8]) -> &'static str {
    match (value_type, bytes.first()) {
        (ValueType::String, Some(0xc0..=0xc2)) => "string-int",
        (ValueType::String, Some(0xc3)) => "string-lzf",
        (ValueType::String, _) => "string-plain",
        _ => value_type.name(),
    }
}
