//! Values as JSON, element by element.

use rdb::{CellValue, Element, ModulePart, Scalar, StreamElement, ValueKind};

use super::number;
use super::stream::StreamWriter;
use super::text::Text;
use crate::rdb::args::Bytes;

/// Writes one value after the other.
#[derive(Debug)]
pub(super) struct ValueWriter {
    pub(super) text: Text,
    stream: StreamWriter,
    kind: ValueKind,
    /// What the value that is open ends with; empty when none is.
    closing: &'static [u8],
    /// Whether nothing was written into it yet.
    first: bool,
}

impl ValueWriter {
    pub(super) fn new(how: Bytes) -> Self {
        Self {
            text: Text::new(how),
            stream: StreamWriter::default(),
            kind: ValueKind::String,
            closing: b"",
            first: true,
        }
    }

    /// Opens a value.
    pub(super) fn begin(&mut self, kind: ValueKind, out: &mut Vec<u8>) {
        let (opening, closing): (&[u8], &'static [u8]) = match kind {
            ValueKind::String => (b"\"", b"\""),
            ValueKind::List | ValueKind::Set => (b"[", b"]"),
            ValueKind::SortedSet | ValueKind::Hash => (b"{", b"}"),
            ValueKind::Stream => (b"{\"entries\":[", b"}"),
            ValueKind::Module => (b"{\"parts\":[", b"]}"),
            ValueKind::Array => (b"{", b"]}"),
            _ => (b"[", b"]"),
        };
        out.extend_from_slice(opening);
        self.kind = kind;
        self.closing = closing;
        self.first = true;
        self.stream.reset();
    }

    /// Closes the value, wherever it is; nothing if it is closed.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if self.closing == b"\"" {
            self.text.end(out);
        } else if self.kind == ValueKind::Stream && self.is_open() {
            self.stream.end(out);
        } else if self.kind == ValueKind::Array && self.is_open() {
            self.open_cells(out);
        }
        out.extend_from_slice(self.closing);
        self.closing = b"";
    }

    /// Whether a value is open.
    pub(super) const fn is_open(&self) -> bool {
        !self.closing.is_empty()
    }

    /// Writes an element of the value.
    #[inline]
    pub(super) fn element(&mut self, element: &Element<'_>, out: &mut Vec<u8>) {
        match element {
            Element::String(piece) => self.text.piece(piece, out),
            Element::Item(item) | Element::Member(item) => {
                self.comma(out);
                self.text.scalar(item, out);
            }
            Element::Scored { member, score } => {
                self.comma(out);
                self.text.scalar(member, out);
                out.push(b':');
                number::double(*score, out);
            }
            Element::Field { name, value, expire_at_ms } => self.field(name, value, *expire_at_ms, out),
            Element::Stream(part) => self.stream(part, out),
            Element::Cell { index, value } => self.cell(*index, value, out),
            Element::Insertion(index) => self.insertion(*index, out),
            Element::Module(part) => self.module(part, out),
            _ => {}
        }
    }

    #[inline]
    fn comma(&mut self, out: &mut Vec<u8>) {
        if !self.first {
            out.push(b',');
        }
        self.first = false;
    }

    #[inline]
    fn field(&mut self, name: &Scalar<'_>, value: &Scalar<'_>, expire_at_ms: Option<i64>, out: &mut Vec<u8>) {
        self.comma(out);
        self.text.scalar(name, out);
        out.push(b':');
        let Some(expire_at_ms) = expire_at_ms else { return self.text.scalar(value, out) };
        out.extend_from_slice(b"{\"value\":");
        self.text.scalar(value, out);
        out.extend_from_slice(b",\"expire_at_ms\":");
        number::signed(expire_at_ms, out);
        out.push(b'}');
    }

    fn stream(&mut self, part: &StreamElement<'_>, out: &mut Vec<u8>) {
        self.stream.part(part, &mut self.text, out);
    }

    /// Where the next insertion goes; it comes before the cells.
    fn insertion(&mut self, index: u64, out: &mut Vec<u8>) {
        if self.first {
            out.extend_from_slice(b"\"insertion\":");
            number::unsigned(index, out);
            out.push(b',');
        }
    }

    /// Opens the list of cells, if there was none yet.
    fn open_cells(&mut self, out: &mut Vec<u8>) {
        if self.first {
            out.extend_from_slice(b"\"cells\":[");
        }
    }

    fn cell(&mut self, index: u64, value: &CellValue<'_>, out: &mut Vec<u8>) {
        self.open_cells(out);
        self.comma(out);
        out.push(b'[');
        number::unsigned(index, out);
        out.push(b',');
        match value {
            CellValue::String(string) | CellValue::Short(string) => self.text.scalar(string, out),
            CellValue::Int(int) => number::signed(*int, out),
            CellValue::Double(double) => number::double(*double, out),
            _ => out.extend_from_slice(b"null"),
        }
        out.push(b']');
    }

    fn module(&mut self, part: &ModulePart<'_>, out: &mut Vec<u8>) {
        self.comma(out);
        match part {
            ModulePart::Id(id) => {
                out.extend_from_slice(b"{\"module\":\"");
                out.extend_from_slice(&id.name());
                out.extend_from_slice(b"\",\"encoding_version\":");
                number::unsigned(id.encoding_version(), out);
            }
            ModulePart::Signed(int) => {
                out.extend_from_slice(b"{\"signed\":");
                number::signed(*int, out);
            }
            ModulePart::Unsigned(int) => {
                out.extend_from_slice(b"{\"unsigned\":");
                number::unsigned(*int, out);
            }
            ModulePart::Float(float) => {
                out.extend_from_slice(b"{\"float\":");
                number::double(f64::from(*float), out);
            }
            ModulePart::Double(double) => {
                out.extend_from_slice(b"{\"double\":");
                number::double(*double, out);
            }
            ModulePart::String(string) => {
                out.extend_from_slice(b"{\"string\":");
                self.text.scalar(string, out);
            }
            _ => out.extend_from_slice(b"{\"unknown\":null"),
        }
        out.push(b'}');
    }
}
