//! LZF, the compression of strings in snapshots (`lzf_d.c`): decompression only, in safe Rust.

mod stream;

pub(crate) use stream::LzfStream;

/// Data that does not expand to exactly the stated length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadLzf;

/// Whether any compressor could have made `len` bytes into `compressed` ones.
///
/// The densest run is a long back reference: three bytes for 264.
pub(crate) const fn is_plausible(compressed: u64, len: u64) -> bool {
    compressed > 0 && len / 88 <= compressed
}

/// Appends the `len` bytes that `data` expands to.
///
/// `out` may hold other bytes before; references never reach them. On failure `out` is as long as it was.
///
/// # Errors
/// [`BadLzf`] when the data ends early, refers to before its start, or expands to another length.
pub(crate) fn decompress_into(data: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), BadLzf> {
    let start = out.len();
    // Room to write whole pieces over the end: they are cheaper than exact copies.
    out.resize(start + len + SLACK, 0);
    let result = expand(data, out.get_mut(start..).unwrap_or_default());
    out.truncate(if result.is_ok() { start + len } else { start });
    result
}

/// How far copies may write past what they are asked for.
const SLACK: usize = 32;

/// Bytes that a back reference is copied by.
const PIECE: usize = 16;

/// What one instruction expands to at most.
const LONGEST: usize = 264;

/// What one instruction takes at most: a control byte and 32 literals.
const LONGEST_TAKEN: usize = 33;

/// Expands into `out`, all of it but the slack.
fn expand(data: &[u8], out: &mut [u8]) -> Result<(), BadLzf> {
    let end = out.len() - SLACK;
    let mut at = 0;
    let mut data = expand_inner(data, out, &mut at)?;
    while let Some((&control, rest)) = data.split_first() {
        let (count, rest) = if control < 32 {
            literal(usize::from(control) + 1, rest, out, at, end)?
        } else {
            reference(control, rest, out, at, end)?
        };
        at += count;
        data = rest;
    }
    if at == end { Ok(()) } else { Err(BadLzf) }
}

/// Executes instructions while any would be whole and have room: without looking at the ends of data and `out`.
///
/// `*at` is where the next byte goes, on an error that of the instruction which failed. Returns the rest of the data.
#[inline]
fn expand_inner<'a>(mut data: &'a [u8], out: &mut [u8], at: &mut usize) -> Result<&'a [u8], BadLzf> {
    let Some(last) = out.len().checked_sub(LONGEST + SLACK) else { return Ok(data) };
    while *at <= last
        && let Some(head) = data.first_chunk::<LONGEST_TAKEN>()
    {
        let [control, second, third, ..] = *head;
        // Each branch moves on by itself: a processor that guesses the branch then need not wait for the lengths.
        if control < 32 {
            let count = usize::from(control) + 1;
            let [_, literals @ ..] = head;
            *out.get_mut(*at..).and_then(<[u8]>::first_chunk_mut).ok_or(BadLzf)? = *literals;
            *at += count;
            data = data.get(1 + count..).ok_or(BadLzf)?;
            continue;
        }
        let (count, low, taken) = if control < 0xe0 {
            (usize::from(control >> 5) + 2, second, 2)
        } else {
            (9 + usize::from(second), third, 3)
        };
        data = data.get(taken..).ok_or(BadLzf)?;
        repeat(count, distance(control, low), out, *at)?;
        *at += count;
    }
    Ok(data)
}

/// Copies `count` bytes of the data; returns how many, and the rest.
#[inline]
fn literal<'a>(
    count: usize,
    data: &'a [u8],
    out: &mut [u8],
    at: usize,
    end: usize,
) -> Result<(usize, &'a [u8]), BadLzf> {
    let (bytes, rest) = data.split_at_checked(count).ok_or(BadLzf)?;
    if at + count > end {
        return Err(BadLzf);
    }
    let room = out.get_mut(at..).ok_or(BadLzf)?;
    match (data.first_chunk::<SLACK>(), room.first_chunk_mut::<SLACK>()) {
        (Some(from), Some(to)) => *to = *from,
        _ => room.get_mut(..count).ok_or(BadLzf)?.copy_from_slice(bytes),
    }
    Ok((count, rest))
}

/// Repeats bytes that were already expanded; returns how many, and the rest of the data.
#[inline]
fn reference<'a>(
    control: u8,
    mut data: &'a [u8],
    out: &mut [u8],
    at: usize,
    end: usize,
) -> Result<(usize, &'a [u8]), BadLzf> {
    let mut count = usize::from(control >> 5) + 2;
    if count == 9 {
        let (&more, rest) = data.split_first().ok_or(BadLzf)?;
        count += usize::from(more);
        data = rest;
    }
    let (&low, rest) = data.split_first().ok_or(BadLzf)?;
    if at + count > end {
        return Err(BadLzf);
    }
    repeat(count, distance(control, low), out, at)?;
    Ok((count, rest))
}

/// How far back a reference reaches.
#[inline]
fn distance(control: u8, low: u8) -> usize {
    (usize::from(control & 0x1f) << 8) + usize::from(low) + 1
}

