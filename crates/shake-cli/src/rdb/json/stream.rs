//! Streams as JSON, part by part.

use std::io::Write;

use rdb::{EntryFields, Scalar, StreamElement, StreamId, StreamSummary};

use super::number;
use super::text::Text;

/// Writes the parts of a stream in their order; it knows which brackets are open.
#[derive(Debug, Default)]
pub(super) struct StreamWriter {
    /// What has to be closed, the innermost last.
    open: Vec<Level>,
    /// Whether the innermost list has an element.
    comma: bool,
}

/// What is open, and with what it is closed. Lists and the objects in them take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Entries,
    Groups,
    Group,
    Pending,
    Consumers,
    Consumer,
    Owned,
    Refused,
    Idempotence,
    Producers,
    Producer,
    Messages,
}

impl Level {
    const fn is_list(self) -> bool {
        !matches!(self, Self::Group | Self::Consumer | Self::Idempotence | Self::Producer)
    }
}

impl StreamWriter {
    /// Made ready for the next value, whose list of entries is open.
    pub(super) fn reset(&mut self) {
        self.open.clear();
        self.open.push(Level::Entries);
        self.comma = false;
    }

    /// Closes everything but the stream's own object.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        while !self.open.is_empty() {
            self.close(out);
        }
    }

    /// Writes a part.
    pub(super) fn part(&mut self, part: &StreamElement<'_>, text: &mut Text, out: &mut Vec<u8>) {
        match part {
            StreamElement::Entry { id, fields } => self.entry(*id, fields, text, out),
            StreamElement::Summary(summary) => self.summary(summary, out),
            StreamElement::Group { name, last_id, entries_read } => {
                self.go_to(&[], Level::Groups, "groups", out);
                self.object(Level::Group, out);
                named(name, text, out);
                id_field("last_id", Some(*last_id), out);
                number_field("entries_read", *entries_read, out);
            }
            StreamElement::Pending { id, delivered_at_ms, deliveries } => {
                self.go_to(&[Level::Groups, Level::Group], Level::Pending, "pending", out);
                self.pending(*id, *delivered_at_ms, *deliveries, out);
            }
            StreamElement::Consumer { name, seen_at_ms, active_at_ms } => {
                self.go_to(&[Level::Groups, Level::Group], Level::Consumers, "consumers", out);
                self.object(Level::Consumer, out);
                named(name, text, out);
                signed_field("seen_at_ms", Some(*seen_at_ms), out);
                signed_field("active_at_ms", *active_at_ms, out);
            }
            StreamElement::Owned(owned) => {
                let place = [Level::Groups, Level::Group, Level::Consumers, Level::Consumer];
                self.go_to(&place, Level::Owned, "pending", out);
                self.separate(out);
                id(*owned, out);
            }
            StreamElement::Refused(refused) => {
                self.go_to(&[Level::Groups, Level::Group], Level::Refused, "refused", out);
                self.separate(out);
                id(*refused, out);
            }
            other => self.idempotence(other, text, out),
        }
    }

    fn idempotence(&mut self, part: &StreamElement<'_>, text: &mut Text, out: &mut Vec<u8>) {
        match part {
            StreamElement::Idempotence { duration, max_entries } => {
                self.end(out);
                out.extend_from_slice(b",\"idempotence\":{\"duration\":");
                number::unsigned(*duration, out);
                number_field("max_entries", Some(*max_entries), out);
                self.open.push(Level::Idempotence);
            }
            StreamElement::Producer(name) => {
                self.go_to(&[Level::Idempotence], Level::Producers, "producers", out);
                self.object(Level::Producer, out);
                named(name, text, out);
            }
            StreamElement::Produced { message, id: entry } => {
                let place = [Level::Idempotence, Level::Producers, Level::Producer];
                self.go_to(&place, Level::Messages, "messages", out);
                self.separate(out);
                out.push(b'[');
                text.scalar(message, out);
                out.push(b',');
                id(*entry, out);
                out.push(b']');
            }
            StreamElement::IdempotenceCounters { added, duplicates } => {
                self.close_to(1, out);
                number_field("added", Some(*added), out);
                number_field("duplicates", Some(*duplicates), out);
            }
            _ => {}
        }
    }

    #[inline]
    fn entry(&mut self, entry: StreamId, fields: &EntryFields<'_>, text: &mut Text, out: &mut Vec<u8>) {
        self.separate(out);
        out.extend_from_slice(b"{\"id\":");
        id(entry, out);
        out.extend_from_slice(b",\"fields\":[");
        for (index, (name, value)) in fields.clone().enumerate() {
            out.extend_from_slice(if index == 0 { b"[" } else { b",[" });
            text.scalar(&name, out);
            out.push(b',');
            text.scalar(&value, out);
            out.push(b']');
        }
        out.extend_from_slice(b"]}");
    }

    fn summary(&mut self, summary: &StreamSummary, out: &mut Vec<u8>) {
        self.end(out);
        number_field("length", Some(summary.length), out);
        id_field("last_id", Some(summary.last_id), out);
        id_field("first_id", summary.first_id, out);
        id_field("max_deleted_id", summary.max_deleted_id, out);
        number_field("entries_added", summary.entries_added, out);
    }

    fn pending(&mut self, entry: StreamId, delivered_at_ms: i64, deliveries: u64, out: &mut Vec<u8>) {
        self.separate(out);
        out.extend_from_slice(b"{\"id\":");
        id(entry, out);
        signed_field("delivered_at_ms", Some(delivered_at_ms), out);
        number_field("deliveries", Some(deliveries), out);
        out.push(b'}');
    }

    /// Closes all but `place`, and opens the list `level` in it under `name`, unless it is open.
    fn go_to(&mut self, place: &[Level], level: Level, name: &str, out: &mut Vec<u8>) {
        if self.open.get(place.len()) == Some(&level) {
            return self.close_to(place.len() + 1, out);
        }
        self.close_to(place.len(), out);
        let _ = write!(out, ",\"{name}\":[");
        self.open.push(level);
        self.comma = false;
    }

    fn close_to(&mut self, depth: usize, out: &mut Vec<u8>) {
        while self.open.len() > depth {
            self.close(out);
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some(level) = self.open.pop() {
            out.push(if level.is_list() { b']' } else { b'}' });
            // What was closed is an element of what is open now.
            self.comma = true;
        }
    }

    /// Opens an object in the list that is open; its first field has to come without a comma.
    fn object(&mut self, level: Level, out: &mut Vec<u8>) {
        self.separate(out);
        out.push(b'{');
        self.open.push(level);
    }

    fn separate(&mut self, out: &mut Vec<u8>) {
        if self.comma {
            out.push(b',');
        }
        self.comma = true;
    }
}

fn named(name: &Scalar<'_>, text: &mut Text, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"name\":");
    text.scalar(name, out);
}

fn id(id: StreamId, out: &mut Vec<u8>) {
    out.push(b'"');
    number::unsigned(id.ms, out);
    out.push(b'-');
    number::unsigned(id.seq, out);
    out.push(b'"');
}

fn id_field(name: &str, value: Option<StreamId>, out: &mut Vec<u8>) {
    field(name, out);
    match value {
        Some(value) => id(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn number_field(name: &str, value: Option<u64>, out: &mut Vec<u8>) {
    field(name, out);
    match value {
        Some(value) => number::unsigned(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn signed_field(name: &str, value: Option<i64>, out: &mut Vec<u8>) {
    field(name, out);
    match value {
        Some(value) => number::signed(value, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn field(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}
