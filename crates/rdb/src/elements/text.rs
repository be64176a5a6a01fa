//! The value of a string, in pieces.

use crate::error::ErrorKind;
use crate::lzf::LzfStream;
use crate::raw::header::StringHeader;
use crate::scalar::Scalar;

use super::Element;
use super::cursor::{Cursor, Stop};

/// A string under way.
#[derive(Debug)]
pub(super) enum Text {
    Start,
    /// That many bytes to come.
    Plain(u64),
    /// That many bytes of compressed data to come.
    Lzf(Box<LzfStream>, u64),
}

impl Text {
    /// Hands out what is there of the string; `*at` is behind it afterwards.
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: &mut usize,
        sink: &mut impl FnMut(Element<'_>),
    ) -> Result<(), Stop> {
        if let Self::Start = self {
            match cursor.string_header()? {
                StringHeader::Plain(len) => *self = Self::Plain(len),
                StringHeader::Lzf { compressed, len } => *self = Self::Lzf(Box::new(LzfStream::new(len)), compressed),
                StringHeader::Int(_) => {
                    sink(Element::String(cursor.text(&mut Vec::new())?));
                    *at = cursor.at();
                    return Ok(());
                }
            }
            if let Self::Plain(0) = self {
                sink(Element::String(Scalar::Bytes(b"")));
            }
        }
        let result = self.pieces(cursor, sink);
        *at = cursor.at();
        result
    }

    fn pieces(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl FnMut(Element<'_>)) -> Result<(), Stop> {
        let left = match self {
            Self::Start => 0,
            Self::Plain(left) => {
                let piece = first(cursor.rest(), *left);
                if !piece.is_empty() {
                    sink(Element::String(Scalar::Bytes(piece)));
                }
                cursor.pass(piece.len());
                *left -= piece.len() as u64;
                *left
            }
            Self::Lzf(stream, left) => {
                expand(stream, left, cursor, sink)?;
                *left
            }
        };
        if left > 0 { Err(Stop::More) } else { Ok(()) }
    }
}

/// Expands what is there of a compressed string, and ends it when that is all.
fn expand(
    stream: &mut LzfStream,
    left: &mut u64,
    cursor: &mut Cursor<'_>,
    sink: &mut impl FnMut(Element<'_>),
) -> Result<(), Stop> {
    let mut piece = |bytes: &[u8]| sink(Element::String(Scalar::Bytes(bytes)));
    let input = first(cursor.rest(), *left);
    let consumed = stream.feed(input, &mut piece).map_err(|_| Stop::BadValue(ErrorKind::BadLzf))?;
    let all_is_here = input.len() as u64 == *left;
    cursor.pass(consumed);
    *left -= consumed as u64;
    if all_is_here {
        if *left > 0 {
            return Err(Stop::BadValue(ErrorKind::BadLzf));
        }
        stream.finish().map_err(|_| Stop::BadValue(ErrorKind::BadLzf))?;
    }
    Ok(())
}

/// At most `count` bytes of the data.
fn first(data: &[u8], count: u64) -> &[u8] {
    usize::try_from(count).ok().and_then(|count| data.get(..count)).unwrap_or(data)
}
