//! Content from elements.

use rdb::{Element, Scalar, StreamElement, StreamId, StreamSummary, ValueKind};

use super::{Content, Group, Pending, Stream, Text};

/// A value under way.
#[derive(Debug)]
pub struct ContentBuilder {
    content: Option<Content>,
    /// Whether a server could have such a value.
    legal: bool,
    group: Text,
    consumer: Text,
}

impl ContentBuilder {
    /// An empty value of this kind.
    pub fn new(kind: ValueKind) -> Self {
        let content = match kind {
            ValueKind::String => Some(Content::String(Text::new())),
            ValueKind::List => Some(Content::List(Vec::new())),
            ValueKind::Set => Some(Content::Set(Default::default())),
            ValueKind::SortedSet => Some(Content::SortedSet(Default::default())),
            ValueKind::Hash => Some(Content::Hash(Default::default())),
            ValueKind::Stream => Some(Content::Stream(Stream::default())),
            _ => None,
        };
        Self { content, legal: true, group: Text::new(), consumer: Text::new() }
    }

    /// The value, if it is of a kind that commands make and no server would refuse it.
    pub fn finish(mut self) -> Option<Content> {
        if let Some(Content::Stream(stream)) = &self.content {
            // Each pending entry is somebody's.
            let mut pending = stream.groups.values().flat_map(|group| group.pending.values());
            self.legal &= pending.all(|pending| !pending.consumer.is_empty());
        }
        self.content.filter(|_| self.legal)
    }

    /// Takes the next element.
    pub fn see(&mut self, element: &Element<'_>) {
        let Some(content) = &mut self.content else { return };
        let is_new = match (content, element) {
            (Content::String(text), Element::String(piece)) => {
                piece.write_to(text);
                true
            }
            (Content::List(list), Element::Item(item)) => {
                list.push(text(item));
                true
            }
            (Content::Set(set), Element::Member(member)) => set.insert(text(member)),
            (Content::SortedSet(set), Element::Scored { member, score }) => {
                set.insert(text(member), score.to_bits()).is_none()
            }
            (Content::Hash(hash), Element::Field { name, value, expire_at_ms }) => {
                // What is past is past.
                let expire_at_ms = expire_at_ms.map(|at| at.max(0));
                hash.insert(text(name), (text(value), expire_at_ms)).is_none()
            }
            (Content::Stream(stream), Element::Stream(element)) => {
                see_stream(stream, element, &mut self.group, &mut self.consumer)
            }
            (content, element) => panic!("{element:?} is no part of {content:?}"),
        };
        self.legal &= is_new;
    }
}

fn text(scalar: &Scalar<'_>) -> Text {
    scalar.into_cow().into_owned()
}

/// Whether a server would take it.
fn see_stream(stream: &mut Stream, element: &StreamElement<'_>, group: &mut Text, consumer: &mut Text) -> bool {
    match element {
        StreamElement::Entry { id, fields } => {
            let fields: Vec<_> = fields.clone().map(|(name, value)| (text(&name), text(&value))).collect();
            let legal = *id > stream.top() && !fields.is_empty();
            stream.entries.insert(*id, fields);
            legal
        }
        StreamElement::Summary(summary) => see_summary(stream, summary),
        StreamElement::Group { name, last_id, entries_read } => {
            *group = text(name);
            let found = Group { last_id: *last_id, entries_read: *entries_read, ..Group::default() };
            stream.groups.insert(group.clone(), found).is_none() && is_count(entries_read.unwrap_or_default())
        }
        StreamElement::Pending { id, delivered_at_ms, deliveries } => {
            let in_range = StreamId::default() < *id && *id <= stream.last_id;
            let pending = Pending { consumer: Text::new(), at_ms: *delivered_at_ms, deliveries: *deliveries };
            let group = stream.groups.entry(group.clone()).or_default();
            let is_next = group.pending.last_key_value().is_none_or(|(last, _)| last < id);
            group.pending.insert(*id, pending);
            in_range && is_next && *delivered_at_ms >= 0 && is_count(*deliveries)
        }
        StreamElement::Consumer { name, .. } => {
            *consumer = text(name);
            let is_new = stream.groups.entry(group.clone()).or_default().consumers.insert(consumer.clone());
            is_new && !consumer.is_empty()
        }
        StreamElement::Owned(id) => {
            let pending = stream.groups.entry(group.clone()).or_default().pending.get_mut(id);
            pending.is_some_and(|pending| std::mem::replace(&mut pending.consumer, consumer.clone()).is_empty())
        }
        _ => true,
    }
}

fn see_summary(stream: &mut Stream, summary: &StreamSummary) -> bool {
    let count = stream.entries.len() as u64;
    stream.last_id = summary.last_id;
    stream.max_deleted_id = summary.max_deleted_id.unwrap_or_default();
    stream.entries_added = summary.entries_added.unwrap_or(count);
    summary.length == count
        && stream.top() <= stream.last_id
        && stream.max_deleted_id <= stream.last_id
        && count <= stream.entries_added
        && is_count(stream.entries_added)
}

/// Servers count in signed numbers.
fn is_count(count: u64) -> bool {
    i64::try_from(count).is_ok()
}
