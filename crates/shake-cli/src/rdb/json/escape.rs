//! Bytes inside a string of JSON.

/// Writes UTF-8 as it is, any other byte XX as `\uefXX`, and escapes what JSON wants escaped.
///
/// The characters U+EF80 to U+EFFF mean bytes then, so where text has them, their own bytes are written that way: each
/// byte string has one form, and no two have the same.
#[inline]
pub(super) fn text(mut bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    loop {
        let (plain, rest) = bytes.split_at_checked(plain_len::<ASCII>(bytes)).unwrap_or((bytes, &[]));
        out.extend_from_slice(plain);
        bytes = match rest {
            [] => return,
            [0x80..=0xff, ..] => return other_text(rest, out),
            [byte, rest @ ..] => {
                plain_or_escaped(*byte, out);
                rest
            }
        };
    }
}

/// What is left of a string from the first byte on that is not ASCII.
fn other_text(bytes: &[u8], out: &mut Vec<u8>) {
    if std::str::from_utf8(bytes).is_ok() {
        return valid(bytes, out);
    }
    for chunk in bytes.utf8_chunks() {
        valid(chunk.valid().as_bytes(), out);
        chunk.invalid().iter().for_each(|&byte| raw_byte(byte, out));
    }
}

/// Writes each byte XX as the character U+00XX.
pub(super) fn latin1(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            0x80.. => unicode(0x00, byte, out),
            _ => plain_or_escaped(byte, out),
        }
    }
}

/// Writes what is known to be UTF-8.
fn valid(mut bytes: &[u8], out: &mut Vec<u8>) {
    loop {
        let (plain, rest) = bytes.split_at_checked(plain_len::<UTF_8>(bytes)).unwrap_or((bytes, &[]));
        out.extend_from_slice(plain);
        bytes = match rest {
            [] => return,
            [FIRST_PRIVATE, second @ 0xbe..=0xbf, third, rest @ ..] => {
                [FIRST_PRIVATE, *second, *third].into_iter().for_each(|byte| raw_byte(byte, out));
                rest
            }
            // Controls of Latin-1, and what turns the direction of text: a terminal obeys them.
            [0xc2, byte @ 0x80..=0x9f, rest @ ..] => {
                unicode(0x00, *byte, out);
                rest
            }
            [0xd8, 0x9c, rest @ ..] => {
                unicode(0x06, 0x1c, out);
                rest
            }
            [0xe2, 0x80, byte @ (0x8e | 0x8f | 0xaa..=0xae), rest @ ..] => {
                unicode(0x20, byte & 0x3f, out);
                rest
            }
            [0xe2, 0x81, byte @ 0xa6..=0xa9, rest @ ..] => {
                unicode(0x20, 0x40 | byte & 0x3f, out);
                rest
            }
            [byte @ (FIRST_PRIVATE | 0xc2 | 0xd8 | 0xe2), rest @ ..] => {
                out.push(*byte);
                rest
            }
            [byte, rest @ ..] => {
                plain_or_escaped(*byte, out);
                rest
            }
        };
    }
}

/// What can be copied beside ASCII: nothing.
const ASCII: bool = false;

/// What can be copied beside ASCII: all of valid UTF-8, but what may be U+EF80 to U+EFFF, a control, or a turn of
/// direction.
const UTF_8: bool = true;

/// How many bytes from the start on can be copied as they are: no quote, no backslash, no control.
#[inline]
fn plain_len<const BEYOND: bool>(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special::<BEYOND>(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + (special.trailing_zeros() / 8) as usize;
        }
    }
    let start = words.len() * 8;
    let tail = bytes.get(start..).unwrap_or_default();
    start + tail.iter().position(|&byte| is_special::<BEYOND>(byte)).unwrap_or(tail.len())
}

