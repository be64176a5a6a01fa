//! Values of all kinds: which writer their elements go to, and how they end.

use crate::elements::Element;
use crate::item::Key;
use crate::value_type::ValueKind;

use super::hash::HashWriter;
use super::place::Place;
use super::rows::RowWriter;
use super::stream::StreamWriter;
use super::text::TextWriter;
use super::{LossKind, RewriteErrorKind};

/// A value under way.
#[derive(Debug)]
pub(super) struct ValueWriter {
    kind: ValueKind,
    expire_at_ms: Option<i64>,
    /// Whether any element came.
    started: bool,
    /// Whether any element was written, or is to be, so that there is a key.
    made: bool,
    pub(super) text: TextWriter,
    pub(super) rows: RowWriter,
    pub(super) hash: HashWriter,
    pub(super) stream: StreamWriter,
}

impl Default for ValueWriter {
    fn default() -> Self {
        Self {
            kind: ValueKind::String,
            expire_at_ms: None,
            started: false,
            made: false,
            text: TextWriter::default(),
            rows: RowWriter::default(),
            hash: HashWriter::default(),
            stream: StreamWriter::default(),
        }
    }
}

impl ValueWriter {
    /// Starts the value of this key.
    pub(super) fn begin(&mut self, key: &Key<'_>) {
        self.kind = key.value_type.kind();
        self.expire_at_ms = key.expire_at_ms;
        self.started = false;
        self.made = false;
        match self.kind {
            ValueKind::String => self.text.begin(),
            ValueKind::List => self.rows.begin("RPUSH"),
            ValueKind::Set => self.rows.begin("SADD"),
            ValueKind::SortedSet => self.rows.begin("ZADD"),
            ValueKind::Hash => self.hash.begin(),
            ValueKind::Stream => self.stream.begin(),
            ValueKind::Module | ValueKind::Array => {}
        }
    }

    /// Takes the next element.
    ///
    /// # Errors
    /// When no commands make it.
    pub(super) fn element(&mut self, element: Element<'_>, place: &mut Place<'_>) -> Result<(), RewriteErrorKind> {
        self.started = true;
        if let Element::Field { name, value, expire_at_ms } = element {
            self.made |= self.hash.field(name, value, expire_at_ms, place);
            return Ok(());
        }
        self.made = true;
        match element {
            Element::String(piece) => self.text.piece(piece, place),
            Element::Item(element) | Element::Member(element) => self.rows.element(element, place),
            Element::Scored { member, score } => self.rows.scored(member, score, place),
            Element::Stream(element) => return self.stream.element(element, place),
            Element::Field { .. } => {}
            Element::Module(_) => return Err(RewriteErrorKind::Module),
            Element::Cell { .. } | Element::Insertion(_) => return Err(RewriteErrorKind::Array),
        }
        Ok(())
    }

    /// Ends the value: its last commands, and when the key expires.
    pub(super) fn end(&mut self, place: &mut Place<'_>) {
        let expiry_told = match self.kind {
            ValueKind::String => self.text.end(self.expire_at_ms, place),
            // A collection without a key: it was empty, or all of it has expired, which is no loss.
            _ if !self.made => {
                if !self.started {
                    place.lose(LossKind::EmptyCollection);
                }
                return;
            }
            ValueKind::Hash => {
                self.hash.end(place);
                false
            }
            ValueKind::Stream => {
                self.stream.end(place);
                false
            }
            _ => {
                self.rows.end(place);
                false
            }
        };
        if let Some(at) = self.expire_at_ms.filter(|_| !expiry_told) {
            place.command("PEXPIREAT", &[itoa::Buffer::new().format(at).as_bytes()]);
        }
    }
    /// Forgets the value, and gives back what a giant took.
    pub(super) fn release(&mut self) {
        self.text.release();
        self.rows.release();
        self.hash.release();
        if self.kind == ValueKind::Stream {
            self.stream.begin();
        }
    }
}
