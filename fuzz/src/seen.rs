//! Everything that can be seen of a decoding, written down: two decodings of the same file must look the same.

use std::io::Write;

use rdb::{Decoder, Digester, Element, ElementReader, Entry, Item, Options, Part, PartReader, Scalar, StreamElement};

/// The items with the offsets behind them, and how it ended.
pub fn items(file: &[u8], options: &Options, pieces: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut seen = Vec::new();
    let (decoder, result) = walk(file, options, pieces, |offset, item| {
        note(&mut seen, &offset);
        see_item(&mut seen, item);
    });
    note(&mut seen, &result);
    note(&mut seen, &(decoder.offset(), decoder.finish()));
    seen.extend_from_slice(decoder.trailing());
    seen
}

/// The values that came to their end: their elements and digests, and what was wrong with them.
///
/// The same for any split, and for any size of values and chunks.
pub fn values(file: &[u8], options: &Options, pieces: impl Iterator<Item = usize>) -> Vec<u8> {
    let (mut reader, mut digester) = (ElementReader::new(options), Digester::default());
    let (mut value, mut values) = (Value::default(), Vec::new());
    let _ = walk(file, options, pieces, |_, item| {
        match item {
            Item::Entry(Entry { key, .. }) | Item::ValueBegin(key) => digester.begin(key.value_type.kind()),
            _ => {}
        }
        let see = |element: Element<'_>| {
            digester.element(&element);
            value.see(&element);
        };
        if let Err(error) = reader.item(item, see) {
            value.error.get_or_insert(error);
        }
        if matches!(item, Item::Entry(_) | Item::ValueEnd) {
            let digest = digester.finish();
            if value.error.is_none() {
                note(&mut values, &digest);
            }
            std::mem::take(&mut value).close(&mut values);
        }
    });
    values
}

/// The values that came to their end: their parts, and what was wrong with them. As [`values`].
pub fn parts(file: &[u8], options: &Options, pieces: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut reader = PartReader::new(options);
    let (mut value, mut values) = (Vec::new(), Vec::new());
    let _ = walk(file, options, pieces, |_, item| {
        let result = match item {
            Item::Entry(Entry { key, value: raw, .. }) => {
                reader.begin(key.value_type, key.value_offset);
                let read = reader.chunk(raw.bytes(), |at, len, part| see_part(&mut value, at, len, &part));
                read.and_then(|()| reader.end())
            }
            Item::ValueBegin(key) => {
                reader.begin(key.value_type, key.value_offset);
                Ok(())
            }
            Item::ValueChunk(chunk) => reader.chunk(chunk, |at, len, part| see_part(&mut value, at, len, &part)),
            Item::ValueEnd => reader.end(),
            _ => Ok(()),
        };
        if let Err(error) = result {
            note(&mut value, &error);
        }
        if matches!(item, Item::Entry(_) | Item::ValueEnd) {
            bytes(&mut values, b'P', &std::mem::take(&mut value));
        }
    });
    values
}

fn see_part(seen: &mut Vec<u8>, at: u64, len: u64, part: &Part<'_>) {
    note(seen, &(at, len));
    match part {
        Part::String(text) => match text.decode() {
            Ok(text) => bytes(seen, b'S', &text),
            Err(error) => note(seen, &error),
        },
        Part::Bytes(fixed) => bytes(seen, b'B', fixed),
        other => note(seen, other),
    }
}

/// Hands `see` each item, and the offset behind the one before it.
fn walk(
    file: &[u8],
    options: &Options,
    mut pieces: impl Iterator<Item = usize>,
    mut see: impl FnMut(u64, &Item<'_>),
) -> (Decoder, Result<(), rdb::Error>) {
    let mut decoder = Decoder::new(options.clone());
    let mut rest = file;
    loop {
        let result = ask(&mut decoder, &mut see);
        if rest.is_empty() || result.is_err() {
            return (decoder, result);
        }
        let (piece, more) = rest.split_at(pieces.next().unwrap_or(rest.len()).min(rest.len()));
        decoder.feed(piece);
        rest = more;
    }
}

fn ask(decoder: &mut Decoder, see: &mut impl FnMut(u64, &Item<'_>)) -> Result<(), rdb::Error> {
    let mut behind = decoder.offset();
    while let Some(item) = decoder.next_item()? {
        see(behind, &item);
        assert!(decoder.offset() >= behind, "offsets never go back");
        behind = decoder.offset();
    }
    Ok(())
}

fn see_item(seen: &mut Vec<u8>, item: &Item<'_>) {
    match item {
        Item::Entry(Entry { key, value, .. }) => {
            note(seen, key);
            bytes(seen, b'E', value.bytes());
        }
        Item::ValueChunk(chunk) => bytes(seen, b'C', chunk),
        other => note(seen, other),
    }
}

fn note(seen: &mut Vec<u8>, what: &impl std::fmt::Debug) {
    // Writing to a vector cannot fail.
    let _ = write!(seen, "{what:?};");
}

fn bytes(seen: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    seen.push(tag);
    note(seen, &bytes.len());
    seen.extend_from_slice(bytes);
}

fn scalar(seen: &mut Vec<u8>, tag: u8, scalar: &Scalar<'_>) {
    seen.push(tag);
    note(seen, &scalar.len());
    scalar.write_to(seen);
}

/// What is seen of one value.
#[derive(Debug, Default)]
struct Value {
    /// The pieces of a string together.
    text: Vec<u8>,
    elements: Vec<u8>,
    error: Option<rdb::Error>,
}

impl Value {
    fn see(&mut self, element: &Element<'_>) {
        assert!(self.error.is_none(), "nothing comes behind an error");
        let seen = &mut self.elements;
        match element {
            Element::String(piece) => piece.write_to(&mut self.text),
            Element::Item(item) => scalar(seen, b'I', item),
            Element::Member(member) => scalar(seen, b'M', member),
            Element::Scored { member, score } => {
                scalar(seen, b'S', member);
                seen.extend_from_slice(&score.to_bits().to_le_bytes());
            }
            Element::Field { name, value, expire_at_ms } => {
                scalar(seen, b'F', name);
                scalar(seen, b'V', value);
                note(seen, expire_at_ms);
            }
            // An iterator looks different when its blob stands elsewhere.
            Element::Stream(StreamElement::Entry { id, fields }) => {
                note(seen, id);
                fields.clone().for_each(|(name, value)| {
                    scalar(seen, b'F', &name);
                    scalar(seen, b'V', &value);
                });
            }
            other => note(seen, other),
        }
    }

    fn close(self, values: &mut Vec<u8>) {
        // How much of a damaged string was handed out depends on how it came.
        let text = if self.error.is_none() { self.text.as_slice() } else { &[] };
        bytes(values, b'T', text);
        bytes(values, b'E', &self.elements);
        note(values, &self.error);
    }
}
