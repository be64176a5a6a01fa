//! Zipmaps (`zipmap.c`): small hashes up to Redis 2.4.

use nom::bytes::complete::take;
use nom::number::complete::{le_u32, u8};

use crate::error::Error;

use super::{Parsed, Walk, bad_header, no};

/// The fields and values of a zipmap, in order.
#[derive(Debug, Clone)]
pub struct Zipmap<'a>(Walk<'a>);

impl<'a> Zipmap<'a> {
    /// Walks this blob.
    ///
    /// # Errors
    /// [`ErrorKind::BadPackedHeader`](crate::ErrorKind::BadPackedHeader) when it is empty.
    pub fn new(blob: &'a [u8]) -> Result<Self, Error> {
        let (&count, rest) = blob.split_first().ok_or_else(|| bad_header(NAME))?;
        let count = (count < LONG).then_some(u32::from(count));
        Ok(Self(Walk::new(NAME, blob, rest, count)))
    }
}

impl<'a> Iterator for Zipmap<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(entry)
    }
}

const NAME: &str = "zipmap";

/// As a count: unknown. As a length: four more bytes follow (`ZIPMAP_BIGLEN`).
const LONG: u8 = 254;

fn entry(data: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let (data, len) = length(data)?;
    let (data, field) = take(len)(data)?;
    let (data, len) = length(data)?;
    let (data, free) = u8(data)?;
    let (data, value) = take(len)(data)?;
    let (data, _) = take(free)(data)?;
    Ok((data, (field, value)))
}

fn length(data: &[u8]) -> Parsed<'_, u32> {
    match u8(data)? {
        (data, LONG) => le_u32(data),
        (_, u8::MAX) => no(),
        (data, len) => Ok((data, u32::from(len))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    type Pair<'a> = (&'a [u8], &'a [u8]);

    fn walk(blob: &[u8]) -> Result<Vec<Pair<'_>>, Error> {
        Zipmap::new(blob)?.collect()
    }

    #[test]
    fn fields_values_and_slack_are_read() {
        let blob = b"\x02\x01a\x02\x00vv\xfe\x01\x00\x00\x00b\x01\x03w...\xff";
        assert_eq!(walk(blob).unwrap(), [(&b"a"[..], &b"vv"[..]), (b"b", b"w")]);
        assert_eq!(walk(b"\xfe\x01a\x01\x00v\xff").unwrap(), [(&b"a"[..], &b"v"[..])]);
    }

    #[test]
    fn damage_is_refused() {
        let kind = |blob: &[u8]| walk(blob).unwrap_err().kind();
        assert_eq!(kind(b""), ErrorKind::BadPackedHeader);
        assert_eq!(kind(b"\x02\x01a\x01\x00v\xff"), ErrorKind::BadPackedCount);
        assert_eq!(kind(b"\x01\x01a\x01\x09v\xff"), ErrorKind::BadPackedEntry);
        assert_eq!(kind(b"\x01\x01a\xff"), ErrorKind::BadPackedEntry);
        assert_eq!(kind(b"\x01\x01a\x01\x00v"), ErrorKind::BadPackedEntry);
        assert_eq!(kind(b"\x00\xff\x00"), ErrorKind::BadPackedEntry);
    }
}
