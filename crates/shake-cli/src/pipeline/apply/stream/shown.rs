//! Names and keys in messages, cut short: they may be of any length, and hold any bytes.

/// A name or a key.
pub(super) fn shown(bytes: &[u8]) -> String {
    match bytes.get(..LONGEST) {
        Some(start) if bytes.len() > LONGEST => format!("{}...", start.escape_ascii()),
        _ => bytes.escape_ascii().to_string(),
    }
}

/// The first of some keys.
pub(super) fn shown_keys<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut keys = keys.into_iter();
    let mut text: Vec<String> = keys.by_ref().take(MOST).map(shown).collect();
    if keys.next().is_some() {
        text.push("...".to_owned());
    }
    text.join(" ")
}

const LONGEST: usize = 100;
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_many_are_cut() {
        assert_eq!(shown(b"a\x00b"), "a\\x00b");
        assert_eq!(shown(&[b'x'; 101]), format!("{}...", "x".repeat(100)));
        assert_eq!(shown_keys([&b"a"[..], b"b"]), "a b");
        assert_eq!(shown_keys([&b"a"[..]; 5]), "a a a a ...");
        assert_eq!(shown_keys([]), "");
    }
}
