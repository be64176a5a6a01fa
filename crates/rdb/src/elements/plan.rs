//! How each type of value is read.

use crate::value_type::ValueType;

use super::Element;
use super::array::ArrayReader;
use super::cursor::{Cursor, Stop};
use super::module::ModuleReader;
use super::packing::{Packing, unpack};
use super::room::Room;
use super::rows::{Row, Rows};
use super::stream_reader::{Layout, StreamReader};
use super::text::Text;

/// What is done with the bytes of a value, and how far it is.
#[derive(Debug)]
pub(super) enum Plan {
    Text(Text),
    Rows(Rows),
    Packed(Packing),
    /// The earliest expiry of a field stands before the packed value. It is not told: it may be out of date.
    EarliestPacked(Packing),
    Stream(StreamReader),
    Array(ArrayReader),
    Module(ModuleReader),
}

impl Plan {
    /// The plan for values of this type (`rdbLoadObject`).
    #[rustfmt::skip]
    pub(super) fn of(value_type: ValueType) -> Self {
        match value_type {
            ValueType::String => Self::Text(Text::Start),
            ValueType::List => Self::Rows(Rows::new(Row::Item)),
            ValueType::Set => Self::Rows(Rows::new(Row::Member)),
            ValueType::SortedSet => Self::Rows(Rows::new(Row::TextScored)),
            ValueType::SortedSet2 => Self::Rows(Rows::new(Row::Scored)),
            ValueType::Hash => Self::Rows(Rows::new(Row::Field)),
            ValueType::HashMetadataPreGa => Self::Rows(Rows::new(Row::ExpiryField)),
            ValueType::HashMetadata => Self::Rows(Rows::new(Row::RelativeExpiryField)),
            ValueType::HashFieldExpiry => Self::Rows(Rows::new(Row::FieldExpiry)),
            ValueType::ListQuicklist => Self::Rows(Rows::new(Row::ZiplistNode)),
            ValueType::ListQuicklist2 => Self::Rows(Rows::new(Row::Node)),
            ValueType::HashZipmap => Self::Packed(Packing::HashZipmap),
            ValueType::HashZiplist => Self::Packed(Packing::HashZiplist),
            ValueType::HashListpack => Self::Packed(Packing::HashListpack),
            ValueType::HashListpackExPreGa => Self::Packed(Packing::HashListpackExpiry),
            ValueType::HashListpackEx => Self::EarliestPacked(Packing::HashListpackExpiry),
            ValueType::ListZiplist => Self::Packed(Packing::ListZiplist),
            ValueType::SetIntset => Self::Packed(Packing::SetIntset),
            ValueType::SetListpack => Self::Packed(Packing::SetListpack),
            ValueType::SortedSetZiplist => Self::Packed(Packing::ZsetZiplist),
            ValueType::SortedSetListpack => Self::Packed(Packing::ZsetListpack),
            ValueType::Stream => Self::Stream(StreamReader::new(Layout::First)),
            ValueType::Stream2 => Self::Stream(StreamReader::new(Layout::Counters)),
            ValueType::Stream3 => Self::Stream(StreamReader::new(Layout::Activity)),
            ValueType::Stream4 => Self::Stream(StreamReader::new(Layout::Idempotence)),
            ValueType::Stream5 => Self::Stream(StreamReader::new(Layout::Refusals)),
            ValueType::Array => Self::Array(ArrayReader::default()),
            ValueType::Module2 => Self::Module(ModuleReader::default()),
        }
    }

    /// Reads to the end of the value; only what was read completely is behind `*at` when it stops before.
    pub(super) fn read(
        &mut self,
        mut cursor: Cursor<'_>,
        at: &mut usize,
        room: &mut Room,
        sink: &mut impl FnMut(Element<'_>),
    ) -> Result<(), Stop> {
        match self {
            Self::Text(text) => text.read(&mut cursor, at, sink),
            Self::Rows(rows) => rows.read(&mut cursor, at, room, sink),
            Self::Packed(packing) => {
                unpack(*packing, cursor.blob(&mut room.first)?, sink)?;
                *at = cursor.at();
                Ok(())
            }
            Self::EarliestPacked(packing) => {
                cursor.milliseconds()?;
                unpack(*packing, cursor.blob(&mut room.first)?, sink)?;
                *at = cursor.at();
                Ok(())
            }
            Self::Stream(stream) => stream.read(&mut cursor, at, room, sink),
            Self::Array(array) => array.read(&mut cursor, at, room, sink),
            Self::Module(module) => module.read(&mut cursor, at, room, sink),
        }
    }
}
