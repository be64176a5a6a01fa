//! The report for the terminal.

use std::fmt::Write;

use super::collect::Stats;
use super::largest::LargeKey;
use super::prefixes::LONGEST;
use super::tally::Tally;
use crate::rdb::name::Name;
use crate::table::{Align, Table};
use crate::units::{count, of, share, size, time};

/// The report as text.
pub(super) fn report(stats: &Stats) -> String {
    let mut text = head(stats);
    let kinds = stats.kinds.iter().map(|(kind, tally)| ((*kind).to_owned(), tally));
    sums(&mut text, "type", kinds, stats);
    let encodings = stats.encodings.iter().map(|((_, encoding), tally)| ((*encoding).to_owned(), tally));
    sums(&mut text, "encoding", encodings, stats);
    if stats.dbs.len() > 1 {
        sums(&mut text, "database", stats.dbs.iter().map(|(db, tally)| (db.to_string(), tally)), stats);
    }
    prefixes(&mut text, stats);
    let expiry = stats.expiry.rows().filter(|(_, tally)| tally.keys > 0).map(|(row, tally)| (row.to_owned(), tally));
    sums(&mut text, "expires", expiry, stats);
    let _ = writeln!(text, "counted from {}, {}", time(stats.now.seconds()), stats.now.origin());
    usage(&mut text, "last used", stats.usage.idle());
    usage(&mut text, "use counter (LFU)", stats.usage.freq());
    keys(&mut text, "largest keys by bytes", &stats.largest);
    keys(&mut text, "largest keys by content", &stats.heaviest);
    keys(&mut text, "largest keys by elements", &stats.longest);
    text
}

fn head(stats: &Stats) -> String {
    let facts = &stats.facts;
    let mut text = format!("{}: {}", facts.file, facts.format());
    if let Some(server) = &facts.server {
        let _ = write!(text, ", written by {server}");
    }
    if let Some(written) = facts.written {
        let _ = write!(text, ", {}", time(written));
    }
    let all = &stats.all;
    let _ = write!(
        text,
        "\n{}, {} in the file, {} of content, {}\n",
        of(all.keys, "key"),
        size(all.bytes),
        size(all.content),
        of(all.elements, "element")
    );
    if stats.damaged > 0 {
        let _ = writeln!(text, "{} could not be read entirely", of(stats.damaged, "damaged value"));
    }
    if !facts.complete {
        text.push_str("the file could not be read to its end: this is what came before the fault\n");
    }
    text
}

/// A table of sums; the share is that of all bytes.
fn sums<'a>(text: &mut String, title: &'static str, rows: impl Iterator<Item = (String, &'a Tally)>, stats: &Stats) {
    let right = Align::Right;
    let mut table = Table::new(&[
        (title, Align::Left),
        ("keys", right),
        ("bytes", right),
        ("share", right),
        ("content", right),
        ("elements", right),
    ]);
    for (name, tally) in rows {
        table.row(vec![
            name,
            count(tally.keys),
            size(tally.bytes),
            share(tally.bytes, stats.all.bytes),
            size(tally.content),
            count(tally.elements),
        ]);
    }
    let _ = write!(text, "\n{table}");
}

fn prefixes(text: &mut String, stats: &Stats) {
    let prefixes = &stats.prefixes;
    let rest = [("no delimiter", &prefixes.without), ("others", &prefixes.others)];
    let rest = rest.into_iter().filter(|(_, tally)| tally.keys > 0).map(|(name, tally)| (name.to_owned(), tally));
    let rows = prefixes.rows.iter().map(|(prefix, tally)| (prefix_name(prefix), tally));
    sums(text, "prefix", rows.chain(rest), stats);
    if prefixes.approximate {
        text.push_str("there are too many prefixes to follow all: rows may be too low by what is among the others\n");
    }
}

/// A prefix, of which only so much was looked at.
fn prefix_name(prefix: &[u8]) -> String {
    let name = Name::cut_at(prefix, WIDTH).to_string();
    if prefix.len() < LONGEST { name } else { name.replace(" bytes)", " bytes or more)") }
}

fn usage(text: &mut String, title: &'static str, rows: Option<Vec<(&'static str, u64)>>) {
    let Some(rows) = rows else { return };
    let mut table = Table::new(&[(title, Align::Left), ("keys", Align::Right)]);
    rows.into_iter().for_each(|(row, keys)| table.row(vec![row.to_owned(), count(keys)]));
    let _ = write!(text, "\n{table}");
}

fn keys(text: &mut String, title: &'static str, keys: &[LargeKey]) {
    if keys.is_empty() {
        return;
    }
    let mut table = Table::new(&[
        (title, Align::Left),
        ("db", Align::Right),
        ("encoding", Align::Left),
        ("bytes", Align::Right),
        ("content", Align::Right),
        ("elements", Align::Right),
    ]);
    for key in keys {
        let elements = if key.kind == "string" { "-".to_owned() } else { count(key.elements) };
        let name = key.name(WIDTH).to_string();
        let (bytes, content) = (size(key.bytes), size(key.content));
        table.row(vec![name, key.db.to_string(), key.encoding.to_owned(), bytes, content, elements]);
    }
    let _ = write!(text, "\n{table}");
}

/// How much of a name is shown.
const WIDTH: usize = 60;
