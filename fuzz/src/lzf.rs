//! LZF, written down as plainly as possible, to compare with.

use crate::byte_source::ByteSource;

/// What the data expands to, to its first fault, and whether there was none.
pub fn expand(data: &[u8]) -> (Vec<u8>, bool) {
    let (mut out, mut rest) = (Vec::new(), data);
    while !rest.is_empty() {
        match step(rest, &mut out) {
            Some(more) => rest = more,
            None => return (out, false),
        }
    }
    (out, true)
}

/// Expands one run or reference; returns what is behind it.
fn step<'a>(data: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&control, rest) = data.split_first()?;
    if control < 32 {
        let (literal, rest) = rest.split_at_checked(usize::from(control) + 1)?;
        out.extend_from_slice(literal);
        return Some(rest);
    }
    let (more, rest) = if control >> 5 == 7 { rest.split_first()? } else { (&0, rest) };
    let (&low, rest) = rest.split_first()?;
    let distance = (usize::from(control & 0x1f) << 8) + usize::from(low) + 1;
    let start = out.len().checked_sub(distance)?;
    for index in 0..usize::from(control >> 5) + 2 + usize::from(*more) {
        out.push(out[start + index]);
    }
    Some(rest)
}

/// The same instructions without their faults: references that reach before the start are bent into what there is.
pub fn mended(data: &[u8]) -> Vec<u8> {
    let (mut source, mut out, mut expanded) = (ByteSource(data), Vec::new(), 0);
    while !source.is_empty() {
        let control = source.byte();
        if control < 32 {
            let literal = source.bytes(usize::from(control) + 1);
            if let Some(last) = literal.len().checked_sub(1) {
                out.push(last as u8);
                out.extend_from_slice(literal);
            }
            expanded += literal.len();
        } else if expanded > 0 {
            let more = (control >> 5 == 7).then(|| source.byte());
            let distance = (usize::from(control & 0x1f) << 8 | usize::from(source.byte())) % expanded;
            out.push(control & 0xe0 | (distance >> 8) as u8);
            out.extend(more);
            out.push(distance as u8);
            expanded += usize::from(control >> 5) + 2 + more.map_or(0, usize::from);
        }
    }
    out
}
