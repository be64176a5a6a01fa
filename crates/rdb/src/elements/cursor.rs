//! A place in the bytes of a value, moved on by whole things only.

use crate::error::{Error, ErrorKind};
use crate::raw::header::{self, StringHeader};
use crate::raw::string::EncodedString;
use crate::scalar::Scalar;

use super::StreamId;

/// Why a unit of a value was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end before the unit does.
    More,
    /// The unit is damaged, at this place of the bytes.
    Bad(ErrorKind, usize),
    /// The value is damaged as a whole: where in it is not to be said.
    BadValue(ErrorKind),
}

/// A walk over bytes of a value, of which more may come.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
    max_string: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(data: &'a [u8], at: usize, max_string: u64) -> Self {
        Self { data, at, max_string }
    }

    /// How far it came.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// What is there behind this place.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    /// What is wrong here.
    pub(super) const fn bad(&self, kind: ErrorKind) -> Stop {
        Stop::Bad(kind, self.at)
    }

    /// Moves on by this many bytes, which must be there.
    pub(super) const fn pass(&mut self, count: usize) {
        self.at += count;
    }

    /// The header of a string; passed over, unless the string is a number.
    pub(super) fn string_header(&mut self) -> Result<StringHeader, Stop> {
        let header = header::string(self.rest(), self.max_string).map_err(|kind| self.bad(kind))?;
        let (header, size) = header.ok_or(Stop::More)?;
        if !matches!(header, StringHeader::Int(_)) {
            self.at += size;
        }
        Ok(header)
    }

    /// A length (`rdbLoadLen`).
    #[inline]
    pub(super) fn length(&mut self) -> Result<u64, Stop> {
        let (value, size) = header::plain_length(self.rest()).map_err(|kind| self.bad(kind))?.ok_or(Stop::More)?;
        self.at += size;
        Ok(value)
    }

    /// An ID of a stream as two lengths.
    pub(super) fn id(&mut self) -> Result<StreamId, Stop> {
        Ok(StreamId { ms: self.length()?, seq: self.length()? })
    }

    /// An ID of a stream as it is in keys: sixteen bytes.
    pub(super) fn raw_id(&mut self) -> Result<StreamId, Stop> {
        self.array().map(StreamId::from_bytes)
    }

    /// This many bytes.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = *self.rest().first_chunk().ok_or(Stop::More)?;
        self.at += N;
        Ok(bytes)
    }

    /// Milliseconds, little-endian.
    pub(super) fn milliseconds(&mut self) -> Result<i64, Stop> {
        self.array().map(i64::from_le_bytes)
    }

    /// A score as text behind one length byte (`rdbLoadDoubleValue`).
    pub(super) fn text_double(&mut self) -> Result<f64, Stop> {
        let (&len, rest) = self.rest().split_first().ok_or(Stop::More)?;
        let text = match len {
            NAN => return Err(self.bad(ErrorKind::BadScore)),
            INFINITY | NEGATIVE_INFINITY => &[],
            len => rest.get(..usize::from(len)).ok_or(Stop::More)?,
        };
        let score = match len {
            INFINITY => f64::INFINITY,
            NEGATIVE_INFINITY => f64::NEG_INFINITY,
            _ => parse_score(text).ok_or_else(|| self.bad(ErrorKind::BadScore))?,
        };
        self.at += 1 + text.len();
        Ok(score)
    }

    /// A score of eight bytes (`rdbLoadBinaryDoubleValue`).
    #[inline]
    pub(super) fn binary_score(&mut self) -> Result<f64, Stop> {
        let here = self.at;
        let score = f64::from_le_bytes(self.array()?);
        if score.is_nan() { Err(Stop::Bad(ErrorKind::BadScore, here)) } else { Ok(score) }
    }

    /// A string, if it is one of the commonest: short and plain, or a number.
    ///
    /// This is the fast path, made to stay in registers. It decides nothing: whatever is long, compressed, cut or wrong
    /// is left to [`encoded`](Self::encoded).
    #[inline]
    pub(super) fn short(&mut self) -> Option<Scalar<'a>> {
        let (&first, rest) = self.rest().split_first()?;
        let (scalar, size) = match first {
            0x00..=0x3f if u64::from(first) <= self.max_string => {
                (Scalar::Bytes(rest.get(..usize::from(first))?), usize::from(first))
            }
            0xc0 => (Scalar::Int(i64::from(i8::from_le_bytes(*rest.first_chunk()?))), 1),
            0xc1 => (Scalar::Int(i64::from(i16::from_le_bytes(*rest.first_chunk()?))), 2),
            0xc2 => (Scalar::Int(i64::from(i32::from_le_bytes(*rest.first_chunk()?))), 4),
            _ => return None,
        };
        self.at += 1 + size;
        Some(scalar)
    }

    /// Two strings, if both are such.
    #[inline]
    pub(super) fn short_pair(&mut self) -> Option<(Scalar<'a>, Scalar<'a>)> {
        let start = self.at;
        let pair = self.short().zip(self.short());
        if pair.is_none() {
            self.at = start;
        }
        pair
    }

    /// A string, not yet decoded.
    #[inline]
    pub(super) fn encoded(&mut self) -> Result<Encoded<'a>, Stop> {
        let rest = self.rest();
        match EncodedString::split(rest, self.max_string) {
            Ok((string, behind)) => {
                let start = self.at;
                self.at += rest.len() - behind.len();
                Ok(Encoded { string, start })
            }
            Err(ErrorKind::UnexpectedEnd) => Err(Stop::More),
            Err(kind) => Err(self.bad(kind)),
        }
    }

    /// A string; `room` is used if it has to be made.
    #[inline]
    pub(super) fn text<'s>(&mut self, room: &'s mut Vec<u8>) -> Result<Scalar<'s>, Stop>
    where
        'a: 's,
    {
        match self.short() {
            Some(scalar) => Ok(scalar),
            None => self.encoded()?.decode(room),
        }
    }

    /// A string that holds a packed collection; `room` is used if it has to be made.
    pub(super) fn blob<'s>(&mut self, room: &'s mut Vec<u8>) -> Result<Blob<'s>, Stop>
    where
        'a: 's,
    {
        let encoded = self.encoded()?;
        let plain = matches!(encoded.string, EncodedString::Plain(_));
        let start = encoded.start;
        match encoded.decode(room)? {
            Scalar::Bytes(bytes) => Ok(Blob { bytes, at: if plain { self.at - bytes.len() } else { start }, plain }),
            // No collection is as short as the digits of a number.
            Scalar::Int(_) => Err(Stop::Bad(ErrorKind::BadPackedHeader, start)),
        }
    }
}

