//! How much there is in a value, whatever its encoding.

use rdb::{CellValue, Element, ModulePart, StreamElement};

/// What a value weighs: its elements, and the bytes of all strings and numbers in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// List items, members, fields, entries, cells, parts; none for strings.
    pub(super) elements: u64,
    /// Bytes of strings; scores and other binary numbers count 8, IDs 16.
    pub(super) bytes: u64,
}

impl Weight {
    /// Takes an element into account.
    #[inline]
    pub(super) fn add(&mut self, element: &Element<'_>) {
        let (elements, bytes) = match element {
            Element::String(piece) => (0, piece.len()),
            Element::Item(item) | Element::Member(item) => (1, item.len()),
            Element::Scored { member, .. } => (1, member.len() + NUMBER),
            Element::Field { name, value, expire_at_ms } => {
                (1, name.len() + value.len() + if expire_at_ms.is_some() { NUMBER } else { 0 })
            }
            Element::Stream(part) => of_stream(part),
            Element::Cell { value, .. } => (1, NUMBER + of_cell(value)),
            Element::Module(part) => (1, of_module(part)),
            _ => (0, NUMBER),
        };
        self.elements += elements;
        self.bytes += bytes as u64;
    }
}

fn of_stream(part: &StreamElement<'_>) -> (u64, usize) {
    match part {
        StreamElement::Entry { fields, .. } => {
            let strings: usize = fields.clone().map(|(name, value)| name.len() + value.len()).sum();
            (1, ID + strings)
        }
        StreamElement::Group { name, .. } | StreamElement::Consumer { name, .. } => (0, name.len() + ID),
        StreamElement::Pending { .. } => (0, ID + 2 * NUMBER),
        StreamElement::Owned(_) | StreamElement::Refused(_) => (0, ID),
        StreamElement::Producer(name) => (0, name.len()),
        StreamElement::Produced { message, .. } => (0, message.len() + ID),
        _ => (0, NUMBER),
    }
}

fn of_cell(value: &CellValue<'_>) -> usize {
    match value {
        CellValue::String(string) | CellValue::Short(string) => string.len(),
        _ => NUMBER,
    }
}

fn of_module(part: &ModulePart<'_>) -> usize {
    match part {
        ModulePart::String(string) => string.len(),
        _ => NUMBER,
    }
}

const NUMBER: usize = 8;
const ID: usize = 16;
