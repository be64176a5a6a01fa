//! Ziplists (`ziplist.c`): small lists, hashes and sorted sets up to Redis 6.2.

use nom::bytes::complete::take;
use nom::number::complete::{be_u32, i8, le_i16, le_i32, le_i64, le_u16, le_u32, u8};

use crate::error::Error;

use super::{Parsed, Scalar, Walk, bad_header, le_i24, no};

/// The entries of a ziplist, in order.
#[derive(Debug, Clone)]
pub struct Ziplist<'a> {
    walk: Walk<'a>,
    /// The length of the entry read last, which the next one must repeat.
    previous: usize,
}

impl<'a> Ziplist<'a> {
    /// Walks this blob.
    ///
    /// # Errors
    /// [`ErrorKind::BadPackedHeader`](crate::ErrorKind::BadPackedHeader) when it is not as long as it says.
    pub fn new(blob: &'a [u8]) -> Result<Self, Error> {
        match header(blob) {
            Ok((rest, (total, count))) if total as usize == blob.len() => {
                let count = (count != COUNT_UNKNOWN).then_some(u32::from(count));
                Ok(Self { walk: Walk::new(NAME, blob, rest, count), previous: 0 })
            }
            _ => Err(bad_header(NAME)),
        }
    }
}

impl<'a> Iterator for Ziplist<'a> {
    type Item = Result<Scalar<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let before = self.walk.rest.len();
        let next = self.walk.next(|data| entry(data, self.previous));
        self.previous = before - self.walk.rest.len();
        next
    }
}

const NAME: &str = "ziplist";

/// The header's count when there are more entries than it can say.
const COUNT_UNKNOWN: u16 = u16::MAX;

/// Bytes in all, and entries; the offset of the last entry between them is for walking backwards.
fn header(data: &[u8]) -> Parsed<'_, (u32, u16)> {
    let (data, total) = le_u32(data)?;
    let (data, _tail) = le_u32(data)?;
    let (data, count) = le_u16(data)?;
    Ok((data, (total, count)))
}

/// An entry behind one of `previous` bytes.
fn entry(data: &[u8], previous: usize) -> Parsed<'_, Scalar<'_>> {
    let (data, first) = u8(data)?;
    let (data, stated) = if first == LONG_PREVIOUS { le_u32(data)? } else { (data, u32::from(first)) };
    if usize::try_from(stated) != Ok(previous) {
        return no();
    }
    value(data)
}

/// The length of the entry before takes four more bytes (`ZIP_BIG_PREVLEN`).
const LONG_PREVIOUS: u8 = 254;

fn value(data: &[u8]) -> Parsed<'_, Scalar<'_>> {
    let (data, first) = u8(data)?;
    let int = |(rest, value): (_, i64)| Ok((rest, Scalar::Int(value)));
    match first {
        0x00..=0x3f => bytes(data, u32::from(first)),
        0x40..=0x7f => {
            let (data, low) = u8(data)?;
            bytes(data, u32::from(first & 0x3f) << 8 | u32::from(low))
        }
        0x80..=0xbf => {
            let (data, len) = be_u32(data)?;
            bytes(data, len)
        }
        0xc0 => int(le_i16(data).map(|(rest, value)| (rest, i64::from(value)))?),
        0xd0 => int(le_i32(data).map(|(rest, value)| (rest, i64::from(value)))?),
        0xe0 => int(le_i64(data)?),
        0xf0 => int(le_i24(data).map(|(rest, value)| (rest, i64::from(value)))?),
        0xfe => int(i8(data).map(|(rest, value)| (rest, i64::from(value)))?),
        0xf1..=0xfd => int((data, i64::from(first & 0x0f) - 1)),
        _ => no(),
    }
}

fn bytes(data: &[u8], len: u32) -> Parsed<'_, Scalar<'_>> {
    let (rest, bytes) = take(len)(data)?;
    Ok((rest, Scalar::Bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use Scalar::{Bytes, Int};

    /// A ziplist of these entries, each with the length of the one before it.
    fn ziplist(count: u16, entries: &[&[u8]]) -> Vec<u8> {
        let body = entries.concat();
        let total = u32::try_from(body.len()).unwrap() + 11;
        [&total.to_le_bytes()[..], &[0; 4], &count.to_le_bytes(), &body, &[0xff]].concat()
    }

    fn walk(blob: &[u8]) -> Result<Vec<Scalar<'_>>, Error> {
        Ziplist::new(blob)?.collect()
    }

    #[test]
    fn every_encoding_is_read() {
        let long = [b"\x05\x41\x2c".as_slice(), &[b'x'; 300]].concat();
        let longer = [b"\xfe\x2f\x01\0\0\x80\0\0\x27\x10".as_slice(), &[b'y'; 10_000]].concat();
        let blob = ziplist(
            10,
            &[
                b"\x00\x03abc",
                &long,
                &longer,
                b"\xfe\x1a\x27\0\0\xc0\x00\x80",
                b"\x08\xd0\x00\x00\x00\x80",
                b"\x06\xe0\x00\x00\x00\x00\x00\x00\x00\x80",
                b"\x0a\xf0\xff\xff\xff",
                b"\x05\xfe\x80",
                b"\x03\xf1",
                b"\x02\xfd",
            ],
        );
        let expected = [
            Bytes(b"abc"),
            Bytes(&[b'x'; 300]),
            Bytes(&[b'y'; 10_000]),
            Int(-32768),
            Int(-(1 << 31)),
            Int(i64::MIN),
            Int(-1),
            Int(-128),
            Int(0),
            Int(12),
        ];
        assert_eq!(walk(&blob).unwrap(), expected);
    }

    #[test]
    fn damage_is_refused() {
        let kind = |blob: &[u8]| walk(blob).unwrap_err().kind();
        assert_eq!(walk(&ziplist(u16::MAX, &[b"\x00\xf2"])).unwrap(), [Int(1)]);
        assert_eq!(kind(b"\x0b\0\0\0"), ErrorKind::BadPackedHeader);
        assert_eq!(kind(&ziplist(2, &[b"\x00\xf2"])), ErrorKind::BadPackedCount);
        assert_eq!(kind(&ziplist(0, &[b"\x00\xf2"])), ErrorKind::BadPackedCount);
        assert_eq!(kind(&ziplist(1, &[b"\x00\xc1ab"])), ErrorKind::BadPackedEntry);
        assert_eq!(kind(&ziplist(1, &[b"\x00\x09abc"])), ErrorKind::BadPackedEntry);
        assert_eq!(kind(&ziplist(2, &[b"\x00\xf2", b"\x03\xf2"])), ErrorKind::BadPackedEntry, "the one before has 2");
    }
}
