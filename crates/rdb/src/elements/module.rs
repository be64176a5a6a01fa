//! Values of modules: an ID, and what the module wrote, each thing behind its opcode (`rdbLoadCheckModuleValue`).

use crate::error::ErrorKind;
use crate::item::ModuleId;

use super::cursor::{Cursor, Stop};
use super::room::Room;
use super::{Element, ModulePart};

/// A module's value under way.
#[derive(Debug, Default)]
pub(super) struct ModuleReader {
    named: bool,
}

impl ModuleReader {
    /// Reads to the end of the value; only what was read completely is behind `*at` afterwards.
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        at: &mut usize,
        room: &mut Room,
        sink: &mut impl FnMut(Element<'_>),
    ) -> Result<(), Stop> {
        if !self.named {
            sink(Element::Module(ModulePart::Id(ModuleId(cursor.length()?))));
            self.named = true;
            *at = cursor.at();
        }
        while part(cursor, room, sink)? {
            *at = cursor.at();
        }
        *at = cursor.at();
        Ok(())
    }
}

/// `RDB_MODULE_OPCODE_*`; false at the end.
fn part(cursor: &mut Cursor<'_>, room: &mut Room, sink: &mut impl FnMut(Element<'_>)) -> Result<bool, Stop> {
    let here = cursor.at();
    let part = match cursor.length()? {
        0 => return Ok(false),
        1 => ModulePart::Signed(cursor.length()?.cast_signed()),
        2 => ModulePart::Unsigned(cursor.length()?),
        3 => ModulePart::Float(f32::from_le_bytes(cursor.array()?)),
        4 => ModulePart::Double(f64::from_le_bytes(cursor.array()?)),
        5 => ModulePart::String(cursor.text(&mut room.first)?),
        other => return Err(Stop::Bad(ErrorKind::IllegalTag(other), here)),
    };
    sink(Element::Module(part));
    Ok(true)
}
