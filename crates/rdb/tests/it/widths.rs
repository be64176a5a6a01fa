//! The fixtures hold entries of every width that listpacks and ziplists know; walked here apart from the decoder.

use std::collections::BTreeSet;

use rdb::{Decoder, Item, Options, Part, ValueType};

use crate::fixtures;

/// What each entry of every list's packed nodes starts with.
fn widths(name: &str, file: &[u8]) -> BTreeSet<&'static str> {
    let mut widths = BTreeSet::new();
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(file);
    while let Some(item) = decoder.next_item().expect(name) {
        let Item::Entry(entry) = item else { continue };
        let value_type = entry.value.value_type();
        let mut packed = value_type == ValueType::ListQuicklist;
        if !packed && value_type != ValueType::ListQuicklist2 {
            continue;
        }
        for part in entry.value.parts().skip(1) {
            match part.expect(name) {
                Part::Length(container) => packed = container == 2,
                Part::String(_) if !packed => {}
                Part::String(node) if value_type == ValueType::ListQuicklist => {
                    ziplist(&node.decode().expect(name), &mut widths);
                }
                Part::String(node) => listpack(&node.decode().expect(name), &mut widths),
                other => panic!("{name}: {other:?} in a list"),
            }
        }
    }
    widths
}

/// Walks a listpack: what an entry is made of, then its length, to walk backwards.
fn listpack(node: &[u8], widths: &mut BTreeSet<&'static str>) {
    let mut at = 6;
    while node[at] != 0xff {
        let byte = |index: usize| usize::from(node[at + index]);
        let (width, len) = match node[at] {
            0..=0x7f => ("7-bit integer", 1),
            first @ 0x80..=0xbf => ("6-bit string", 1 + usize::from(first & 0x3f)),
            0xc0..=0xdf => ("13-bit integer", 2),
            0xe0..=0xef => ("12-bit string", 2 + (byte(0) & 0xf) * 256 + byte(1)),
            0xf0 => ("32-bit string", 5 + byte(1) + byte(2) * 256 + byte(3) * 65536),
            0xf1 => ("16-bit integer", 3),
            0xf2 => ("24-bit integer", 4),
            0xf3 => ("32-bit integer", 5),
            0xf4 => ("64-bit integer", 9),
            other => panic!("{other:#x} starts no entry"),
        };
        widths.insert(width);
        at += len + [128, 1 << 14, 1 << 21].iter().filter(|limit| len >= **limit).count() + 1;
    }
}

/// Walks a ziplist: the length of the entry before, then what an entry is made of.
fn ziplist(node: &[u8], widths: &mut BTreeSet<&'static str>) {
    let mut at = 10;
    while node[at] != 0xff {
        widths.insert(if node[at] == 0xfe { "long entry before" } else { "short entry before" });
        at += if node[at] == 0xfe { 5 } else { 1 };
        let byte = |index: usize| usize::from(node[at + index]);
        let (width, len) = match node[at] {
            first @ 0..=0x3f => ("6-bit string", 1 + usize::from(first)),
            0x40..=0x7f => ("14-bit string", 2 + (byte(0) & 0x3f) * 256 + byte(1)),
            0x80 => ("32-bit string", 5 + byte(2) * 65536 + byte(3) * 256 + byte(4)),
            0xc0 => ("16-bit integer", 3),
            0xd0 => ("32-bit integer", 5),
            0xe0 => ("64-bit integer", 9),
            0xf0 => ("24-bit integer", 4),
            0xfe => ("8-bit integer", 2),
            0xf1..=0xfd => ("4-bit integer", 1),
            other => panic!("{other:#x} starts no entry"),
        };
        widths.insert(width);
        at += len;
    }
}

#[test]
fn entries_of_every_width_occur() {
    for (name, file) in fixtures::all() {
        let expected = if name == "redis-6.0" { ZIPLIST } else { LISTPACK };
        assert_eq!(widths(name, &file), expected.split(", ").collect::<BTreeSet<_>>(), "{name}");
    }
}

const LISTPACK: &str = "7-bit integer, 13-bit integer, 16-bit integer, 24-bit integer, 32-bit integer, 64-bit integer, \
                        6-bit string, 12-bit string, 32-bit string";

const ZIPLIST: &str = "4-bit integer, 8-bit integer, 16-bit integer, 24-bit integer, 32-bit integer, 64-bit integer, \
                       6-bit string, 14-bit string, 32-bit string, short entry before, long entry before";
