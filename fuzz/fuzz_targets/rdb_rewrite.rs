//! Any value, for any target, whole or in chunks: the commands make the content that its elements say.
#![no_main]

use bytes::{Bytes, BytesMut};
use fuzz::byte_source::ByteSource;
use fuzz::content::{Content, ContentBuilder};
use fuzz::server::Server;
use fuzz::{packed, snapshot, stream};
use libfuzzer_sys::fuzz_target;
use rdb::{
    Decoder, ElementReader, Item, LossKind, Losses, Options, RewriteError, RewriteOptions, Rewriter, Target, ValueType,
};
use resp::{Command, CommandScanner};

fuzz_target!(|data: &[u8]| {
    let mut source = ByteSource(data);
    let target = TARGETS[usize::from(source.byte()) % TARGETS.len()];
    let [limit, elements, bytes] = source.array().map(usize::from);
    let options = RewriteOptions::default().max_elements(elements).max_bytes(bytes).replace(elements & 1 == 0);
    let expiry = i64::from(i32::from_le_bytes(source.array()));
    let (value_type, file) = file(&mut source, expiry);
    let Some(expected) = content(value_type, &file) else { return };
    let mut commands = BytesMut::new();
    let mut rewriter = Rewriter::new(target, options);
    let decoder = Options::default().whole_value_limit(if limit & 1 == 0 { 1 << 20 } else { limit });
    if rewrite(&file, &decoder.chunk_size(bytes), &mut rewriter, &mut commands).is_ok() {
        let counted = target.has_stream_counters() && value_type != ValueType::Stream;
        compare(expected, expiry, load(commands.freeze()), rewriter.losses(), counted);
    }
});

const TARGETS: [Target; 8] = [
    Target::redis(3, 2),
    Target::redis(5, 0),
    Target::redis(6, 0),
    Target::redis(6, 2),
    Target::redis(7, 0),
    Target::redis(8, 0),
    Target::valkey(8, 1),
    Target::valkey(9, 1),
];

/// A snapshot of a value that is as the input says, or built from it.
fn file(source: &mut ByteSource<'_>, expiry: i64) -> (ValueType, Vec<u8>) {
    let choice = source.byte();
    let (dialect, value_type) = snapshot::chosen_type(choice);
    let built = choice & 0x20 != 0;
    let value = match stream::TYPES.iter().position(|&known| known == value_type) {
        Some(version) if built => stream::build(version, source),
        None if built && packed::TYPES.contains(&value_type) => {
            packed::value(value_type, &packed::sealed(value_type, source.0, 0))
        }
        _ => source.0.to_vec(),
    };
    (value_type, snapshot::of_value_that_expires(dialect, value_type, &value, expiry))
}

/// What the elements say, if the file is good, of one value, and a server could have the value.
fn content(value_type: ValueType, file: &[u8]) -> Option<Content> {
    let options = Options::default();
    let (mut decoder, mut reader) = (Decoder::new(options.clone()), ElementReader::new(&options));
    let mut builder = ContentBuilder::new(value_type.kind());
    decoder.feed(file);
    let mut values = 0;
    while let Some(item) = decoder.next_item().ok()? {
        // The input may end the value early and start another.
        values += usize::from(matches!(item, Item::Entry(_)));
        if values > 1 {
            return None;
        }
        reader.item(&item, |element| builder.see(&element)).ok()?;
    }
    decoder.finish().ok()?;
    builder.finish()
}

fn rewrite(
    file: &[u8],
    options: &Options,
    rewriter: &mut Rewriter,
    commands: &mut BytesMut,
) -> Result<(), RewriteError> {
    let mut decoder = Decoder::new(options.clone());
    decoder.feed(file);
    while let Ok(Some(item)) = decoder.next_item() {
        rewriter.item(&item, commands)?;
        if matches!(item, Item::Entry(_) | Item::ValueEnd) {
            return Ok(());
        }
    }
    Ok(())
}

fn load(commands: Bytes) -> Server {
    let (mut server, mut scanner, mut rest) = (Server::default(), CommandScanner::default(), commands);
    while !rest.is_empty() {
        let len = scanner.scan(&rest).expect("commands").expect("whole commands");
        let command = rest.split_to(len);
        server.execute(&Command::from_ranges(&command, scanner.args()).args);
    }
    server
}

/// `counted` says whether both the source and the target count what streams added and deleted.
fn compare(mut expected: Content, expiry: i64, server: Server, losses: &Losses, counted: bool) {
    let lost = |kind| losses.count(kind) > 0;
    if expected.is_empty_collection() {
        assert!(lost(LossKind::EmptyCollection));
        return assert_eq!(server.content, None);
    }
    assert!(!lost(LossKind::EmptyCollection));
    assert_eq!(server.expire_at_ms.map(|at| at.max(1)), Some(expiry).filter(|&at| at != -1).map(|at| at.max(1)));
    if lost(LossKind::DanglingPending) || lost(LossKind::UncertainPending) || lost(LossKind::FieldExpiry) {
        return;
    }
    let mut found = server.content.expect("a value");
    if !counted {
        forget_counters(&mut expected);
        forget_counters(&mut found);
    }
    assert_eq!(found, expected);
}

fn forget_counters(content: &mut Content) {
    if let Content::Stream(stream) = content {
        (stream.entries_added, stream.max_deleted_id) = Default::default();
        stream.groups.values_mut().for_each(|group| group.entries_read = None);
    }
}
