//! The answer for people.

use std::fmt::Write;

use crate::pipeline::{KnownLinks, LinkReport, NextStart};
use crate::table::{Align, Table};

use super::json::phase;

/// All that is known, as tables.
pub(super) fn page(known: &KnownLinks) -> String {
    let mut page = String::new();
    for why in &known.unasked {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "source {why}: its link cannot be told from others");
    }
    if !known.unasked.is_empty() {
        page.push('\n');
    }
    if known.links.is_empty() {
        page.push_str("the target knows of no link\n");
        return page;
    }
    let _ = write!(page, "{}", links(&known.links));
    for report in &known.links {
        let _ = write!(page, "\n{}", of_link(report));
    }
    page
}

fn links(reports: &[LinkReport]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new(&[
        ("link", Left),
        ("source", Left),
        ("fed from", Left),
        ("generation", Right),
        ("phase", Left),
        ("offset", Right),
        ("slots ahead", Right),
        ("a start", Left),
    ]);
    for LinkReport { known, source, next, .. } in reports {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        table.row(vec![
            known.link.clone(),
            or_none(source.as_ref().map(ToString::to_string)),
            or_none(known.fed_from.clone()),
            or_none(known.generation.map(|generation| generation.to_string())),
            or_none(known.lowest.map(|lowest| phase(lowest.phase).to_owned())),
            or_none(known.lowest.map(|lowest| lowest.offset.to_string())),
            known.slots_ahead.to_string(),
            match next {
                NextStart::From(position) => format!("from offset {}", position.offset),
                NextStart::Copies(why) => format!("copies everything: {why}"),
                NextStart::Stops(why) => format!("stops, since it may not copy everything again: {why}"),
            },
        ]);
    }
    table
}

/// The ids of its history, and its marks.
fn of_link(LinkReport { known, .. }: &LinkReport) -> String {
    let ids = if known.replids.is_empty() { "unknown".to_owned() } else { known.replids.join(", ") };
    let mut text = format!("link {}, history {ids}\n", known.link);
    if known.marks.is_empty() {
        return text;
    }
    let mut table = Table::new(&[
        ("  target node", Align::Left),
        ("address", Align::Left),
        ("mark", Align::Left),
        ("", Align::Left),
        ("slots", Align::Left),
    ]);
    for mark in &known.marks {
        table.row(vec![
            format!("  {}", mark.node),
            mark.address.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            mark.position.to_string(),
            if mark.counts { "counts" } else { "void" }.to_owned(),
            mark.slots.to_string(),
        ]);
    }
    let _ = write!(text, "{table}");
    text
}
