//! Collections packed into one string: listpacks, ziplists, zipmaps, intsets.
//!
//! The struct level of the crate: each type walks a whole blob, as [`StringValue`](crate::StringValue) gives it, and
//! checks everything that it steps on. Offsets of errors count from the start of the blob.

mod intset;
mod listpack;
mod ziplist;
mod zipmap;

pub use intset::Intset;
pub use listpack::Listpack;
pub use ziplist::Ziplist;
pub use zipmap::Zipmap;

use crate::error::{Error, ErrorKind, Reading};
use crate::scalar::Scalar;

/// The result of a parser that needs no more than to say no.
type Parsed<'a, T> = nom::IResult<&'a [u8], T, ()>;

/// A walk over the entries of a blob, to its end mark.
#[derive(Debug, Clone)]
struct Walk<'a> {
    name: &'static str,
    blob: &'a [u8],
    rest: &'a [u8],
    /// Entries still to come; more than there can be when the header does not say how many there are.
    left: u64,
    counted: bool,
    ended: bool,
}

/// What stands behind the last entry in all of them.
const END: u8 = 0xff;

impl<'a> Walk<'a> {
    fn new(name: &'static str, blob: &'a [u8], rest: &'a [u8], count: Option<u32>) -> Self {
        let left = count.map_or(u64::MAX, u64::from);
        Self { name, blob, rest, left, counted: count.is_some(), ended: false }
    }

    /// The next entry if this parser of the commonest ones takes it; else all is left to [`next`](Self::next).
    ///
    /// The end mark must be no such entry.
    #[inline]
    fn short<T>(&mut self, entry: impl FnOnce(&'a [u8]) -> Option<(&'a [u8], T)>) -> Option<T> {
        let (rest, value) = entry(self.rest)?;
        self.left = self.left.checked_sub(1)?;
        self.rest = rest;
        Some(value)
    }

    /// The next entry by this parser. After an error there is none.
    fn next<T>(&mut self, entry: impl Fn(&'a [u8]) -> Parsed<'a, T>) -> Option<Result<T, Error>> {
        if self.ended {
            return None;
        }
        if self.rest.first() == Some(&END) {
            self.ended = true;
            return self.at_end().err().map(Err);
        }
        match entry(self.rest) {
            Ok((rest, value)) if self.left > 0 => {
                self.rest = rest;
                self.left -= 1;
                Some(Ok(value))
            }
            Ok(_) => Some(Err(self.fail(ErrorKind::BadPackedCount))),
            Err(_) => Some(Err(self.fail(ErrorKind::BadPackedEntry))),
        }
    }

    /// The end mark must be the last byte, and the header's count be used up.
    fn at_end(&mut self) -> Result<(), Error> {
        match self.rest {
            [END] if self.left == 0 || !self.counted => Ok(()),
            [END] => Err(self.fail(ErrorKind::BadPackedCount)),
            _ => Err(self.fail(ErrorKind::BadPackedEntry)),
        }
    }

    #[cold]
    fn fail(&mut self, kind: ErrorKind) -> Error {
        self.ended = true;
        let offset = self.blob.len() - self.rest.len();
        self.rest = &[];
        Error::new(kind, offset as u64, Reading::Packed(self.name))
    }
}

fn bad_header(name: &'static str) -> Error {
    Error::new(ErrorKind::BadPackedHeader, 0, Reading::Packed(name))
}

/// A signed integer of three bytes, little-endian.
fn le_i24(data: &[u8]) -> Parsed<'_, i32> {
    let (rest, value) = nom::number::complete::le_u24(data)?;
    // Shifting up and down again extends the sign.
    Ok((rest, (value << 8).cast_signed() >> 8))
}

/// The parser of nothing.
const fn no<'a, T>() -> Parsed<'a, T> {
    Err(nom::Err::Error(()))
}
