//! The answer for programs.

use cluster_router::{Phase, Position};
use serde_json::{Value, json};

use crate::pipeline::{KnownLinks, KnownMark, LinkReport, NextStart};

/// All that is known.
pub(super) fn document(name: &str, known: &KnownLinks) -> Value {
    json!({
        "name": name,
        "links": known.links.iter().map(link).collect::<Vec<_>>(),
        "sources_not_asked": known.unasked,
    })
}

fn link(report: &LinkReport) -> Value {
    let known = &report.known;
    json!({
        "link": known.link,
        "source": report.source.as_ref().map(ToString::to_string),
        "fed_from": known.fed_from,
        "generation": known.generation,
        "phase": known.lowest.map(|lowest| phase(lowest.phase)),
        "offset": known.lowest.map(|lowest| lowest.offset),
        "slots_ahead": known.slots_ahead,
        "replication_ids": known.replids,
        "marks": known.marks.iter().map(mark).collect::<Vec<_>>(),
        "start": start(&report.next),
    })
}

fn mark(mark: &KnownMark) -> Value {
    let Position { generation, phase: in_phase, offset, .. } = mark.position;
    json!({
        "node": mark.node,
        "address": mark.address.as_ref().map(ToString::to_string),
        "generation": generation,
        "phase": phase(in_phase),
        "offset": offset,
        "slots": mark.slots.to_string(),
        "counts": mark.counts,
    })
}

fn start(next: &NextStart) -> Value {
    match next {
        NextStart::From(position) => json!({ "does": "continues", "offset": position.offset }),
        NextStart::Copies(why) => json!({ "does": "copies", "why": why }),
        NextStart::Stops(why) => json!({ "does": "stops", "why": why }),
    }
}

pub(super) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Snapshot => "snapshot",
        Phase::Stream => "stream",
    }
}
