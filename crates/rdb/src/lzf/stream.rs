//! Decompression in bounded memory: compressed bytes in, pieces out.

use super::{BadLzf, LONGEST, SLACK, expand_inner, literal, reference};

/// Expands data that comes in pieces; holds no more than references can reach, and one piece.
#[derive(Debug)]
pub(crate) struct LzfStream {
    /// What references can reach, and behind it what is not handed out yet.
    buffer: Vec<u8>,
    /// Where the next byte goes.
    at: usize,
    /// How much of the buffer was handed out.
    handed_out: usize,
    /// Bytes to come, if the stated length is true.
    left: u64,
}

impl LzfStream {
    /// A stream that must expand to `len` bytes.
    pub(crate) fn new(len: u64) -> Self {
        let room = usize::try_from(len).unwrap_or(usize::MAX).min(REACH + PIECE);
        Self { buffer: vec![0; room + SLACK], at: 0, handed_out: 0, left: len }
    }

    /// Expands the whole instructions at the start of `input`; returns how many bytes those were.
    ///
    /// # Errors
    /// [`BadLzf`] when the data refers to before its start, or expands to more than was stated. What was expanded
    /// before the fault is handed out.
    pub(crate) fn feed(&mut self, input: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<usize, BadLzf> {
        let result = self.expand(input, sink);
        self.hand_out(sink);
        result
    }

    fn expand(&mut self, input: &[u8], sink: &mut impl FnMut(&[u8])) -> Result<usize, BadLzf> {
        let mut rest = input;
        while let Some((&control, data)) = rest.split_first()
            && is_whole(control, data)
        {
            if self.at + LONGEST + SLACK > self.buffer.len() {
                self.make_room(sink);
            }
            let here = self.buffer.len() - SLACK;
            let end = usize::try_from(self.left).map_or(here, |left| here.min(self.at.saturating_add(left)));
            let before = self.at;
            let out = self.buffer.get_mut(..end + SLACK).unwrap_or_default();
            let inner = expand_inner(rest, out, &mut self.at);
            self.left -= (self.at - before) as u64;
            rest = inner?;
            if self.at > before {
                continue;
            }
            let (count, behind) = if control < 32 {
                literal(usize::from(control) + 1, data, &mut self.buffer, self.at, end)?
            } else {
                reference(control, data, &mut self.buffer, self.at, end)?
            };
            self.at += count;
            self.left -= count as u64;
            rest = behind;
        }
        Ok(input.len() - rest.len())
    }

    /// Ends the data.
    ///
    /// # Errors
    /// [`BadLzf`] when it expanded to less than was stated.
    pub(crate) fn finish(&self) -> Result<(), BadLzf> {
        if self.left == 0 { Ok(()) } else { Err(BadLzf) }
    }

    fn hand_out(&mut self, sink: &mut impl FnMut(&[u8])) {
        let piece = self.buffer.get(self.handed_out..self.at).unwrap_or_default();
        if !piece.is_empty() {
            sink(piece);
        }
        self.handed_out = self.at;
    }

    /// Hands out everything, and keeps what references can reach.
    fn make_room(&mut self, sink: &mut impl FnMut(&[u8])) {
        self.hand_out(sink);
        let kept = self.at.saturating_sub(REACH);
        self.buffer.copy_within(kept..self.at, 0);
        self.at -= kept;
        self.handed_out = self.at;
    }
}

/// How far back a reference reaches at most.
const REACH: usize = 1 << 13;

/// What is handed out at once at most.
const PIECE: usize = 64 << 10;

/// Whether all bytes of the instruction that starts with `control` are there.
fn is_whole(control: u8, data: &[u8]) -> bool {
    let needed = match control {
        0..=31 => usize::from(control) + 1,
        0xe0.. => 2,
        _ => 1,
    };
    data.len() >= needed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decompress_into;
    use super::*;

    /// What comes out when the data comes in pieces of this size.
    fn expand(data: &[u8], len: u64, size: usize) -> Result<Vec<u8>, BadLzf> {
        let mut stream = LzfStream::new(len);
        let (mut out, mut carry) = (Vec::new(), Vec::new());
        for piece in data.chunks(size) {
            carry.extend_from_slice(piece);
            let mut sink = |bytes: &[u8]| {
                assert!(bytes.len() <= REACH + PIECE);
                out.extend_from_slice(bytes);
            };
            let consumed = stream.feed(&carry, &mut sink)?;
            carry.drain(..consumed);
        }
        stream.finish()?;
        if carry.is_empty() { Ok(out) } else { Err(BadLzf) }
    }

    #[test]
    fn more_than_the_buffer_holds() {
        // "abc", then 3000 times 264 bytes from three back.
        let data = [&[2, b'a', b'b', b'c'][..], &[0xe0, 255, 2].repeat(3000)].concat();
        let expected = b"abc".repeat(88 * 3000 + 1);
        assert!(expand(&data, expected.len() as u64, 1000).unwrap() == expected);
        assert_eq!(expand(&data, expected.len() as u64 + 1, 1000), Err(BadLzf), "too little");
        assert_eq!(expand(&data, expected.len() as u64 - 1, 1000), Err(BadLzf), "too much");
    }

    proptest! {
        #[test]
        fn any_split_expands_to_the_same(
            data in prop::collection::vec(any::<u8>(), 1..60), len in 1_usize..900, size in 1_usize..70
        ) {
            let mut whole = Vec::new();
            let expected = decompress_into(&data, len, &mut whole).map(|()| whole);
            prop_assert_eq!(expand(&data, len as u64, size), expected);
        }

        #[test]
        fn what_a_compressor_made_expands(
            pieces in prop::collection::vec((prop::collection::vec(0_u8..4, 1..20), 1_usize..2000), 1..30),
            size in 1_usize..5000
        ) {
            let text: Vec<u8> = pieces.iter().flat_map(|(piece, times)| piece.repeat(*times)).collect();
            if let Ok(compressed) = lzf::compress(&text) {
                prop_assert_eq!(expand(&compressed, text.len() as u64, size), Ok(text));
            }
        }
    }
}