/// The top bits of those of eight bytes that are special; exact up to the first of them.
#[inline]
fn special<const BEYOND: bool>(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = u64::from_le_bytes([0x80; 8]);
    let is = |byte: u8| {
        let differs = word ^ (ONES * u64::from(byte));
        differs.wrapping_sub(ONES) & !differs
    };
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let beyond = if BEYOND { is(FIRST_PRIVATE) | is(0xc2) | is(0xd8) | is(0xe2) } else { word };
    (is(b'"') | is(b'\\') | is(0x7f) | control | beyond) & TOPS
}

#[inline]
const fn is_special<const BEYOND: bool>(byte: u8) -> bool {
    matches!(byte, 0..0x20 | b'"' | b'\\' | 0x7f)
        || if BEYOND { matches!(byte, FIRST_PRIVATE | 0xc2 | 0xd8 | 0xe2) } else { byte >= 0x80 }
}

/// The first byte of U+E000 to U+EFFF.
const FIRST_PRIVATE: u8 = 0xee;

fn plain_or_escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 | 0x7f => unicode(0x00, byte, out),
        _ => out.push(byte),
    }
}

/// A byte that is no text.
fn raw_byte(byte: u8, out: &mut Vec<u8>) {
    unicode(0xef, byte, out);
}

fn unicode(high: u8, low: u8, out: &mut Vec<u8>) {
    let [a, b, c, d] = [high >> 4, high & 0xf, low >> 4, low & 0xf].map(hex);
    out.extend_from_slice(&[b'\\', b'u', a, b, c, d]);
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the documented way back makes of the JSON.
    fn undo(json: &str) -> Vec<u8> {
        let text: String = serde_json::from_str(&format!("\"{json}\"")).unwrap();
        let mut bytes = Vec::new();
        for character in text.chars() {
            match u32::from(character) {
                code @ 0xef80..=0xefff => bytes.push(code.to_le_bytes()[0]),
                _ => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        bytes
    }

    fn written(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        text(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_stays_text_and_bytes_can_be_told() {
        assert_eq!(written("héllo 💡€".as_bytes()), "héllo 💡€");
        assert_eq!(
            written("\u{7f}\u{9b}é\u{61c}\u{200e}\u{202e}\u{2069}".as_bytes()),
            r"\u007f\u009bé\u061c\u200e\u202e\u2069"
        );
        assert_eq!(
            written("\u{2010}\u{2065}\u{206a}\u{a0}\u{62a}".as_bytes()),
            "\u{2010}\u{2065}\u{206a}\u{a0}\u{62a}"
        );
        assert_eq!(written(b"a\"b\\c\nd\re\tf\0g"), r#"a\"b\\c\nd\re\tf\u0000g"#);
        assert_eq!(written(b"caf\xe9 \xff\xfe"), r"caf\uefe9 \uefff\ueffe");
        assert_eq!(written("\u{e000}\u{ef7f}\u{ef80}".as_bytes()), "\u{e000}\u{ef7f}\\uefee\\uefbe\\uef80");
    }

    #[test]
    fn every_string_comes_back() {
        // All strings of up to three of these, with something before them that shifts them across the words of eight.
        let parts: [&[u8]; 15] = [
            b"a",
            b"\"",
            b"\\",
            b"\x1f",
            b" ",
            b"\x7f",
            b"\x80",
            b"\xff",
            b"\xee",
            b"\xbe",
            b"\xc3\xa9",
            b"\xee\xbf\xbf",
            b"\xc2\x9b",
            b"\xe2\x80\xae",
            b"\xe2",
        ];
        for shift in 0..9 {
            for one in parts {
                for two in parts {
                    for three in parts {
                        let bytes = [&vec![b'x'; shift][..], one, two, three].concat();
                        assert_eq!(undo(&written(&bytes)), bytes, "{bytes:x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn latin1_is_one_character_a_byte() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut out = vec![b'"'];
        latin1(&bytes, &mut out);
        out.push(b'"');
        let text: String = serde_json::from_slice(&out).unwrap();
        assert_eq!(text.chars().map(u32::from).collect::<Vec<_>>(), (0..=255).collect::<Vec<_>>());
    }
}
