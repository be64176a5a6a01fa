//! Whole files: decoding them, by any split, and building small ones by hand.

use std::collections::BTreeSet;

use rdb::{Checksum, Decoder, Error, Item, Options};

/// What a file held.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Summary {
    pub(crate) keys: usize,
    pub(crate) types: BTreeSet<u8>,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) trailing: usize,
    pub(crate) version: u16,
}

/// Decodes a file, fed in one piece; of any version, because the corpus has files of versions that never were.
pub(crate) fn summarize(file: &[u8]) -> Result<Summary, Error> {
    let mut decoder = Decoder::new(Options::default().accept_unknown_version(true));
    let mut summary = Summary::default();
    decoder.feed(file);
    while let Some(item) = decoder.next_item()? {
        match item {
            Item::Header { version, .. } => summary.version = version.number(),
            Item::Entry(entry) => {
                summary.keys += 1;
                summary.types.insert(entry.key.value_type.code());
                entry.value.as_string()?;
            }
            Item::ValueBegin(key) => {
                summary.keys += 1;
                summary.types.insert(key.value_type.code());
            }
            Item::End { checksum } => summary.checksum = Some(checksum),
            _ => {}
        }
    }
    if !decoder.is_done() {
        decoder.finish()?;
    }
    summary.trailing = decoder.trailing().len();
    Ok(summary)
}

/// Everything that can be seen of a decoding: items, offsets behind them, and how it ended.
pub(crate) fn events(file: &[u8], options: &Options, pieces: impl IntoIterator<Item = usize>) -> Vec<String> {
    let mut decoder = Decoder::new(options.clone());
    let mut events = Vec::new();
    let mut rest = file;
    let mut pieces = pieces.into_iter();
    loop {
        loop {
            match decoder.next_item().map(|item| item.map(|item| format!("{item:?}"))) {
                Ok(Some(item)) => events.push(format!("{} {item}", decoder.offset())),
                Ok(None) => break,
                Err(error) => {
                    events.push(error.to_string());
                    return events;
                }
            }
        }
        if rest.is_empty() {
            events.push(format!("{:?} {:?}", decoder.finish(), decoder.trailing()));
            return events;
        }
        let (piece, more) = rest.split_at(pieces.next().unwrap_or(rest.len()).clamp(1, rest.len()));
        decoder.feed(piece);
        rest = more;
    }
}

/// A file with this header and these records; the end and a right checksum are added.
pub(crate) fn build(header: &str, records: &[&[u8]]) -> Vec<u8> {
    let mut file = header.as_bytes().to_vec();
    for record in records {
        file.extend_from_slice(record);
    }
    file.push(0xff);
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Redis, &file);
    file.extend_from_slice(&crc.to_le_bytes());
    file
}
