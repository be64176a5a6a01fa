//! Streams that come in chunks, but not too many.

use crate::elements::{Element, ElementReader, StreamElement};
use crate::error::Error;
use crate::item::Key;
use crate::options::Options;

use super::RewriteOptions;
use super::stream::{Dangling, PendingScan};

/// A stream in chunks, held until it is whole or too large.
#[derive(Debug)]
pub(super) struct Gather {
    bytes: Vec<u8>,
    reader: ElementReader,
    scan: PendingScan,
    commands: Estimate,
}

impl Gather {
    pub(super) fn new(key: &Key<'_>, options: &RewriteOptions) -> Self {
        let mut reader = ElementReader::new(&Options::default().max_string(options.max_string));
        reader.begin(key.value_type, key.value_offset);
        let commands = Estimate { bytes: 0, key: key.name.len(), group: 0, consumer: 0 };
        Self { bytes: Vec::new(), reader, scan: PendingScan::new(options.max_output), commands }
    }

    /// Takes the next bytes of the value; false when it has become too large.
    ///
    /// # Errors
    /// When the value is damaged.
    pub(super) fn chunk(&mut self, bytes: &[u8], options: &RewriteOptions) -> Result<bool, Error> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > options.max_gathered {
            return Ok(false);
        }
        let Self { reader, scan, commands, .. } = self;
        reader.chunk(bytes, |element| {
            scan.element(&element);
            commands.add(&element);
        })?;
        // What is handed over makes its commands at once; half leaves room for those of the last chunk.
        Ok(self.commands.bytes <= (options.max_output / 2).min(options.max_gathered_output))
    }

    /// What was gathered.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was gathered, which is all, and what is pending in it without an entry.
    ///
    /// # Errors
    /// When the value is not whole.
    pub(super) fn finish(mut self) -> Result<(Vec<u8>, Dangling), Error> {
        self.reader.end()?;
        Ok((self.bytes, self.scan.finish()))
    }
}

/// How many bytes the commands of a stream will have; more rather than less.
#[derive(Debug)]
struct Estimate {
    bytes: usize,
    key: usize,
    /// The names of the group and the consumer under way.
    group: usize,
    consumer: usize,
}

impl Estimate {
    fn add(&mut self, element: &Element<'_>) {
        let Element::Stream(element) = element else { return };
        let more = match element {
            StreamElement::Entry { fields, .. } => fields
                .clone()
                .map(|(name, value)| name.len() + value.len() + 2 * WORD)
                .fold(self.key + COMMAND, usize::saturating_add),
            StreamElement::Group { name, .. } => {
                self.group = name.len();
                self.key + self.group + COMMAND
            }
            StreamElement::Consumer { name, .. } => {
                self.consumer = name.len();
                self.key + self.group + self.consumer + COMMAND
            }
            // Each may have a command of its own, and another that adds its entry.
            StreamElement::Owned(_) => 2 * (self.key + COMMAND) + self.group + self.consumer,
            _ => 0,
        };
        self.bytes = self.bytes.saturating_add(more);
    }
}

/// What stands around a word, and what a command has beside names and fields.
const WORD: usize = 12;
const COMMAND: usize = 200;