/// A string where it was found.
#[derive(Debug)]
pub(super) struct Encoded<'a> {
    string: EncodedString<'a>,
    start: usize,
}

impl<'a> Encoded<'a> {
    /// What it says; `room` is used if that has to be made.
    #[inline]
    pub(super) fn decode<'s>(self, room: &'s mut Vec<u8>) -> Result<Scalar<'s>, Stop>
    where
        'a: 's,
    {
        match self.string {
            EncodedString::Plain(bytes) => Ok(Scalar::Bytes(bytes)),
            EncodedString::Int(value) => Ok(Scalar::Int(i64::from(value))),
            EncodedString::Lzf { .. } => {
                room.clear();
                self.string.decode_into(room).map_err(|kind| Stop::Bad(kind, self.start))?;
                Ok(Scalar::Bytes(room))
            }
        }
    }
}

/// A packed collection, and where it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blob<'a> {
    pub(super) bytes: &'a [u8],
    at: usize,
    /// Whether it stands in the file as it is, so that places within it are places of the file.
    plain: bool,
}

impl Blob<'_> {
    /// Damage that was found while walking it.
    pub(super) fn damage(&self, error: &Error) -> Stop {
        let within = if self.plain { usize::try_from(error.offset()).unwrap_or_default() } else { 0 };
        Stop::Bad(error.kind(), self.at + within)
    }

    /// Damage of the whole.
    pub(super) const fn bad(&self, kind: ErrorKind) -> Stop {
        Stop::Bad(kind, self.at)
    }
}

/// The score that a text says; not a number is none.
pub(super) fn parse_score(text: &[u8]) -> Option<f64> {
    let score = std::str::from_utf8(text).ok()?.parse::<f64>().ok()?;
    (!score.is_nan()).then_some(score)
}

/// First bytes of text scores that are no lengths.
const NAN: u8 = 253;
const INFINITY: u8 = 254;
const NEGATIVE_INFINITY: u8 = 255;
