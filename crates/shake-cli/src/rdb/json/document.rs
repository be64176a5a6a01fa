//! The document around the values.

use rdb::{Checksum, Dialect, Element, Eviction, Item, Key};

use super::head::Head;
use super::number;
use super::value::ValueWriter;
use crate::rdb::args::Bytes;

/// Writes what stands around values: the facts of the file, and the objects of keys.
#[derive(Debug)]
pub(super) struct Document {
    values: ValueWriter,
    head: Head,
    /// Only the objects of keys, each on a line.
    lines: bool,
    section: Section,
    /// Whether the section has an element.
    comma: bool,
}

/// The lists of the document, in the order they are met in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Facts,
    Aux,
    Functions,
    Keys,
    End,
}

impl Document {
    /// Starts a document.
    pub(super) fn begin(lines: bool, how: Bytes, out: &mut Vec<u8>) -> Self {
        if !lines {
            out.push(b'{');
        }
        Self { values: ValueWriter::new(how), head: Head::default(), lines, section: Section::Facts, comma: false }
    }

    /// Opens the object of a key and its value.
    #[inline]
    pub(super) fn begin_key(&mut self, key: &Key<'_>, out: &mut Vec<u8>) {
        if !self.lines {
            self.enter(Section::Keys, out);
            self.separate(out);
            out.push(b'\n');
        }
        self.head.write(key, &mut self.values.text, out);
        attributes(key, out);
        out.extend_from_slice(b",\"value\":");
        self.values.begin(key.value_type.kind(), out);
    }

    /// Writes an element of the value that is open.
    #[inline]
    pub(super) fn element(&mut self, element: &Element<'_>, out: &mut Vec<u8>) {
        self.values.element(element, out);
    }

    /// Closes the value, if that is not done.
    pub(super) fn end_value(&mut self, out: &mut Vec<u8>) {
        self.values.end(out);
    }

    /// Says of the value that was closed that it is damaged.
    pub(super) fn damaged(&mut self, sentence: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"damaged\":");
        sentence_text(sentence, out);
    }

    /// Closes the object of a key.
    pub(super) fn end_key(&mut self, out: &mut Vec<u8>) {
        self.values.end(out);
        out.push(b'}');
        if self.lines {
            out.push(b'\n');
        }
    }

    /// Writes what is no part of a key, where the document has a place for it.
    pub(super) fn item(&mut self, item: &Item<'_>, out: &mut Vec<u8>) {
        if self.lines {
            return;
        }
        match item {
            Item::Header { dialect, version } => {
                out.extend_from_slice(b"\"dialect\":\"");
                out.extend_from_slice(match dialect {
                    Dialect::Redis => b"redis",
                    Dialect::Valkey => b"valkey",
                });
                out.extend_from_slice(b"\",\"version\":");
                number::unsigned(version.number().into(), out);
                self.enter(Section::Aux, out);
            }
            Item::Aux { key, value } if self.section == Section::Aux => {
                self.separate(out);
                self.values.text.bytes(key, out);
                out.push(b':');
                self.values.text.bytes(value, out);
            }
            Item::Function(code) if self.section <= Section::Functions => {
                self.enter(Section::Functions, out);
                self.separate(out);
                self.values.text.bytes(code, out);
            }
            Item::End { checksum } => {
                self.enter(Section::End, out);
                out.extend_from_slice(b",\"checksum\":\"");
                out.extend_from_slice(checksum_name(*checksum).as_bytes());
                out.extend_from_slice(b"\"}\n");
            }
            _ => {}
        }
    }

    /// Ends the document, wherever it is, and says why.
    pub(super) fn end_with_error(&mut self, out: &mut Vec<u8>, sentence: &str) {
        // Behind the end of the snapshot there is nothing left to close.
        if self.section == Section::End {
            return;
        }
        self.close_open_key(out);
        if self.lines {
            return;
        }
        if self.section == Section::Facts {
            out.extend_from_slice(b"\"error\":");
        } else {
            self.enter(Section::End, out);
            out.extend_from_slice(b",\"error\":");
        }
        sentence_text(sentence, out);
        out.extend_from_slice(b"}\n");
    }

    fn close_open_key(&mut self, out: &mut Vec<u8>) {
        if self.values.is_open() {
            self.values.end(out);
            self.damaged("the file ends or is damaged here", out);
            self.end_key(out);
        }
    }

    /// Closes the sections before this one and opens it.
    #[inline]
    fn enter(&mut self, section: Section, out: &mut Vec<u8>) {
        while self.section < section {
            let (closing, opening, next): (&str, &str, _) = match self.section {
                Section::Facts => ("", ",\"aux\":{", Section::Aux),
                Section::Aux => ("}", ",\"functions\":[", Section::Functions),
                Section::Functions => ("]", ",\"keys\":[", Section::Keys),
                Section::Keys | Section::End => ("\n]", "", Section::End),
            };
            out.extend_from_slice(closing.as_bytes());
            out.extend_from_slice(opening.as_bytes());
            self.section = next;
            self.comma = false;
        }
    }

    fn separate(&mut self, out: &mut Vec<u8>) {
        if self.comma {
            out.push(b',');
        }
        self.comma = true;
    }
}

/// When the key expires, and what the server knew about its use.
#[inline]
fn attributes(key: &Key<'_>, out: &mut Vec<u8>) {
    if let Some(at) = key.expire_at_ms {
        out.extend_from_slice(b",\"expire_at_ms\":");
        number::signed(at, out);
    }
    match key.eviction {
        None => {}
        Some(Eviction::IdleSeconds(seconds)) => {
            out.extend_from_slice(b",\"idle_seconds\":");
            number::unsigned(seconds, out);
        }
        Some(Eviction::Freq(freq)) => {
            out.extend_from_slice(b",\"freq\":");
            number::unsigned(freq.into(), out);
        }
    }
}

fn sentence_text(sentence: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    super::escape::text(sentence.as_bytes(), out);
    out.push(b'"');
}

const fn checksum_name(checksum: Checksum) -> &'static str {
    match checksum {
        Checksum::Verified => "verified",
        Checksum::Off => "off",
        Checksum::Absent => "absent",
        _ => "unchecked",
    }
}
