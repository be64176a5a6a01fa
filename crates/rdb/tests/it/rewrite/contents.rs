//! What a snapshot says, element by element and independent of encodings.

use std::collections::{BTreeMap, BTreeSet};

use rdb::{Decoder, Element, ElementReader, Item, Key, Options, Scalar, StreamElement, StreamId, ValueKind};

/// What each key holds, by database and name.
pub(super) type Contents = BTreeMap<(u32, Vec<u8>), Content>;

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Content {
    pub(super) kind: ValueKind,
    pub(super) expire_at_ms: Option<i64>,
    pub(super) expiring_fields: BTreeMap<String, i64>,
    pub(super) stream: Stream,
    /// The elements as text, in the order that means something.
    pub(super) elements: Vec<String>,
}

/// What a stream says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stream {
    pub(super) last_id: StreamId,
    pub(super) first_id: Option<StreamId>,
    pub(super) max_deleted_id: Option<StreamId>,
    pub(super) entries_added: Option<u64>,
    pub(super) entries_read: BTreeMap<String, Option<u64>>,
    pub(super) entries: BTreeSet<StreamId>,
    /// By group: the entry, when it was handed out, and how often.
    pub(super) pending: Vec<(String, StreamId, i64, u64)>,
    /// By group and consumer.
    pub(super) owned: Vec<(String, String, StreamId)>,
}

/// Takes away what is pending without an entry, and says how much that was.
pub(super) fn remove_dangling(contents: &mut Contents) -> u64 {
    let mut count = 0;
    for stream in contents.values_mut().map(|content| &mut content.stream) {
        let before = stream.pending.len();
        stream.pending.retain(|(_, id, ..)| stream.entries.contains(id));
        stream.owned.retain(|(.., id)| stream.entries.contains(id));
        count += before - stream.pending.len();
    }
    count as u64
}

/// Reads a whole snapshot.
pub(super) fn read(file: &[u8]) -> Contents {
    let options = Options::default().whole_value_limit(256 << 20);
    let (mut decoder, mut reader) = (Decoder::new(options.clone()), ElementReader::new(&options));
    let mut contents = Contents::new();
    decoder.feed(file);
    while let Some(item) = decoder.next_item().unwrap() {
        let Item::Entry(entry) = item else { continue };
        let mut content = Content::new(&entry.key);
        let mut within = Within::default();
        reader.value(&entry.value, |element| content.add(&element, &mut within)).unwrap();
        content.finish();
        contents.insert((entry.key.db.0, entry.key.name.to_vec()), content);
    }
    decoder.finish().unwrap();
    contents
}

/// The group and the consumer that elements belong to.
#[derive(Default)]
struct Within {
    group: String,
    consumer: String,
}

impl Content {
    fn new(key: &Key<'_>) -> Self {
        Self {
            kind: key.value_type.kind(),
            expire_at_ms: key.expire_at_ms,
            expiring_fields: BTreeMap::new(),
            stream: Stream::default(),
            elements: Vec::new(),
        }
    }

    fn add(&mut self, element: &Element<'_>, within: &mut Within) {
        match element {
            Element::String(piece) if !self.elements.is_empty() => self.elements[0].push_str(&text(piece)),
            Element::String(text_of) | Element::Item(text_of) | Element::Member(text_of) => {
                self.elements.push(text(text_of));
            }
            // Small sorted sets keep no sign of zero since Redis 7.2; large ones do, and are asked in a test of theirs.
            Element::Scored { member, score } => {
                self.elements.push(format!("{} {:016x}", text(member), (score + 0.0).to_bits()));
            }
            Element::Field { name, value, expire_at_ms } => {
                self.elements.push(format!("{} {}", text(name), text(value)));
                self.expiring_fields.extend(expire_at_ms.map(|at| (text(name), at)));
            }
            Element::Stream(element) => self.add_stream(element, within),
            other => panic!("{other:?}"),
        }
    }

    fn add_stream(&mut self, element: &StreamElement<'_>, within: &mut Within) {
        let line = match element {
            StreamElement::Entry { id, fields } => {
                self.stream.first_id.get_or_insert(*id);
                self.stream.entries.insert(*id);
                let fields: Vec<_> = fields.clone().map(|(name, value)| text(&name) + "=" + &text(&value)).collect();
                format!("entry {id} {}", fields.join(" "))
            }
            StreamElement::Summary(summary) => {
                self.stream.last_id = summary.last_id;
                self.stream.max_deleted_id = summary.max_deleted_id;
                self.stream.entries_added = summary.entries_added;
                let first = self.stream.first_id.unwrap_or_default();
                assert_eq!(summary.first_id.unwrap_or(first), first);
                format!("length {}", summary.length)
            }
            StreamElement::Group { name, last_id, entries_read } => {
                within.group = text(name);
                self.stream.entries_read.insert(text(name), *entries_read);
                format!("group {} {last_id}", text(name))
            }
            StreamElement::Pending { id, delivered_at_ms, deliveries } => {
                let pending = (within.group.clone(), *id, *delivered_at_ms, *deliveries);
                return self.stream.pending.push(pending);
            }
            StreamElement::Consumer { name, .. } => {
                within.consumer = text(name);
                format!("consumer {} {}", within.group, text(name))
            }
            StreamElement::Owned(id) => {
                return self.stream.owned.push((within.group.clone(), within.consumer.clone(), *id));
            }
            other => panic!("{other:?}"),
        };
        self.elements.push(line);
    }

    fn finish(&mut self) {
        if self.kind != ValueKind::List {
            self.elements.sort();
        }
    }
}

fn text(scalar: &Scalar<'_>) -> String {
    scalar.into_cow().escape_ascii().to_string()
}
