//! Listpacks (`listpack.c`): hashes, sets, sorted sets, nodes of lists and streams since Redis 5 and 7.

use nom::bytes::complete::take;
use nom::number::complete::{le_i16, le_i32, le_i64, le_u16, le_u32, u8};

use crate::error::Error;

use super::{Parsed, Scalar, Walk, bad_header, le_i24, no};

/// The entries of a listpack, in order.
#[derive(Debug, Clone)]
pub struct Listpack<'a>(Walk<'a>);

impl<'a> Listpack<'a> {
    /// Walks this blob.
    ///
    /// # Errors
    /// [`ErrorKind::BadPackedHeader`](crate::ErrorKind::BadPackedHeader) when it is not as long as it says.
    pub fn new(blob: &'a [u8]) -> Result<Self, Error> {
        match header(blob) {
            Ok((rest, (total, count))) if total as usize == blob.len() => {
                let count = (count != COUNT_UNKNOWN).then_some(u32::from(count));
                Ok(Self(Walk::new(NAME, blob, rest, count)))
            }
            _ => Err(bad_header(NAME)),
        }
    }
}

impl<'a> Iterator for Listpack<'a> {
    type Item = Result<Scalar<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.0.short(short_entry) {
            Some(value) => Some(Ok(value)),
            None => self.0.next(entry),
        }
    }
}

const NAME: &str = "listpack";

/// `LP_HDR_NUMELE_UNKNOWN`: there are as many entries as there are.
const COUNT_UNKNOWN: u16 = u16::MAX;

fn header(data: &[u8]) -> Parsed<'_, (u32, u16)> {
    let (data, total) = le_u32(data)?;
    let (data, count) = le_u16(data)?;
    Ok((data, (total, count)))
}

/// An entry of the two commonest encodings, numbers of 7 bits and strings of up to 63 bytes, if it is one and right.
///
/// This is the fast path, which the bench `rdb/listpack` measures against a walk by nom. It decides nothing: everything
/// else is left to [`entry`], which would say the same of these.
#[inline]
fn short_entry(data: &[u8]) -> Option<(&[u8], Scalar<'_>)> {
    let (&first, rest) = data.split_first()?;
    let (len, value, rest) = match first {
        0x00..=0x7f => (1, Scalar::Int(i64::from(first)), rest),
        0x80..=0xbf => {
            let len = first & 0x3f;
            let (bytes, rest) = rest.split_at_checked(usize::from(len))?;
            (len + 1, Scalar::Bytes(bytes), rest)
        }
        _ => return None,
    };
    match rest.split_first()? {
        (&back_length, rest) if back_length == len => Some((rest, value)),
        _ => None,
    }
}

fn entry(data: &[u8]) -> Parsed<'_, Scalar<'_>> {
    let (rest, value) = value(data)?;
    let rest = back_length(rest, data.len() - rest.len())?.0;
    Ok((rest, value))
}

fn value(data: &[u8]) -> Parsed<'_, Scalar<'_>> {
    let (data, first) = u8(data)?;
    let int = |(rest, value): (_, i64)| Ok((rest, Scalar::Int(value)));
    match first {
        0x00..=0x7f => int((data, i64::from(first))),
        0x80..=0xbf => bytes(data, u32::from(first & 0x3f)),
        0xc0..=0xdf => {
            let (data, low) = u8(data)?;
            int((data, i64::from(signed_13(u16::from(first & 0x1f) << 8 | u16::from(low)))))
        }
        0xe0..=0xef => {
            let (data, low) = u8(data)?;
            bytes(data, u32::from(first & 0x0f) << 8 | u32::from(low))
        }
        0xf0 => {
            let (data, len) = le_u32(data)?;
            bytes(data, len)
        }
        0xf1 => int(le_i16(data).map(|(rest, value)| (rest, i64::from(value)))?),
        0xf2 => int(le_i24(data).map(|(rest, value)| (rest, i64::from(value)))?),
        0xf3 => int(le_i32(data).map(|(rest, value)| (rest, i64::from(value)))?),
        0xf4 => int(le_i64(data)?),
        _ => no(),
    }
}

fn bytes(data: &[u8], len: u32) -> Parsed<'_, Scalar<'_>> {
    let (rest, bytes) = take(len)(data)?;
    Ok((rest, Scalar::Bytes(bytes)))
}

/// Thirteen bits of a signed number.
const fn signed_13(bits: u16) -> i16 {
    (bits << 3).cast_signed() >> 3
}

