//! What is met where a snapshot was expected, and what to do about it.

/// The first bytes of a file, as many as are needed to know what it is.
#[derive(Debug, Default)]
pub(super) struct Start {
    bytes: Vec<u8>,
}

impl Start {
    /// Takes the next bytes into account.
    #[inline]
    pub(super) fn note(&mut self, piece: &[u8]) {
        let missing = ENOUGH.saturating_sub(self.bytes.len());
        if missing > 0 {
            self.bytes.extend(piece.iter().take(missing));
        }
    }

    /// What there is of them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What a file is that is no snapshot, and the next step, as the end of a sentence; empty if that is not known.
pub(super) fn hint(start: &[u8]) -> String {
    match start {
        [0x1f, 0x8b, ..] => unpack("gzip", "zcat"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => unpack("zstd", "zstdcat"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => unpack("xz", "xzcat"),
        [b'*', b'0'..=b'9', ..] | [b'#', b'T', b'S', b':', ..] => {
            ": these are commands of an append-only file; the snapshot is the base file beside it, or dump.rdb"
                .to_owned()
        }
        [b'f', b'i', b'l', b'e', b' ', ..] => manifest(start),
        _ => String::new(),
    }
}

fn unpack(format: &str, command: &str) -> String {
    format!(": this is {format}; try {command} FILE | shake-cli rdb check -")
}

/// The manifest of append-only files names its base (`aofLoadManifestFromFile` in `aof.c`).
fn manifest(start: &[u8]) -> String {
    let text = String::from_utf8_lossy(start);
    let base = text.lines().find_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let is_base = words.windows(2).any(|pair| pair == ["type", "b"]);
        words.get(1).filter(|_| is_base).copied()
    });
    match base {
        Some(base) => format!(": this is the manifest of append-only files; the snapshot is {}", base.escape_debug()),
        None => ": this may be the manifest of append-only files; it names no base file".to_owned(),
    }
}

/// What the bytes behind the end of a snapshot seem to be.
pub(super) fn tail(trailing: &[u8]) -> Option<&'static str> {
    match trailing {
        [] => None,
        [b'*', b'0'..=b'9', ..] | [b'#', b'T', b'S', b':', ..] => Some(
            ": commands of an append-only file, whose preamble the snapshot is; \
             all of the snapshot was read, none of the commands",
        ),
        _ => Some(""),
    }
}

/// More bytes than these need not be looked at.
const ENOUGH: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_step_is_named() {
        assert_eq!(hint(b"\x1f\x8b\x08"), ": this is gzip; try zcat FILE | shake-cli rdb check -");
        assert!(hint(b"\x28\xb5\x2f\xfd").contains("zstdcat"));
        assert!(hint(b"*2\r\n$6\r\nSELECT").contains("append-only file"));
        let manifest = b"file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
        assert!(hint(manifest).ends_with("the snapshot is appendonly.aof.1.base.rdb"), "{}", hint(manifest));
        assert!(hint(b"file appendonly.aof.1.incr.aof seq 1 type i\n").ends_with("names no base file"));
        assert_eq!(hint(b"hello"), "");
    }

    #[test]
    fn the_start_is_bounded_and_whole() {
        let mut start = Start::default();
        start.note(b"\x1f");
        start.note(b"\x8b");
        assert_eq!(start.bytes(), b"\x1f\x8b");
        start.note(&vec![0; 2 * ENOUGH]);
        assert_eq!(start.bytes().len(), ENOUGH);
    }
}
