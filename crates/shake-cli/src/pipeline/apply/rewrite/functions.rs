//! Libraries of functions. Every primary of a source has its own, and all of them tell of theirs.

use bytes::BytesMut;
use rdb::{DUMP_FOOTER_LEN, Decoder, Item, Options};

use super::{Omission, Rewritten, put};
use crate::pipeline::apply::said::Said;
use crate::pipeline::target::Target;

/// `FUNCTION LOAD`, `DELETE`, `FLUSH`, `RESTORE`
pub(super) fn function(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    if !target.has_functions() {
        return Rewritten::Without(Omission::Functions, 0);
    }
    if said.args.is_word(1, "LOAD") {
        let replace: &[usize] = if said.args.is_word(2, "REPLACE") { &[2] } else { &[] };
        put(out, &[b"FUNCTION", b"LOAD", b"REPLACE"], said.args, 2, replace);
        return Rewritten::Commands(1);
    }
    match libraries(said) {
        Some(libraries) if said.args.is_word(1, "RESTORE") => {
            if said.args.is_word(3, "FLUSH") {
                resp::put_command(out, &["FUNCTION", "FLUSH"]);
            }
            for library in &libraries {
                let words: [&[u8]; 4] = [b"FUNCTION", b"LOAD", b"REPLACE", library];
                resp::put_command(out, &words);
            }
            let commands = libraries.len() + usize::from(said.args.is_word(3, "FLUSH"));
            Rewritten::Commands(u32::try_from(commands).unwrap_or(u32::MAX))
        }
        _ => Rewritten::Same,
    }
}

/// The libraries in the payload of a `FUNCTION RESTORE`: the records of a snapshot, signed with a version that the target
/// may not take.
fn libraries(said: Said<'_>) -> Option<Vec<Vec<u8>>> {
    let payload = said.args.arg(2)?;
    let mut decoder = Decoder::new(Options::default());
    decoder.feed(b"REDIS0010");
    decoder.feed(payload.get(..payload.len().checked_sub(DUMP_FOOTER_LEN)?)?);
    decoder.feed(UNCHECKED_END);
    let mut libraries = Vec::new();
    while let Some(item) = decoder.next_item().ok()? {
        if let Item::Function(code) = item {
            libraries.push(code.to_vec());
        }
    }
    decoder.is_done().then_some(libraries)
}

/// The end of a snapshot, and in place of its checksum that there is none.
const UNCHECKED_END: &[u8] = b"\xff\0\0\0\0\0\0\0\0";

#[cfg(test)]
mod tests {
    use super::super::bench::{becomes, becomes_args};

    #[test]
    fn functions_replace() {
        assert_eq!(becomes("redis-7.0", "FUNCTION LOAD code"), "FUNCTION LOAD REPLACE code");
        assert_eq!(becomes("redis-7.0", "function load replace code"), "FUNCTION LOAD REPLACE code");
        assert_eq!(becomes("redis-7.0", "FUNCTION DELETE lib"), "= FUNCTION DELETE lib");
        assert_eq!(becomes("redis-6.0", "FUNCTION LOAD code"), "without them");
    }

    #[test]
    fn what_was_dumped_is_loaded_whatever_the_version_of_the_dump() {
        let payload = b"\xf5\x04code\xf5\x05other\x50\x00checksum";
        let both = "FUNCTION LOAD REPLACE code; FUNCTION LOAD REPLACE other";
        assert_eq!(becomes_args("redis-7.0", &[b"FUNCTION", b"RESTORE", payload]), both);
        assert_eq!(
            becomes_args("redis-7.0", &[b"function", b"restore", payload, b"flush"]),
            format!("FUNCTION FLUSH; {both}")
        );
        assert_eq!(becomes("redis-7.0", "FUNCTION RESTORE damaged"), "= FUNCTION RESTORE damaged");
        assert_eq!(becomes("redis-7.0", "FUNCTION RESTORE short"), "= FUNCTION RESTORE short");
    }
}