/// Copies `count` bytes from `distance` back, up to one less than a piece too far.
#[inline]
fn repeat(count: usize, distance: usize, out: &mut [u8], at: usize) -> Result<(), BadLzf> {
    let from = at.checked_sub(distance).ok_or(BadLzf)?;
    if distance < PIECE {
        copy_pattern(out, from, at, count);
        return Ok(());
    }
    copy_piece(out, from, at)?;
    if count > PIECE {
        copy_more(out, from, at, count)?;
    }
    Ok(())
}

/// Copies all but the first piece. Few references are so long: kept out of the loop, which is faster without.
#[inline(never)]
fn copy_more(out: &mut [u8], from: usize, at: usize, count: usize) -> Result<(), BadLzf> {
    let mut done = PIECE;
    while done < count {
        copy_piece(out, from + done, at + done)?;
        done += PIECE;
    }
    Ok(())
}

#[inline]
fn copy_piece(out: &mut [u8], from: usize, to: usize) -> Result<(), BadLzf> {
    let piece: [u8; PIECE] = *out.get(from..).and_then(<[u8]>::first_chunk).ok_or(BadLzf)?;
    *out.get_mut(to..).and_then(<[u8]>::first_chunk_mut).ok_or(BadLzf)? = piece;
    Ok(())
}

/// Repeats the short pattern between `from` and `to`; rare, too.
#[inline(never)]
fn copy_pattern(out: &mut [u8], from: usize, mut to: usize, mut count: usize) {
    while count > 0 {
        // What was just written continues the pattern, so each round can copy twice as much.
        let piece = count.min(to - from);
        out.copy_within(from..from + piece, to);
        to += piece;
        count -= piece;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decompress(data: &[u8], len: usize) -> Result<Vec<u8>, BadLzf> {
        let mut out = b"before".to_vec();
        let result = decompress_into(data, len, &mut out);
        assert_eq!(&out[..6], b"before");
        assert!(result.is_ok() || out.len() == 6);
        result.map(|()| out.split_off(6))
    }

    #[test]
    fn overlapping_references_repeat() {
        // One literal 'a', then 9 + 255 bytes from one byte back.
        assert_eq!(decompress(&[0, b'a', 0xe0, 255, 0], 265), Ok(vec![b'a'; 265]));
        assert_eq!(decompress(&[2, b'a', b'b', b'c', 0x60, 2], 8), Ok(b"abcabcab".to_vec()));
    }

    #[test]
    fn wrong_data_is_refused() {
        assert_eq!(decompress(&[0, b'a', 0x20, 1], 4), Err(BadLzf), "before the start");
        assert_eq!(decompress(&[0, b'a'], 2), Err(BadLzf), "too little");
        assert_eq!(decompress(&[1, b'a', b'b'], 1), Err(BadLzf), "too much");
        assert_eq!(decompress(&[3, b'a'], 4), Err(BadLzf), "literals missing");
        assert_eq!(decompress(&[0xe0], 9), Err(BadLzf), "count missing");
        assert_eq!(decompress(&[0x20], 3), Err(BadLzf), "distance missing");
    }

    #[test]
    fn the_densest_data_is_plausible() {
        assert!(is_plausible(5, 265));
        assert!(is_plausible(3 * 1000 + 2, 264 * 1000 + 1));
        assert!(!is_plausible(3, 1 << 40));
        assert!(!is_plausible(0, 1));
    }

    proptest! {
        #[test]
        fn expands_what_the_compressor_made(
            pieces in prop::collection::vec((prop::collection::vec(0_u8..4, 1..20), 1_usize..30), 1..30)
        ) {
            let text: Vec<u8> = pieces.iter().flat_map(|(piece, times)| piece.repeat(*times)).collect();
            if let Ok(compressed) = lzf::compress(&text) {
                prop_assert_eq!(decompress(&compressed, text.len()), Ok(text));
            }
        }

        #[test]
        fn agrees_with_the_reference_on_any_bytes(
            data in prop::collection::vec(any::<u8>(), 1..40), len in 1_usize..600
        ) {
            // The reference returns shorter output as success.
            let expected = lzf::decompress(&data, len).ok().filter(|text| text.len() == len);
            prop_assert_eq!(decompress(&data, len).ok(), expected);
        }

        #[test]
        fn agrees_with_the_reference_on_damaged_data(
            pieces in prop::collection::vec((prop::collection::vec(0_u8..4, 1..20), 1_usize..30), 1..30),
            place in any::<prop::sample::Index>(), byte in any::<u8>(), longer in -1_isize..=1
        ) {
            let text: Vec<u8> = pieces.iter().flat_map(|(piece, times)| piece.repeat(*times)).collect();
            if let Ok(mut compressed) = lzf::compress(&text) {
                *place.get_mut(&mut compressed) = byte;
                let len = text.len().saturating_add_signed(longer);
                let expected = lzf::decompress(&compressed, len).ok().filter(|text| text.len() == len);
                prop_assert_eq!(decompress(&compressed, len).ok(), expected);
            }
        }
    }
}
