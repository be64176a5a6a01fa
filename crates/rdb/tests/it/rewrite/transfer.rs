//! From a snapshot to a server and back to a snapshot.

use bytes::BytesMut;
use rdb::{Decoder, Item, LossKind, Losses, Options, RewriteOptions, Rewriter, StreamId, Target, ValueKind};
use testbed::{Conn, Server, ServerSpec, Value};

use super::contents::{self, Content, Contents};

/// A server without snapshots of its own accord.
pub(super) fn start(name: &str) -> Server {
    Server::start(ServerSpec::new(name).option("save", "").option("hz", "1")).unwrap()
}

/// The snapshot that a server makes of what it has now.
pub(super) fn save(server: &Server) -> Vec<u8> {
    server.conn().unwrap().call("SAVE").unwrap();
    std::fs::read(server.folder().join("dump.rdb")).unwrap()
}

/// Rewrites a snapshot, has the target take all commands, and returns what was lost. Functions that the target does
/// not have are left out.
pub(super) fn load(file: &[u8], decoder: Options, target: &Server, name: &str, options: RewriteOptions) -> Losses {
    let target_version: Target = name.parse().unwrap();
    let mut rewriter = Rewriter::new(target_version, options);
    let mut decoder = Decoder::new(decoder);
    let mut conn = target.conn().unwrap();
    decoder.feed(file);
    while let Some(item) = decoder.next_item().unwrap() {
        let mut out = BytesMut::new();
        if !matches!(item, Item::Function(_)) || target_version.has_functions() {
            rewriter.item(&item, &mut out).unwrap();
        }
        run(&mut conn, &out);
    }
    *rewriter.all_losses()
}

/// Has the server take these commands, none of which may fail.
pub(super) fn run(conn: &mut Conn, commands: &[u8]) {
    conn.send_bytes(&[commands, b"*2\r\n$4\r\nECHO\r\n$9\r\nthat's it\r\n"].concat()).unwrap();
    loop {
        match conn.receive().unwrap() {
            Value::Error(text) => panic!("{text}: {}", commands.escape_ascii()),
            Value::Bulk(bytes) if bytes == b"that's it" => return,
            _ => {}
        }
    }
}

/// Loads a snapshot, and holds what the target then saves against it.
pub(super) fn check(source: &str, file: &[u8], name: &str, options: RewriteOptions) -> Losses {
    let target = start(name);
    let losses = load(file, Options::default(), &target, name, options);
    compare(contents::read(file), &target, name, source);
    losses
}

/// The same with values in chunks, streams held until they are whole.
pub(super) fn check_gathered(source: &str, file: &[u8], chunks: Options, name: &str) -> Losses {
    let target = start(name);
    let losses = load(file, chunks, &target, name, RewriteOptions::default());
    compare(contents::read(file), &target, name, source);
    losses
}

/// The same with streams in chunks that are not held: what is pending without an entry is a loss then.
pub(super) fn check_chunks(source: &str, file: &[u8], chunks: Options, name: &str, options: RewriteOptions) -> Losses {
    let target = start(name);
    let losses = load(file, chunks, &target, name, options.max_gathered(0));
    let mut expected = contents::read(file);
    assert_eq!(contents::remove_dangling(&mut expected), losses.count(LossKind::DanglingPending), "{source} to {name}");
    compare(expected, &target, name, source);
    losses
}

fn compare(expected: Contents, server: &Server, name: &str, source: &str) {
    let (found, target) = (contents::read(&save(server)), name.parse().unwrap());
    let keys = |contents: &Contents| contents.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&found), keys(&expected), "{source} to {name}");
    for ((key, mut expected), found) in expected.into_iter().zip(found.into_values()) {
        expect_of(&mut expected, target);
        assert_eq!(found, expected, "{source} to {name}: {} in {}", key.1.escape_ascii(), key.0);
    }
}

/// Makes of what the source had what the target can have.
fn expect_of(expected: &mut Content, target: Target) {
    if !target.has_field_expiry() {
        expected.expiring_fields.clear();
    }
    if !target.has_stream_counters() {
        expected.stream.max_deleted_id = None;
        expected.stream.entries_added = None;
        expected.stream.entries_read.values_mut().for_each(|read| *read = None);
    } else if expected.kind == ValueKind::Stream && expected.stream.entries_added.is_none() {
        // The source did not count. A server that loads such a stream takes it that nothing was deleted.
        expected.stream.entries_added = Some(expected.stream.entries.len() as u64);
        expected.stream.max_deleted_id = Some(StreamId::default());
    }
}
