//! The levels of the decoder, all output dropped.

use std::{error::Error, hint::black_box};

use bytes::BytesMut;
use rdb::{Decoder, Digester, ElementReader, Item, Options, RewriteOptions, Rewriter, Target};

/// How deep a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Items.
    Raw,
    /// The parts of each whole value; those that come in chunks are passed over.
    Struct,
    /// Elements.
    Elements,
    /// Digests of values.
    Digest,
    /// Plain commands.
    Commands,
}

impl Depth {
    /// The level with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "raw" => Self::Raw,
            "struct" => Self::Struct,
            "elements" => Self::Elements,
            "digest" => Self::Digest,
            "commands" => Self::Commands,
            _ => return None,
        })
    }
}

/// What was found.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Keys.
    pub(crate) keys: u64,
    /// What the level makes of values: parts, elements, digests, bytes of commands; nothing on the raw level.
    pub(crate) parts: u64,
}

/// A level under way.
pub(crate) struct Level {
    depth: Depth,
    decoder: Decoder,
    elements: ElementReader,
    digester: Digester,
    rewriter: Rewriter,
    commands: BytesMut,
    counts: Counts,
}

impl Level {
    pub(crate) fn new(depth: Depth, options: Options) -> Self {
        Self {
            depth,
            elements: ElementReader::new(&options),
            decoder: Decoder::new(options),
            digester: Digester::default(),
            rewriter: Rewriter::new(Target::redis(8, 0), RewriteOptions::default()),
            commands: BytesMut::new(),
            counts: Counts::default(),
        }
    }

    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        self.decoder.feed(bytes);
        while let Some(item) = self.decoder.next_item()? {
            if let Item::Entry(_) | Item::ValueBegin(_) = item {
                self.counts.keys += 1;
            }
            self.counts.parts += match self.depth {
                Depth::Raw => raw(&item),
                Depth::Struct => parts(&item)?,
                Depth::Elements => elements(&mut self.elements, &item)?,
                Depth::Digest => digest(&mut self.digester, &mut self.elements, &item)?,
                Depth::Commands => commands(&mut self.rewriter, &mut self.commands, &item)?,
            };
        }
        Ok(())
    }

    /// Declares the end of the file.
    pub(crate) fn finish(self) -> Result<Counts, Box<dyn Error>> {
        self.decoder.finish()?;
        Ok(self.counts)
    }
}

fn raw(item: &Item<'_>) -> u64 {
    black_box(item);
    0
}

fn parts(item: &Item<'_>) -> Result<u64, rdb::Error> {
    let Item::Entry(entry) = item else { return Ok(0) };
    let mut count = 0;
    for part in entry.value.parts() {
        black_box(part?);
        count += 1;
    }
    Ok(count)
}

fn elements(reader: &mut ElementReader, item: &Item<'_>) -> Result<u64, rdb::Error> {
    let mut count = 0;
    reader.item(item, |element| {
        black_box(&element);
        count += 1;
    })?;
    Ok(count)
}

fn digest(digester: &mut Digester, reader: &mut ElementReader, item: &Item<'_>) -> Result<u64, rdb::Error> {
    let digest = digester.item(reader, item)?;
    Ok(u64::from(black_box(digest).is_some()))
}

fn commands(rewriter: &mut Rewriter, out: &mut BytesMut, item: &Item<'_>) -> Result<u64, rdb::RewriteError> {
    rewriter.item(item, out)?;
    let written = black_box(&out).len() as u64;
    out.clear();
    Ok(written)
}
