//! Arrays (`RDB_TYPE_ARRAY`, Redis 8.8): cells by their index.

use crate::error::ErrorKind;

use super::cursor::{Cursor, Stop};
use super::room::Room;
use super::{CellValue, Element};

/// An array under way: cells to come, once that is known.
#[derive(Debug, Default)]
pub(super) struct ArrayReader {
    left: Option<u64>,
}

impl ArrayReader {
    /// Reads to the end of the array; only what was read completely is behind `*at` afterwards.
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: &mut usize,
        room: &mut Room,
        sink: &mut impl FnMut(Element<'_>),
    ) -> Result<(), Stop> {
        loop {
            let left = match self.left {
                Some(0) => return Ok(()),
                Some(left) => {
                    cell(cursor, room, sink)?;
                    left - 1
                }
                None => head(cursor, sink)?,
            };
            self.left = Some(left);
            *at = cursor.at();
        }
    }
}

fn head(cursor: &mut Cursor<'_>, sink: &mut impl FnMut(Element<'_>)) -> Result<u64, Stop> {
    let count = cursor.length()?;
    let here = cursor.at();
    match cursor.length()? {
        0 => {}
        1 => sink(Element::Insertion(cursor.length()?)),
        other => return Err(Stop::Bad(ErrorKind::IllegalTag(other), here)),
    }
    Ok(count)
}

fn cell(cursor: &mut Cursor<'_>, room: &mut Room, sink: &mut impl FnMut(Element<'_>)) -> Result<(), Stop> {
    let index = cursor.length()?;
    let here = cursor.at();
    let value = match cursor.length()? {
        0 => CellValue::String(cursor.text(&mut room.first)?),
        1 => CellValue::Int(i64::from_le_bytes(cursor.array()?)),
        2 => CellValue::Double(f64::from_le_bytes(cursor.array()?)),
        3 => CellValue::Short(cursor.text(&mut room.first)?),
        other => return Err(Stop::Bad(ErrorKind::IllegalTag(other), here)),
    };
    sink(Element::Cell { index, value });
    Ok(())
}
