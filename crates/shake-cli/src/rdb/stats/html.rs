//! The report as a page: self-contained, for looking at.

use std::fmt::{Display, Write};

use rdb::Checksum;

use super::chart::{self, Slice};
use super::collect::Stats;
use super::largest::LargeKey;
use super::page::{self, Safe};
use super::tally::Tally;
use crate::rdb::name::Name;
use crate::units::{count, of, share, size, time};

/// The page.
pub(super) fn page(stats: &Stats) -> String {
    let mut body = header(stats);
    body.push_str(&tiles(stats));
    if stats.all.keys == 0 {
        body.push_str("<p class=\"note\">There are no keys.</p>\n");
        return page::frame(&format!("{} - snapshot", stats.facts.file), &body);
    }
    body.push_str(&kinds(stats));
    body.push_str(&prefixes(stats));
    body.push_str("<div class=\"pair\">\n");
    body.push_str(&expiry(stats));
    body.push_str(&encodings(stats));
    body.push_str(&usage("Last used", "Keys by the time since they were used.", stats.usage.idle()));
    let note = "Keys by their logarithmic counter; new keys start with 5.";
    body.push_str(&usage("How often used (LFU)", note, stats.usage.freq()));
    body.push_str("</div>\n");
    body.push_str(&databases(stats));
    body.push_str(&keys("Largest keys by bytes", &stats.largest, |key| key.bytes));
    body.push_str(&keys("Largest keys by content", &stats.heaviest, |key| key.content));
    body.push_str(&keys("Largest keys by elements", &stats.longest, |key| key.elements));
    body.push_str("<footer>Bytes are those in the file; how much memory a server needs is another number. Made by shake-cli rdb stats.</footer>\n");
    page::frame(&format!("{} - snapshot", stats.facts.file), &body)
}

fn header(stats: &Stats) -> String {
    let facts = &stats.facts;
    let mut html = format!("<header><h1>{}</h1><div class=\"dim\">{}", Safe(&facts.file), facts.format());
    if let Some(server) = &facts.server {
        let _ = write!(html, " · written by {}", Safe(server));
    }
    if let Some(written) = facts.written {
        let _ = write!(html, " · {}", time(written));
    }
    let _ = match facts.checksum {
        Some(Checksum::Verified) => write!(html, " · <span class=\"good\">checksum verified</span>"),
        Some(_) => write!(html, " · no checksum"),
        None => Ok(()),
    };
    html.push_str("</div>");
    if !facts.complete {
        html.push_str(
            "<div class=\"warn\">The file could not be read to its end: this is what came before the fault.</div>",
        );
    }
    if stats.damaged > 0 {
        let damaged = of(stats.damaged, "damaged value");
        let _ = write!(html, "<div class=\"warn\">{damaged} could not be read entirely.</div>");
    }
    html.push_str("</header>\n");
    html
}

fn tiles(stats: &Stats) -> String {
    let all = &stats.all;
    let expiring: u64 = stats.expiry.rows().skip(1).map(|(_, tally)| tally.keys).sum();
    let tiles = [
        ("keys", count(all.keys)),
        ("in the file", size(all.bytes)),
        ("content", size(all.content)),
        ("elements of collections", count(all.elements)),
        ("of the keys expire", share(expiring, all.keys)),
    ];
    let mut html = String::from("<div class=\"tiles\">");
    for (label, figure) in tiles {
        let _ = write!(html, "<div class=\"tile\"><b>{figure}</b><span class=\"dim\">{label}</span></div>");
    }
    html.push_str("</div>\n");
    html
}

fn kinds(stats: &Stats) -> String {
    let slices: Vec<Slice> = stats.kinds.iter().map(|(kind, tally)| slice(*kind, tally, colour_of(kind))).collect();
    let rows = stats.kinds.iter().map(|(kind, tally)| (dot(colour_of(kind), kind), *tally, colour_of(kind)));
    let body = format!("{}{}", chart::stack(&slices), sums("type", rows, stats));
    card("Types", "What the bytes of the file are.", &body)
}

fn prefixes(stats: &Stats) -> String {
    let prefixes = &stats.prefixes;
    let mut rows: Vec<(String, Tally, usize)> = prefixes
        .rows
        .iter()
        .enumerate()
        .map(|(index, (prefix, tally))| (label(prefix, 60), *tally, index % GREY))
        .collect();
    let rest = [("(no delimiter)", prefixes.without), ("(others)", prefixes.others)];
    rows.extend(
        rest.into_iter().filter(|(_, tally)| tally.keys > 0).map(|(name, tally)| (name.to_owned(), tally, GREY)),
    );
    let mut slices: Vec<Slice> = rows.iter().map(|(name, tally, colour)| slice(name, tally, *colour)).collect();
    slices.sort_by_key(|slice| std::cmp::Reverse(slice.size));
    let rows = rows.into_iter().map(|(name, tally, colour)| (dot(colour, &name), tally, colour));
    let body = format!("{}<p></p>{}", chart::map(&slices), sums("prefix", rows, stats));
    let note = if prefixes.approximate {
        "Names by their first part. There are too many to follow all: sums may be too low by what is among the others."
    } else {
        "Names by their first part."
    };
    card("Prefixes", note, &body)
}

