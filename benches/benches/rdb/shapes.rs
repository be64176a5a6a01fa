//! The shapes of data that the levels are measured on.

use crate::file::Writer;
use crate::packed::{Listpack, intset};
use crate::streams::stream;

/// A snapshot of one shape.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) file: Vec<u8>,
    pub(crate) keys: u64,
}

/// All of them, 8 to 25 MB each.
pub(crate) fn all() -> Vec<Shape> {
    vec![
        shape("small-strings", |writer| (0..300_000).for_each(|i| small_string(writer, i))),
        shape("packed", |writer| (0..15_000).for_each(|i| packed(writer, i))),
        shape("large", |writer| (0..100).for_each(|i| large(writer, i))),
        shape("lzf", |writer| (0..5_000).for_each(|i| document(writer, i))),
        shape("streams", |writer| (0..10_000).for_each(|i| stream(writer, i))),
        shape("giant", |writer| giant(writer, 500_000)),
    ]
}

fn shape(name: &'static str, write: impl FnOnce(&mut Writer)) -> Shape {
    let mut writer = Writer::new();
    write(&mut writer);
    let (file, keys) = writer.finish();
    Shape { name, file, keys }
}

/// A key of 18 bytes; a value of 16 to 40 bytes, or a 32-bit integer; every tenth expires.
fn small_string(writer: &mut Writer, i: u32) {
    if i % 10 == 9 {
        writer.bytes(b"\xfc");
        writer.bytes(&(4_102_444_800_000_u64 + u64::from(i)).to_le_bytes());
    }
    writer.key(0, &format!("user:{i:08}:name"));
    if i % 10 < 3 {
        writer.bytes(b"\xc2");
        writer.bytes(&i.wrapping_mul(7919).to_le_bytes());
    } else {
        writer.random_string(16 + usize::try_from(i).unwrap_or_default() * 13 % 25);
    }
}

/// A hash, a sorted set, a set, a set of integers and a list, each packed into one string.
fn packed(writer: &mut Writer, i: u32) {
    for (value_type, name, entries) in [(16, "h", 20), (17, "z", 20), (20, "s", 10)] {
        writer.key(value_type, &format!("{name}:{i}"));
        let blob = listpack(writer, entries, value_type == 17);
        writer.string(&blob);
    }
    writer.key(11, &format!("i:{i}"));
    let first = i32::try_from(i).unwrap_or_default() * 3;
    writer.string(&intset(&(first..first + 20).collect::<Vec<_>>()));
    writer.key(18, &format!("l:{i}"));
    // One node, packed.
    writer.bytes(&[1, 2]);
    let blob = listpack(writer, 10, false);
    writer.string(&blob);
}

/// A listpack of strings; every other entry is a number if that is wanted, else every fifth.
fn listpack(writer: &mut Writer, entries: u32, scored: bool) -> Vec<u8> {
    let mut pack = Listpack::new();
    for entry in 0..entries {
        if entry % (if scored { 2 } else { 5 }) == 1 {
            pack.int(i64::from(entry) * 37);
        } else {
            pack.string(&writer.text(12));
        }
    }
    pack.finish().0
}

/// A hash, a set and a sorted set of a thousand elements, each written by itself.
fn large(writer: &mut Writer, i: u32) {
    writer.key(4, &format!("H:{i}"));
    fields(writer, 1000);
    writer.key(2, &format!("S:{i}"));
    writer.length(1000);
    (0..1000).for_each(|_| writer.random_string(14));
    writer.key(5, &format!("Z:{i}"));
    writer.length(1000);
    for member in 0..1000 {
        writer.random_string(14);
        writer.bytes(&(f64::from(member) * 1.1).to_le_bytes());
    }
}

/// A document of 4 KB, compressed to a bit less than half.
fn document(writer: &mut Writer, i: u32) {
    writer.key(0, &format!("doc:{i}"));
    let text = document_text(writer, i);
    writer.compressed(&text);
}

/// JSON that compresses as such does.
pub(crate) fn document_text(writer: &mut Writer, i: u32) -> Vec<u8> {
    let mut text = format!("{{\"id\":{i},\"items\":[");
    while text.len() < 4000 {
        let random = writer.random();
        text.push_str(&format!(
            "{{\"sku\":\"SKU-{:06}\",\"qty\":{},\"price\":{}.99,\"tag\":\"{:06x}\"}},",
            random % 1_000_000,
            random % 9,
            random % 500,
            random >> 40
        ));
    }
    text.into_bytes()
}

/// One hash, larger than any limit.
fn giant(writer: &mut Writer, count: usize) {
    writer.key(4, "giant");
    fields(writer, count);
}

fn fields(writer: &mut Writer, count: usize) {
    writer.length(count);
    for field in 0..count {
        writer.string(format!("field:{field:08}").as_bytes());
        writer.random_string(20);
    }
}
