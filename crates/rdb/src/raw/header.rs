//! The first bytes of lengths and strings (`rdbLoadLenByRef`, `rdbGenericLoadStringObject`).

use crate::error::ErrorKind;
use crate::lzf;

/// A length, or the special encoding of a string in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// A length: 6, 14, 32 or 64 bits, big-endian, not necessarily the shortest form.
    Plain(u64),
    /// `11xxxxxx`: the string encoding.
    Special(u8),
}

/// Reads a length; `None` when more bytes are needed. Also returns how many bytes it took.
#[inline]
pub(crate) fn length(data: &[u8]) -> Result<Option<(Length, usize)>, ErrorKind> {
    let Some((&first, rest)) = data.split_first() else { return Ok(None) };
    let low = first & 0x3f;
    Ok(match first >> 6 {
        0 => Some((Length::Plain(u64::from(low)), 1)),
        1 => rest.first().map(|&next| (Length::Plain(u64::from(low) << 8 | u64::from(next)), 2)),
        2 => match first {
            0x80 => rest.first_chunk().map(|&bytes| (Length::Plain(u64::from(u32::from_be_bytes(bytes))), 5)),
            0x81 => rest.first_chunk().map(|&bytes| (Length::Plain(u64::from_be_bytes(bytes)), 9)),
            _ => return Err(ErrorKind::IllegalLength(first)),
        },
        _ => Some((Length::Special(low), 1)),
    })
}

/// Reads a length where no string encoding is allowed.
#[inline]
pub(crate) fn plain_length(data: &[u8]) -> Result<Option<(u64, usize)>, ErrorKind> {
    match length(data)? {
        Some((Length::Plain(value), size)) => Ok(Some((value, size))),
        Some((Length::Special(encoding), _)) => Err(ErrorKind::IllegalEncoding(encoding)),
        None => Ok(None),
    }
}

/// Reads `N` lengths in a row that are known to be there.
pub(crate) fn lengths<const N: usize>(mut data: &[u8]) -> Result<[u64; N], ErrorKind> {
    let mut values = [0; N];
    for value in &mut values {
        let (read, size) = plain_length(data)?.ok_or(ErrorKind::UnexpectedEnd)?;
        *value = read;
        data = data.get(size..).unwrap_or_default();
    }
    Ok(values)
}

/// How a string is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringHeader {
    /// That many bytes as they are.
    Plain(u64),
    /// A little-endian integer of 1, 2 or 4 bytes.
    Int(u8),
    /// LZF data.
    Lzf {
        /// Bytes in the file.
        compressed: u64,
        /// Bytes of the string.
        len: u64,
    },
}

impl StringHeader {
    /// How many bytes follow the header.
    pub(crate) const fn body_len(self) -> u64 {
        match self {
            Self::Plain(len) => len,
            Self::Int(width) => width as u64,
            Self::Lzf { compressed, .. } => compressed,
        }
    }

    /// Refuses strings larger than `max` bytes and claims that no compressor could have made true.
    fn checked(self, max: u64) -> Result<Self, ErrorKind> {
        match self {
            Self::Plain(len) if len > max => Err(ErrorKind::TooLong(len)),
            Self::Lzf { compressed, .. } if compressed > max => Err(ErrorKind::TooLong(compressed)),
            Self::Lzf { len, .. } if len > max => Err(ErrorKind::TooLong(len)),
            Self::Lzf { compressed, len } if !lzf::is_plausible(compressed, len) => Err(ErrorKind::BadLzf),
            header => Ok(header),
        }
    }
}

/// Reads the header of a string of at most `max` bytes; `None` when more bytes are needed. Also returns its size.
#[inline]
pub(crate) fn string(data: &[u8], max: u64) -> Result<Option<(StringHeader, usize)>, ErrorKind> {
    let Some((length, size)) = length(data)? else { return Ok(None) };
    let (header, size) = match length {
        Length::Plain(len) => (StringHeader::Plain(len), size),
        Length::Special(0) => (StringHeader::Int(1), size),
        Length::Special(1) => (StringHeader::Int(2), size),
        Length::Special(2) => (StringHeader::Int(4), size),
        Length::Special(3) => match lzf_lengths(data.get(size..).unwrap_or_default())? {
            Some((compressed, len, more)) => (StringHeader::Lzf { compressed, len }, size + more),
            None => return Ok(None),
        },
        Length::Special(encoding) => return Err(ErrorKind::IllegalEncoding(encoding)),
    };
    Ok(Some((header.checked(max)?, size)))
}

fn lzf_lengths(data: &[u8]) -> Result<Option<(u64, u64, usize)>, ErrorKind> {
    let Some((compressed, first)) = plain_length(data)? else { return Ok(None) };
    let Some((len, second)) = plain_length(data.get(first..).unwrap_or_default())? else { return Ok(None) };
    Ok(Some((compressed, len, first + second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_length_is_read() {
        let cases: [(&[u8], u64, usize); 5] = [
            (&[0x3f], 63, 1),
            (&[0x41, 0x02], 258, 2),
            (&[0x80, 0, 1, 0, 0], 65536, 5),
            (&[0x81, 0, 0, 0, 1, 0, 0, 0, 2], (1 << 32) + 2, 9),
            (&[0x80, 0, 0, 0, 1], 1, 5),
        ];
        for (data, value, size) in cases {
            assert_eq!(length(data), Ok(Some((Length::Plain(value), size))));
            for short in 0..size {
                assert_eq!(length(&data[..short]), Ok(None));
            }
        }
        assert_eq!(length(&[0x82]), Err(ErrorKind::IllegalLength(0x82)));
        assert_eq!(plain_length(&[0xc0]), Err(ErrorKind::IllegalEncoding(0)));
    }

    #[test]
    fn string_headers_are_checked_before_anything_is_allocated() {
        assert_eq!(string(&[0xc2], 10), Ok(Some((StringHeader::Int(4), 1))));
        assert_eq!(string(&[0xc4], 10), Err(ErrorKind::IllegalEncoding(4)));
        assert_eq!(string(&[11], 10), Err(ErrorKind::TooLong(11)));
        let bomb = [0xc3, 3, 0x81, 0, 0, 1, 0, 0, 0, 0, 0];
        assert_eq!(string(&bomb, 1 << 30), Err(ErrorKind::TooLong(1 << 40)));
        assert_eq!(string(&bomb, u64::MAX), Err(ErrorKind::BadLzf));
    }
}