fn expiry(stats: &Stats) -> String {
    let slices: Vec<Slice> = stats
        .expiry
        .rows()
        .enumerate()
        .map(|(index, (row, tally))| Slice {
            label: row.to_owned(),
            caption: short(tally.keys),
            size: tally.keys,
            colour: match index {
                0 => GREY,
                1 => EXPIRED,
                _ => 0,
            },
        })
        .collect();
    let note = format!("Keys by when they expire, counted from {}, {}.", time(stats.now.seconds()), stats.now.origin());
    card("Expiry", &note, &chart::columns(&slices))
}

fn usage(title: &str, note: &str, rows: Option<Vec<(&'static str, u64)>>) -> String {
    let Some(rows) = rows else { return String::new() };
    let slice = |(row, keys): (&str, u64)| Slice { label: row.to_owned(), caption: short(keys), size: keys, colour: 1 };
    let slices: Vec<Slice> = rows.into_iter().map(slice).collect();
    card(title, note, &chart::columns(&slices))
}

fn encodings(stats: &Stats) -> String {
    let mut html = head(&["encoding", "", "n:keys", "n:bytes", "n:share"]);
    for ((kind, encoding), tally) in &stats.encodings {
        let _ = write!(
            html,
            "<tr><td>{encoding}</td><td class=\"bar\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            chart::bar(tally.bytes, stats.all.bytes, colour_of(kind)),
            count(tally.keys),
            size(tally.bytes),
            share(tally.bytes, stats.all.bytes)
        );
    }
    html.push_str("</table></div>\n");
    card("Encodings", "How values are written in the file.", &html)
}

fn databases(stats: &Stats) -> String {
    if stats.dbs.len() < 2 {
        return String::new();
    }
    let rows = stats.dbs.iter().map(|(db, tally)| (db.to_string(), *tally, 0));
    card("Databases", "", &sums("database", rows, stats))
}

fn keys(title: &str, keys: &[LargeKey], measure: impl Fn(&LargeKey) -> u64) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let most = keys.iter().map(&measure).max().unwrap_or(0);
    let mut html = head(&["key", "", "n:bytes", "n:content", "n:elements", "encoding", "n:db"]);
    for key in keys {
        let elements = if key.kind == "string" { "-".to_owned() } else { count(key.elements) };
        let _ = write!(
            html,
            "<tr><td class=\"name\" title=\"{}\">{}</td><td class=\"bar\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{elements}</td><td>{}</td><td class=\"n\">{}</td></tr>",
            Safe(unquoted(key.name(512))),
            Safe(unquoted(key.name(60))),
            chart::bar(measure(key), most, colour_of(key.kind)),
            size(key.bytes),
            size(key.content),
            key.encoding,
            key.db
        );
    }
    html.push_str("</table></div>\n");
    card(title, "", &html)
}

/// A table of sums with bars; the names are HTML already.
fn sums(title: &str, rows: impl Iterator<Item = (String, Tally, usize)>, stats: &Stats) -> String {
    let mut html = head(&[title, "", "n:keys", "n:bytes", "n:share", "n:content", "n:elements"]);
    for (name, tally, colour) in rows {
        let _ = write!(
            html,
            "<tr><td class=\"name\">{name}</td><td class=\"bar\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            chart::bar(tally.bytes, stats.all.bytes, colour),
            count(tally.keys),
            size(tally.bytes),
            share(tally.bytes, stats.all.bytes),
            size(tally.content),
            count(tally.elements)
        );
    }
    html.push_str("</table></div>\n");
    html
}

/// The start of a table; `n:` marks columns of numbers.
fn head(columns: &[&str]) -> String {
    let mut html = String::from("<div class=\"scroll\"><table><tr>");
    for column in columns {
        let _ = match column.strip_prefix("n:") {
            Some(name) => write!(html, "<th class=\"n\">{name}</th>"),
            None => write!(html, "<th>{column}</th>"),
        };
    }
    html.push_str("</tr>");
    html
}

fn card(title: &str, note: &str, body: &str) -> String {
    format!("<section class=\"card\"><h2>{title}</h2><p class=\"note\">{}</p>{body}</section>\n", Safe(note))
}

fn slice(label: impl Into<String>, tally: &Tally, colour: usize) -> Slice {
    let caption = format!("{}, {}", size(tally.bytes), of(tally.keys, "key"));
    Slice { label: label.into(), caption, size: tally.bytes, colour }
}

/// A name behind a dot of its colour.
fn dot(colour: usize, name: impl Display) -> String {
    format!("<i class=\"dot\" style=\"background:var(--c{colour})\"></i>{}", Safe(name))
}

/// A name without quotes.
fn label(name: &[u8], limit: usize) -> String {
    unquoted(Name::cut_at(name, limit))
}

fn unquoted(name: Name<'_>) -> String {
    let quoted = name.to_string();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// A count in a few characters, such as `1.2M`.
fn short(number: u64) -> String {
    let value = number as f64;
    match number {
        0..10_000 => count(number),
        10_000..1_000_000 => format!("{:.1}k", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", value / 1e6),
        _ => format!("{:.1}G", value / 1e9),
    }
}

fn colour_of(kind: &str) -> usize {
    ["string", "hash", "zset", "list", "set", "stream", "module"].iter().position(|name| *name == kind).unwrap_or(GREY)
}

/// The colour of what is not told apart.
const GREY: usize = 7;

/// The colour of what is over.
const EXPIRED: usize = 4;
