//! Intsets (`intset.c`): sets of integers.

use nom::number::complete::le_u32;

use crate::error::Error;

use super::{Parsed, bad_header};

/// The members of an intset, in ascending order.
#[derive(Debug, Clone)]
pub struct Intset<'a> {
    members: std::slice::ChunksExact<'a, u8>,
}

impl<'a> Intset<'a> {
    /// Walks this blob.
    ///
    /// # Errors
    /// [`ErrorKind::BadPackedHeader`](crate::ErrorKind::BadPackedHeader) when its integers are not of 2, 4 or 8 bytes, or
    /// not as many as it says.
    pub fn new(blob: &'a [u8]) -> Result<Self, Error> {
        match header(blob) {
            Ok((members, (size @ (2 | 4 | 8), count)))
                if members.len() as u64 == u64::from(size) * u64::from(count) =>
            {
                Ok(Self { members: members.chunks_exact(size as usize) })
            }
            _ => Err(bad_header(NAME)),
        }
    }
}

impl Iterator for Intset<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        match *self.members.next()? {
            [a, b] => Some(i64::from(i16::from_le_bytes([a, b]))),
            [a, b, c, d] => Some(i64::from(i32::from_le_bytes([a, b, c, d]))),
            [a, b, c, d, e, f, g, h] => Some(i64::from_le_bytes([a, b, c, d, e, f, g, h])),
            _ => None,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.members.size_hint()
    }
}

impl ExactSizeIterator for Intset<'_> {}

const NAME: &str = "intset";

/// Bytes of each integer, and how many there are.
fn header(data: &[u8]) -> Parsed<'_, (u32, u32)> {
    let (data, size) = le_u32(data)?;
    let (data, count) = le_u32(data)?;
    Ok((data, (size, count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_is_read() {
        let walk = |blob: &[u8]| Intset::new(blob).map(Iterator::collect::<Vec<_>>).ok();
        assert_eq!(walk(b"\x02\0\0\0\x02\0\0\0\xff\xff\x01\0"), Some(vec![-1, 1]));
        assert_eq!(walk(b"\x04\0\0\0\x01\0\0\0\0\0\0\x80"), Some(vec![-(1 << 31)]));
        assert_eq!(walk(b"\x08\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\x80"), Some(vec![i64::MIN]));
        assert_eq!(walk(b"\x02\0\0\0\0\0\0\0"), Some(vec![]));
        for bad in [&b"\x03\0\0\0\0\0\0\0"[..], b"\x02\0\0\0\x02\0\0\0\xff\xff", b"\x02\0\0\0\xff\xff\xff\xff", b"\x02"]
        {
            assert_eq!(walk(bad), None);
        }
    }
}