/// Passes over the length that stands behind each entry for walking backwards: 7 bits a byte, highest first, all bytes
/// but the first with the top bit set. It must be right.
fn back_length(data: &[u8], len: usize) -> Parsed<'_, ()> {
    let size = back_length_size(len);
    // Versions differ in the size for the largest length that fits: one byte less is right, too.
    for size in [size, size.saturating_sub(1).max(1)] {
        match data.split_at_checked(size) {
            Some((bytes, rest)) if decode_back_length(bytes) == len => return Ok((rest, ())),
            _ => {}
        }
    }
    no()
}

/// `lpEncodeBacklen`.
const fn back_length_size(len: usize) -> usize {
    match len {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

fn decode_back_length(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |len, byte| len << 7 | usize::from(byte & 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use Scalar::{Bytes, Int};

    /// A listpack of these encoded values; the lengths behind them are added.
    fn listpack(count: u16, values: &[&[u8]]) -> Vec<u8> {
        let mut blob = vec![0; 4];
        blob.extend_from_slice(&count.to_le_bytes());
        for value in values {
            blob.extend_from_slice(value);
            let size = back_length_size(value.len());
            for position in (0..size).rev() {
                let bits = u8::try_from(value.len() >> (7 * position) & 0x7f).unwrap();
                blob.push(if position + 1 == size { bits } else { bits | 0x80 });
            }
        }
        blob.push(0xff);
        let total = u32::try_from(blob.len()).unwrap();
        blob[..4].copy_from_slice(&total.to_le_bytes());
        blob
    }

    fn walk(blob: &[u8]) -> Result<Vec<Scalar<'_>>, Error> {
        Listpack::new(blob)?.collect()
    }

    #[test]
    fn every_encoding_is_read() {
        let long = [b"\xe1\x2c".as_slice(), &[b'x'; 300]].concat();
        let longer = [b"\xf0\x10\x27\0\0".as_slice(), &[b'y'; 10_000]].concat();
        let blob = listpack(
            10,
            &[
                b"\x7f",
                b"\x83abc",
                b"\xdf\xff",
                b"\xcf\xff",
                &long,
                &longer,
                b"\xf1\x00\x80",
                b"\xf2\xff\xff\xff",
                b"\xf3\x00\x00\x00\x80",
                b"\xf4\x00\x00\x00\x00\x00\x00\x00\x80",
            ],
        );
        let expected = [
            Int(127),
            Bytes(b"abc"),
            Int(-1),
            Int(4095),
            Bytes(&[b'x'; 300]),
            Bytes(&[b'y'; 10_000]),
            Int(-32768),
            Int(-1),
            Int(-(1 << 31)),
            Int(i64::MIN),
        ];
        assert_eq!(walk(&blob).unwrap(), expected);
    }

    #[test]
    fn both_sizes_of_the_border_length_are_read() {
        // 16383 bytes of entry: two bytes of seven bits would do, but servers write three.
        let entry = [b"\xf0\xfa\x3f\0\0".as_slice(), &[b'x'; 16_378]].concat();
        let blob = listpack(1, &[&entry]);
        assert_eq!(walk(&blob).unwrap().len(), 1);
        let mut short = blob[..6 + entry.len()].to_vec();
        short.extend_from_slice(&[0x7f, 0xff, 0xff]);
        let total = u32::try_from(short.len()).unwrap();
        short[..4].copy_from_slice(&total.to_le_bytes());
        assert_eq!(walk(&short).unwrap().len(), 1);
    }

    #[test]
    fn an_unknown_count_is_no_count() {
        assert_eq!(walk(&listpack(u16::MAX, &[b"\x01", b"\x02"])).unwrap(), [Int(1), Int(2)]);
    }

    #[test]
    fn damage_is_refused() {
        let kind = |blob: &[u8]| walk(blob).unwrap_err().kind();
        assert_eq!(kind(b""), ErrorKind::BadPackedHeader);
        assert_eq!(kind(b"\x09\0\0\0\x00\0\xff"), ErrorKind::BadPackedHeader);
        assert_eq!(kind(&listpack(1, &[b"\x01", b"\x02"])), ErrorKind::BadPackedCount);
        assert_eq!(kind(&listpack(3, &[b"\x01", b"\x02"])), ErrorKind::BadPackedCount);
        assert_eq!(kind(&listpack(1, &[b"\xf5"])), ErrorKind::BadPackedEntry);
        let mut wrong_back_length = listpack(1, &[b"\x01"]);
        wrong_back_length[7] = 2;
        let error = walk(&wrong_back_length).unwrap_err();
        assert_eq!(error.to_string(), "bad packed entry at offset 6 while reading a listpack");
        let mut not_ended = listpack(1, &[b"\x01"]);
        not_ended[8] = 0;
        assert!(walk(&not_ended).is_err());
    }
}
