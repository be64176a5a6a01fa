//! Streams (`rdbLoadObject`, `RDB_TYPE_STREAM_LISTPACKS*`), part by part.

use super::cursor::{Cursor, Stop};
use super::node::read_node;
use super::room::Room;
use super::{Element, StreamElement, StreamSummary};

/// What the versions of the type add to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layout {
    /// Entries, last ID, groups.
    First,
    /// First ID, highest deleted ID, entries added and read (Redis 7.0).
    Counters,
    /// When consumers were active (Redis 7.2).
    Activity,
    /// Idempotent producers (Redis 8.6).
    Idempotence,
    /// Refused entries (Redis 8.8).
    Refusals,
}

/// A stream under way: what is read next, and how many of each are left.
#[derive(Debug)]
pub(super) struct StreamReader {
    layout: Layout,
    next: Next,
    nodes: u64,
    groups: u64,
    consumers: u64,
    producers: u64,
    /// Of the innermost list: pending, owned or refused entries, or messages.
    entries: u64,
}

/// What is read next. Where a list may have come to its end, that is looked at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    NodeCount,
    Node,
    Group,
    Pending,
    Consumer,
    Owned,
    Refused,
    Idempotence,
    Producer,
    Produced,
    End,
}

impl StreamReader {
    pub(super) const fn new(layout: Layout) -> Self {
        Self { layout, next: Next::NodeCount, nodes: 0, groups: 0, consumers: 0, producers: 0, entries: 0 }
    }

    /// Reads to the end of the stream; only what was read completely is behind `*at` afterwards.
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: &mut usize,
        room: &mut Room,
        sink: &mut impl FnMut(Element<'_>),
    ) -> Result<(), Stop> {
        let mut sink = |element: StreamElement<'_>| sink(Element::Stream(element));
        while self.next != Next::End {
            self.part(cursor, room, &mut sink)?;
            *at = cursor.at();
        }
        Ok(())
    }

    /// Reads the next part. It changes nothing before all of the part is there.
    fn part(
        &mut self,
        cursor: &mut Cursor<'_>,
        room: &mut Room,
        sink: &mut impl FnMut(StreamElement<'_>),
    ) -> Result<(), Stop> {
        match self.next {
            Next::NodeCount => {
                self.nodes = cursor.length()?;
                self.next = Next::Node;
            }
            Next::Node if self.nodes == 0 => self.summary(cursor, sink)?,
            Next::Node => {
                read_node(cursor, room, sink)?;
                self.nodes -= 1;
            }
            Next::Group if self.groups == 0 => self.after_groups(),
            Next::Group => self.group(cursor, room, sink)?,
            Next::Pending if self.entries == 0 => {
                self.consumers = cursor.length()?;
                self.next = Next::Consumer;
            }
            Next::Pending => self.pending(cursor, sink)?,
            Next::Consumer if self.consumers == 0 => self.after_consumers(cursor)?,
            Next::Consumer => self.consumer(cursor, room, sink)?,
            Next::Owned if self.entries == 0 => {
                self.consumers -= 1;
                self.next = Next::Consumer;
            }
            Next::Owned => {
                sink(StreamElement::Owned(cursor.raw_id()?));
                self.entries -= 1;
            }
            Next::Refused if self.entries == 0 => self.after_group(),
            Next::Refused => {
                sink(StreamElement::Refused(cursor.raw_id()?));
                self.entries -= 1;
            }
            Next::Idempotence => self.idempotence(cursor, sink)?,
            Next::Producer if self.producers == 0 => self.counters(cursor, sink)?,
            Next::Producer => {
                let (name, count) = (cursor.encoded()?, cursor.length()?);
                sink(StreamElement::Producer(name.decode(&mut room.first)?));
                self.entries = count;
                self.next = Next::Produced;
            }
            Next::Produced if self.entries == 0 => {
                self.producers -= 1;
                self.next = Next::Producer;
            }
            Next::Produced => {
                let (message, id) = (cursor.encoded()?, cursor.id()?);
                sink(StreamElement::Produced { message: message.decode(&mut room.first)?, id });
                self.entries -= 1;
            }
            Next::End => {}
        }
        Ok(())
    }

    fn summary(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl FnMut(StreamElement<'_>)) -> Result<(), Stop> {
        let (length, last_id) = (cursor.length()?, cursor.id()?);
        let mut summary = StreamSummary { length, last_id, first_id: None, max_deleted_id: None, entries_added: None };
        if self.layout >= Layout::Counters {
            summary.first_id = Some(cursor.id()?);
            summary.max_deleted_id = Some(cursor.id()?);
            summary.entries_added = Some(cursor.length()?);
        }
        self.groups = cursor.length()?;
        self.next = Next::Group;
        sink(StreamElement::Summary(summary));
        Ok(())
    }

    fn group(
        &mut self,
        cursor: &mut Cursor<'_>,
        room: &mut Room,
        sink: &mut impl FnMut(StreamElement<'_>),
    ) -> Result<(), Stop> {
        let (name, last_id) = (cursor.encoded()?, cursor.id()?);
        let entries_read = match self.layout {
            Layout::First => None,
            // -1, written as a length of 64 bits, is what servers call not valid.
            _ => Some(cursor.length()?).filter(|&count| count != u64::MAX),
        };
        let pending = cursor.length()?;
        sink(StreamElement::Group { name: name.decode(&mut room.first)?, last_id, entries_read });
        self.entries = pending;
        self.next = Next::Pending;
        Ok(())
    }

    fn pending(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl FnMut(StreamElement<'_>)) -> Result<(), Stop> {
        let (id, delivered_at_ms, deliveries) = (cursor.raw_id()?, cursor.milliseconds()?, cursor.length()?);
        sink(StreamElement::Pending { id, delivered_at_ms, deliveries });
        self.entries -= 1;
        Ok(())
    }

    fn consumer(
        &mut self,
        cursor: &mut Cursor<'_>,
        room: &mut Room,
        sink: &mut impl FnMut(StreamElement<'_>),
    ) -> Result<(), Stop> {
        let (name, seen_at_ms) = (cursor.encoded()?, cursor.milliseconds()?);
        let active_at_ms = if self.layout >= Layout::Activity { Some(cursor.milliseconds()?) } else { None };
        let owned = cursor.length()?;
        sink(StreamElement::Consumer { name: name.decode(&mut room.first)?, seen_at_ms, active_at_ms });
        self.entries = owned;
        self.next = Next::Owned;
        Ok(())
    }

    fn after_consumers(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
        if self.layout >= Layout::Refusals {
            self.entries = cursor.length()?;
            self.next = Next::Refused;
        } else {
            self.after_group();
        }
        Ok(())
    }

    fn after_group(&mut self) {
        self.groups -= 1;
        self.next = Next::Group;
    }

    fn after_groups(&mut self) {
        self.next = if self.layout >= Layout::Idempotence { Next::Idempotence } else { Next::End };
    }

    fn idempotence(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl FnMut(StreamElement<'_>)) -> Result<(), Stop> {
        let (duration, max_entries, producers) = (cursor.length()?, cursor.length()?, cursor.length()?);
        sink(StreamElement::Idempotence { duration, max_entries });
        self.producers = producers;
        self.next = Next::Producer;
        Ok(())
    }

    fn counters(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl FnMut(StreamElement<'_>)) -> Result<(), Stop> {
        let (added, duplicates) = (cursor.length()?, cursor.length()?);
        sink(StreamElement::IdempotenceCounters { added, duplicates });
        self.next = Next::End;
        Ok(())
    }
}
