//! The safety net below all that is decided ahead: a payload that the target refuses all the same, in plain commands.

use cluster_router::InOtherWords;
use cluster_router::command::Args;
use rdb::{DumpPayload, Entry, Key};
use resp::CommandScanner;
use tracing::warn;

use super::losses::LossBook;
use super::payloads::{Expiry, Payloads};
use super::plain::PlainWriter;
use super::restore::Restore;
use super::unit::Unit;

/// Plain commands for the RESTORE in `refused`.
///
/// # Errors
/// When there are none; the error is a part of a sentence that names the node and the key.
pub(crate) fn rephrase(target: rdb::Target, restore: &Restore, refused: &[u8]) -> Result<InOtherWords, String> {
    let mut scanner = CommandScanner::default();
    scanner.scan(refused).ok().flatten().ok_or("it is not a whole command")?;
    let args = Args::new(refused, scanner.args());
    let [_, name, ttl, payload] = [0, 1, 2, 3].map(|index| args.arg(index).unwrap_or_default());
    let has = |word| (4..args.len()).any(|index| args.is_word(index, word));
    let parsed =
        DumpPayload::parse(payload).map_err(|error| format!("its payload cannot be read here either: {error}"))?;
    let mut key = Key::new(name, parsed.value_type());
    key.metadata = parsed.metadata();
    let mut book = LossBook::new(target, restore.on_loss);
    let unit = if has("REPLACE") {
        let mut payloads = Payloads::new(target, restore);
        let unit = payloads.commands(&Entry::new(key, parsed.value()), Expiry { ttl, absolute: has("ABSTTL") });
        std::mem::swap(&mut book, payloads.book());
        unit.map_err(|error| error.to_string())?
    } else {
        // Those are from snapshots, and their times are absolute.
        let at = std::str::from_utf8(ttl).ok().and_then(|ttl| ttl.parse().ok());
        key.expire_at_ms = at.filter(|&at: &i64| at > 0);
        kept(target, restore, &Entry::new(key, parsed.value()), &mut book)?
    };
    for lost in book.take_news() {
        warn!(key = lost.key, "the target cannot be told the {}", lost.kind.name());
    }
    let commands = u32::try_from(unit.len()).unwrap_or(u32::MAX);
    Ok(InOtherWords { bytes: unit.into_commands().freeze(), commands })
}

/// The commands where a key that is there stays.
fn kept(target: rdb::Target, restore: &Restore, entry: &Entry<'_>, book: &mut LossBook) -> Result<Unit, String> {
    let plain = PlainWriter::new(target, restore).key(entry, restore, book).map_err(|error| error.to_string())?;
    let unit = plain.ok_or("it would be too many commands for one transaction")?.unit;
    if unit.is_empty() { Err("nothing of it is left".to_owned()) } else { Ok(unit) }
}
