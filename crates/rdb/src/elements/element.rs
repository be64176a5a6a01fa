//! What values are made of, as their users see it.

use crate::item::ModuleId;
use crate::scalar::Scalar;

use super::stream::StreamElement;

/// One element of a value, whatever its encoding; it borrows from the reader and is good for the call only.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Element<'a> {
    /// The value of a string, or its next piece: a value that comes in chunks is handed on in pieces, which make the
    /// value together.
    String(Scalar<'a>),
    /// An element of a list, from the head on.
    Item(Scalar<'a>),
    /// A member of a set; the order means nothing.
    Member(Scalar<'a>),
    /// A member of a sorted set; the order means nothing.
    Scored {
        /// The member.
        member: Scalar<'a>,
        /// Its score; never NaN.
        score: f64,
    },
    /// A field of a hash; the order means nothing.
    Field {
        /// Its name.
        name: Scalar<'a>,
        /// Its value.
        value: Scalar<'a>,
        /// When it expires, in Unix milliseconds; possibly in the past.
        expire_at_ms: Option<i64>,
    },
    /// A part of a stream.
    Stream(StreamElement<'a>),
    /// A cell of an array (Redis 8.8); cells that are not set are left out.
    Cell {
        /// Its index.
        index: u64,
        /// What it holds.
        value: CellValue<'a>,
    },
    /// Where the next insertion into an array goes, if the array has such a place; before its cells.
    Insertion(u64),
    /// A part of a module's value.
    Module(ModulePart<'a>),
}

/// What a cell of an array holds; the four tags of the format.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum CellValue<'a> {
    /// A string of any length.
    String(Scalar<'a>),
    /// A number.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// A string of a few bytes.
    Short(Scalar<'a>),
}

/// A part of a module's value, as the module wrote it; what it means only the module knows.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ModulePart<'a> {
    /// The module; always the first.
    Id(ModuleId),
    /// A signed integer.
    Signed(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// A float.
    Float(f32),
    /// A double.
    Double(f64),
    /// A string.
    String(Scalar<'a>),
}
