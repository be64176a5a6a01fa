//! A value from its elements.

use rdb::{CellValue, Element, ModulePart, Scalar, StreamElement, StreamSummary, ValueKind};

use super::{Bytes, Consumer, Group, Logical, Stream, Summary};

impl Logical {
    /// A value of this kind without elements.
    pub(super) fn empty(kind: ValueKind) -> Self {
        match kind {
            ValueKind::String => Self::String(Vec::new()),
            ValueKind::List => Self::List(Vec::new()),
            ValueKind::Set => Self::Set(Vec::new()),
            ValueKind::SortedSet => Self::SortedSet(Vec::new()),
            ValueKind::Hash => Self::Hash(Vec::new()),
            ValueKind::Stream => Self::Stream(Box::default()),
            ValueKind::Array => Self::Array { insertion: None, cells: Vec::new() },
            ValueKind::Module => Self::Module(Vec::new()),
            other => panic!("a new kind of value: {other:?}"),
        }
    }

    /// Adds an element.
    pub(super) fn push(&mut self, element: Element<'_>) {
        match (self, element) {
            (Self::String(string), Element::String(piece)) => piece.write_to(string),
            (Self::List(items), Element::Item(item)) => items.push(bytes(item)),
            (Self::Set(members), Element::Member(member)) => members.push(bytes(member)),
            (Self::SortedSet(members), Element::Scored { member, score }) => {
                members.push((bytes(member), score.to_bits()));
            }
            (Self::Hash(fields), Element::Field { name, value, expire_at_ms }) => {
                fields.push((bytes(name), bytes(value), expire_at_ms));
            }
            (Self::Stream(stream), Element::Stream(element)) => stream.push(element),
            (Self::Array { cells, .. }, Element::Cell { index, value }) => cells.push((index, cell(value))),
            (Self::Array { insertion, .. }, Element::Insertion(index)) => *insertion = Some(index),
            (Self::Module(parts), Element::Module(part)) => parts.push(module_part(part)),
            (value, element) => panic!("{element:?} in {value:?}"),
        }
    }

    /// Sorts what has no order.
    pub(super) fn sorted(mut self) -> Self {
        match &mut self {
            Self::Set(members) => members.sort(),
            Self::SortedSet(members) => members.sort(),
            Self::Hash(fields) => fields.sort(),
            Self::Stream(stream) => stream.sort(),
            _ => {}
        }
        self
    }
}

impl Stream {
    fn push(&mut self, element: StreamElement<'_>) {
        match element {
            StreamElement::Entry { id, fields } => {
                let announced = fields.len();
                let fields: Vec<_> = fields.map(|(name, value)| (bytes(name), bytes(value))).collect();
                assert_eq!(fields.len(), announced, "fields of {id}");
                self.entries.push((id, fields));
            }
            StreamElement::Summary(summary) => self.summary = Summary::from(summary),
            StreamElement::Group { name, last_id, entries_read } => {
                self.groups.push(Group { name: bytes(name), last_id, entries_read, ..Group::default() });
            }
            StreamElement::Pending { id, delivered_at_ms, deliveries } => {
                self.group().pending.push((id, delivered_at_ms, deliveries));
            }
            StreamElement::Consumer { name, seen_at_ms, active_at_ms } => {
                let consumer = Consumer { name: bytes(name), seen_at_ms, active_at_ms, owned: Vec::new() };
                self.group().consumers.push(consumer);
            }
            StreamElement::Owned(id) => {
                self.group().consumers.last_mut().expect("a consumer before what it owns").owned.push(id);
            }
            StreamElement::Refused(id) => self.group().refused.push(id),
            StreamElement::Producer(name) => self.idempotence.push(format!("producer {name}")),
            StreamElement::Produced { message, id } => self.idempotence.push(format!("message {message} is {id}")),
            other => self.idempotence.push(format!("{other:?}")),
        }
    }

    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("a group before what is in it")
    }

    pub(super) fn sort(&mut self) {
        self.groups.sort_by(|one, other| one.name.cmp(&other.name));
        for group in &mut self.groups {
            group.pending.sort_unstable();
            group.consumers.sort_by(|one, other| one.name.cmp(&other.name));
        }
    }
}

impl From<StreamSummary> for Summary {
    fn from(summary: StreamSummary) -> Self {
        let StreamSummary { length, last_id, first_id, max_deleted_id, entries_added, .. } = summary;
        Self { length, last_id, first_id, max_deleted_id, entries_added }
    }
}

fn bytes(scalar: Scalar<'_>) -> Bytes {
    scalar.into_cow().into_owned()
}

fn cell(value: CellValue<'_>) -> String {
    match value {
        CellValue::String(text) | CellValue::Short(text) => text.to_string(),
        CellValue::Int(number) => number.to_string(),
        CellValue::Double(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn module_part(part: ModulePart<'_>) -> String {
    match part {
        ModulePart::Id(id) => format!("module {id} {}", id.encoding_version()),
        ModulePart::String(text) => format!("string {text}"),
        other => format!("{other:?}"),
    }
}
