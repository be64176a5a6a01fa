//! Base64 with padding (RFC 4648), in pieces.

/// Encodes bytes that come in pieces.
#[derive(Debug, Default)]
pub(super) struct Base64 {
    /// One or two bytes that do not yet make a group of three.
    held: Vec<u8>,
}

impl Base64 {
    /// Writes what the bytes so far make.
    pub(super) fn piece(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !self.held.is_empty()
            && let Some((&byte, rest)) = bytes.split_first()
        {
            self.held.push(byte);
            bytes = rest;
            if let [a, b, c] = *self.held {
                out.extend_from_slice(&group(a, b, c));
                self.held.clear();
            }
        }
        let (groups, rest) = bytes.as_chunks::<3>();
        out.reserve(groups.len() * 4);
        for &[a, b, c] in groups {
            out.extend_from_slice(&group(a, b, c));
        }
        self.held.extend_from_slice(rest);
    }

    /// Writes the end.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        match *self.held {
            [a] => {
                let [first, second, ..] = group(a, 0, 0);
                out.extend_from_slice(&[first, second, b'=', b'=']);
            }
            [a, b] => {
                let [first, second, third, _] = group(a, b, 0);
                out.extend_from_slice(&[first, second, third, b'=']);
            }
            _ => {}
        }
        self.held.clear();
    }
}

#[inline]
fn group(a: u8, b: u8, c: u8) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, a, b, c]);
    [18, 12, 6, 0].map(|shift| digit(bits >> shift))
}

#[inline]
fn digit(bits: u32) -> u8 {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    DIGITS.get((bits & 0x3f) as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_make_the_same_text() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            for size in 1..=7 {
                let (mut base64, mut out) = (Base64::default(), Vec::new());
                bytes.as_bytes().chunks(size).for_each(|piece| base64.piece(piece, &mut out));
                base64.end(&mut out);
                assert_eq!(String::from_utf8(out).unwrap(), text, "{size}");
            }
        }
    }
}
