//! Patterns for names, as `KEYS` and `SCAN` take them (`stringmatchlen` in `util.c`).

/// Whether all of `name` matches `pattern`. Time is bounded by the product of both lengths.
pub(super) fn matches(mut pattern: &[u8], mut name: &[u8]) -> bool {
    // Where to go on when what follows the last star does not match.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            pattern = rest;
            retry = Some((rest, name));
            continue;
        }
        if let Some((&byte, behind)) = name.split_first()
            && let Some(rest) = match_one(pattern, byte)
        {
            (pattern, name) = (rest, behind);
            continue;
        }
        if pattern.is_empty() && name.is_empty() {
            return true;
        }
        // The star takes one byte more.
        let Some((behind_star, [_, shorter @ ..])) = retry else { return false };
        (pattern, name, retry) = (behind_star, shorter, Some((behind_star, shorter)));
    }
}

/// The pattern that was typed, in which `\xHH` stands for the byte with these digits, which no argument could have.
pub(super) fn with_bytes(typed: &str) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(typed.len());
    let mut rest = typed.as_bytes();
    loop {
        rest = match rest {
            [] => return pattern,
            [b'\\', b'x', high, low, behind @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let byte = hex(*high) << 4 | hex(*low);
                // As itself, whatever it means in patterns; other bytes may be the ends of a range.
                if byte.is_ascii_punctuation() {
                    pattern.push(b'\\');
                }
                pattern.push(byte);
                behind
            }
            [b'\\', literal, behind @ ..] => {
                pattern.extend([b'\\', *literal]);
                behind
            }
            [literal, behind @ ..] => {
                pattern.push(*literal);
                behind
            }
        };
    }
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Matches `byte` with the first part of the pattern, which is no star; the rest of the pattern if it matches.
fn match_one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    match pattern {
        [] => None,
        [b'?', rest @ ..] => Some(rest),
        [b'[', rest @ ..] => match_class(rest, byte),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (*literal == byte).then_some(rest),
    }
}

/// A class of bytes, behind its opening bracket. One that is not closed ends with the pattern, as in the server.
fn match_class(mut class: &[u8], byte: u8) -> Option<&[u8]> {
    let negated = class.first() == Some(&b'^');
    if negated {
        class = class.get(1..).unwrap_or_default();
    }
    let mut found = false;
    loop {
        class = match class {
            [] => break,
            [b']', rest @ ..] => {
                class = rest;
                break;
            }
            [b'\\', literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
            [from, b'-', to, rest @ ..] => {
                found |= (*from.min(to)..=*from.max(to)).contains(&byte);
                rest
            }
            [literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
        };
    }
    (found != negated).then_some(class)
}

#[cfg(test)]
mod tests {
    use super::{matches, with_bytes};

    #[test]
    fn patterns_are_those_of_keys() {
        let yes = [
            ("*", ""),
            ("", ""),
            ("user:*", "user:1"),
            ("*:name", "user:1:name:name"),
            ("h?llo", "hello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hbllo"),
            ("h[b-a]llo", "hallo"),
            ("a\\*", "a*"),
            ("[\\]]", "]"),
            ("a*b*c", "a_b_b_c"),
            ("[ab", "b"),
        ];
        let no = [
            ("", "a"),
            ("a", ""),
            ("h?llo", "hllo"),
            ("h[^e]llo", "hello"),
            ("a\\*", "ab"),
            ("a*b", "a_b_"),
            ("[", "x"),
        ];
        for (pattern, name) in yes {
            assert!(matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
        for (pattern, name) in no {
            assert!(!matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
    }

    #[test]
    fn bytes_can_be_typed() {
        assert_eq!(with_bytes(r"a\xff*\x2A\\xff\xg0"), b"a\xff*\\*\\\\xff\\xg0");
        assert!(matches(&with_bytes(r"[\x80-\xff]\x00"), b"\x9c\0"));
        assert!(!matches(&with_bytes(r"\x2a"), b"anything"));
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        assert!(!matches("*a".repeat(50).as_bytes(), &[b'a'; 49]));
        assert!(!matches(&[b"*a".repeat(500), b"b".to_vec()].concat(), &[b'a'; 5000]));
    }
}
