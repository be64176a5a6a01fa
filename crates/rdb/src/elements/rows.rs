//! Collections that are written element by element: a count, and that many rows.

use crate::error::ErrorKind;

use super::Element;
use super::cursor::{Cursor, Stop};
use super::packing::{Packing, unpack};
use super::room::Room;

/// What each row of a collection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// An element of a list.
    Item,
    /// A member of a set.
    Member,
    /// A member and its score as text.
    TextScored,
    /// A member and its score in eight bytes.
    Scored,
    /// A field and its value.
    Field,
    /// Expiry in Unix milliseconds (0 for none), field, value.
    ExpiryField,
    /// Expiry counted from one before the earliest (0 for none), field, value.
    RelativeExpiryField,
    /// Field, value, expiry in Unix milliseconds (-1 for none).
    FieldExpiry,
    /// A node of a list: a ziplist.
    ZiplistNode,
    /// A node of a list: how it is held, and a listpack or a single element.
    Node,
}

/// A collection under way.
#[derive(Debug)]
pub(super) struct Rows {
    row: Row,
    /// Rows to come, once that is known.
    left: Option<u64>,
    /// The earliest expiry of a field, where relative ones count from.
    earliest: i64,
}

impl Rows {
    pub(super) const fn new(row: Row) -> Self {
        Self { row, left: None, earliest: 0 }
    }

    /// Reads the head, or as many rows as there are; true at the end of the value.
    ///
    /// Only what was read completely is behind `*at` afterwards.
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: &mut usize,
        room: &mut Room,
        sink: &mut impl FnMut(Element<'_>),
    ) -> Result<(), Stop> {
        let mut left = match self.left {
            Some(left) => left,
            None => self.head(cursor)?,
        };
        *at = cursor.at();
        while left > 0 {
            let read = self.row(cursor, room, sink);
            if let Err(stop) = read {
                self.left = Some(left);
                return Err(stop);
            }
            left -= 1;
            *at = cursor.at();
        }
        Ok(())
    }

    fn head(&mut self, cursor: &mut Cursor<'_>) -> Result<u64, Stop> {
        if self.row == Row::RelativeExpiryField {
            self.earliest = cursor.milliseconds()?;
        }
        let left = cursor.length()?;
        self.left = Some(left);
        Ok(left)
    }

    #[inline]
    fn row(&self, cursor: &mut Cursor<'_>, room: &mut Room, sink: &mut impl FnMut(Element<'_>)) -> Result<(), Stop> {
        match self.row {
            Row::Field => field(cursor, room, None, sink),
            Row::Item => {
                sink(Element::Item(cursor.text(&mut room.first)?));
                Ok(())
            }
            Row::Member => {
                sink(Element::Member(cursor.text(&mut room.first)?));
                Ok(())
            }
            Row::Scored => scored(cursor, room, Cursor::binary_score, sink),
            Row::TextScored => scored(cursor, room, Cursor::text_double, sink),
            Row::ExpiryField => {
                let expiry = cursor.length()?;
                field(cursor, room, instant(expiry, 0), sink)
            }
            Row::RelativeExpiryField => {
                let expiry = cursor.length()?;
                field(cursor, room, instant(expiry, self.earliest.wrapping_sub(1)), sink)
            }
            Row::FieldExpiry => field_expiry(cursor, room, sink),
            Row::ZiplistNode => unpack(Packing::ListZiplist, cursor.blob(&mut room.first)?, sink),
            Row::Node => node(cursor, room, sink),
        }
    }
}

/// When a field expires, by its distance from `base`; 0 is never.
fn instant(distance: u64, base: i64) -> Option<i64> {
    (distance != 0).then(|| base.wrapping_add(distance.cast_signed()))
}

#[inline]
fn field(
    cursor: &mut Cursor<'_>,
    room: &mut Room,
    expire_at_ms: Option<i64>,
    sink: &mut impl FnMut(Element<'_>),
) -> Result<(), Stop> {
    if let Some((name, value)) = cursor.short_pair() {
        sink(Element::Field { name, value, expire_at_ms });
        return Ok(());
    }
    any_field(cursor, room, expire_at_ms, sink)
}

fn any_field(
    cursor: &mut Cursor<'_>,
    room: &mut Room,
    expire_at_ms: Option<i64>,
    sink: &mut impl FnMut(Element<'_>),
) -> Result<(), Stop> {
    let name = cursor.encoded()?;
    let value = cursor.encoded()?;
    let (name, value) = (name.decode(&mut room.first)?, value.decode(&mut room.second)?);
    sink(Element::Field { name, value, expire_at_ms });
    Ok(())
}

fn field_expiry(cursor: &mut Cursor<'_>, room: &mut Room, sink: &mut impl FnMut(Element<'_>)) -> Result<(), Stop> {
    let name = cursor.encoded()?;
    let value = cursor.encoded()?;
    let expiry = cursor.milliseconds()?;
    let (name, value) = (name.decode(&mut room.first)?, value.decode(&mut room.second)?);
    sink(Element::Field { name, value, expire_at_ms: (expiry != -1).then_some(expiry) });
    Ok(())
}

#[inline]
fn scored<'a>(
    cursor: &mut Cursor<'a>,
    room: &mut Room,
    score: impl Fn(&mut Cursor<'a>) -> Result<f64, Stop>,
    sink: &mut impl FnMut(Element<'_>),
) -> Result<(), Stop> {
    if let Some(member) = cursor.short() {
        sink(Element::Scored { member, score: score(cursor)? });
        return Ok(());
    }
    let member = cursor.encoded()?;
    let score = score(cursor)?;
    sink(Element::Scored { member: member.decode(&mut room.first)?, score });
    Ok(())
}

/// `quicklist.h`: `QUICKLIST_NODE_CONTAINER_PLAIN` and `_PACKED`.
fn node(cursor: &mut Cursor<'_>, room: &mut Room, sink: &mut impl FnMut(Element<'_>)) -> Result<(), Stop> {
    let start = cursor.at();
    match cursor.length()? {
        1 => {
            sink(Element::Item(cursor.text(&mut room.first)?));
            Ok(())
        }
        2 => unpack(Packing::ListListpack, cursor.blob(&mut room.first)?, sink),
        other => Err(Stop::Bad(ErrorKind::IllegalTag(other), start)),
    }
}
