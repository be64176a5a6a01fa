//! All that a file holds, read through the elements level.

use rdb::{Checksum, DbIndex, Decoder, ElementReader, Error, Eviction, Item, Key, Options, ValueType};

use super::{Bytes, Logical};

/// A key that was decoded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) db: DbIndex,
    pub(crate) key: Bytes,
    pub(crate) expire_at_ms: Option<i64>,
    pub(crate) eviction: Option<Eviction>,
    pub(crate) value_type: ValueType,
    pub(crate) value: Logical,
}

/// All that a file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Contents {
    pub(crate) keys: Vec<Found>,
    pub(crate) functions: Vec<Bytes>,
    pub(crate) aux: Vec<(Bytes, Bytes)>,
    /// Slot, keys, and keys that expire.
    pub(crate) slots: Vec<[u64; 3]>,
    pub(crate) checksum: Option<Checksum>,
    /// What was fed behind the end.
    pub(crate) trailing: Bytes,
}

/// Decodes `file`, fed in pieces of these sizes, the last one being the rest.
pub(crate) fn decode(
    file: &[u8],
    options: &Options,
    pieces: impl IntoIterator<Item = usize>,
) -> Result<Contents, Error> {
    let mut decoder = Decoder::new(options.clone());
    let mut reader = ElementReader::new(options);
    let mut contents = Contents::default();
    let mut rest = file;
    for piece in pieces {
        let (piece, more) = rest.split_at(piece.min(rest.len()));
        decoder.feed(piece);
        contents.take(&mut decoder, &mut reader)?;
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    decoder.feed(rest);
    contents.take(&mut decoder, &mut reader)?;
    if !decoder.is_done() {
        decoder.finish()?;
    }
    contents.trailing = decoder.trailing().to_vec();
    for found in &mut contents.keys {
        found.value = std::mem::replace(&mut found.value, Logical::String(Vec::new())).sorted();
    }
    Ok(contents)
}

impl Contents {
    fn take(&mut self, decoder: &mut Decoder, reader: &mut ElementReader) -> Result<(), Error> {
        while !decoder.is_done() {
            let Some(item) = decoder.next_item()? else { break };
            self.item(&item);
            let value = self.keys.last_mut().map(|found| &mut found.value);
            match value {
                Some(value) => reader.item(&item, |element| value.push(element))?,
                None => reader.item(&item, |element| panic!("{element:?} before the first key"))?,
            }
        }
        Ok(())
    }

    fn item(&mut self, item: &Item<'_>) {
        match item {
            Item::Entry(entry) => self.keys.push(Found::new(&entry.key)),
            Item::ValueBegin(key) => self.keys.push(Found::new(key)),
            Item::Function(source) => self.functions.push(source.to_vec()),
            Item::Aux { key, value } => self.aux.push((key.to_vec(), value.to_vec())),
            Item::SlotInfo { slot, keys, expires } => self.slots.push([*slot, *keys, *expires]),
            Item::End { checksum } => self.checksum = Some(*checksum),
            _ => {}
        }
    }
}

impl Found {
    fn new(key: &Key<'_>) -> Self {
        Self {
            db: key.db,
            key: key.name.to_vec(),
            expire_at_ms: key.expire_at_ms,
            eviction: key.eviction,
            value_type: key.value_type,
            value: Logical::empty(key.value_type.kind()),
        }
    }
}
