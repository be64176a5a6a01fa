//! Reading replies that are trees: maps may come as RESP3 maps or as flat arrays.

use resp::Reply;

use super::error::{Place, TopologyError, TopologyErrorKind};
use crate::slot::{Slot, SlotRange};

/// One entry of an answer, for errors to tell where they are.
#[derive(Clone, Copy)]
pub(super) struct Entry(pub(super) usize);

impl Entry {
    pub(super) const fn error(self, kind: TopologyErrorKind, reading: &'static str) -> TopologyError {
        TopologyError { kind, place: Place::Entry(self.0), reading }
    }

    pub(super) fn array<'a>(self, reply: &'a Reply, reading: &'static str) -> Result<&'a [Reply], TopologyError> {
        reply.as_array().ok_or(self.error(TopologyErrorKind::Malformed, reading))
    }

    /// A string, or `None` for a null: servers tell what they do not know so.
    pub(super) fn text<'a>(self, reply: &'a Reply, reading: &'static str) -> Result<Option<&'a str>, TopologyError> {
        if matches!(reply, Reply::Null) {
            return Ok(None);
        }
        let bytes = reply.as_bytes().ok_or(self.error(TopologyErrorKind::Malformed, reading))?;
        std::str::from_utf8(bytes).map(Some).map_err(|_| self.error(TopologyErrorKind::NotText, reading))
    }

    pub(super) fn port(self, reply: &Reply, reading: &'static str) -> Result<u16, TopologyError> {
        let number = reply.as_integer().and_then(|number| u16::try_from(number).ok());
        number.ok_or(self.error(TopologyErrorKind::Malformed, reading))
    }

    pub(super) fn range(self, first: Option<&Reply>, last: Option<&Reply>) -> Result<SlotRange, TopologyError> {
        let slot = |reply: Option<&Reply>| {
            let number = reply.ok_or(self.error(TopologyErrorKind::Missing, SLOTS))?;
            let number = number.as_integer().ok_or(self.error(TopologyErrorKind::Malformed, SLOTS))?;
            Slot::try_from(number).map_err(|_| self.error(TopologyErrorKind::BadSlot, SLOTS))
        };
        SlotRange::new(slot(first)?, slot(last)?).ok_or(self.error(TopologyErrorKind::BadSlot, SLOTS))
    }
}

/// The value of a field; `None` when the map does not have it, or is no map.
pub(super) fn field<'a>(map: &'a Reply, name: &str) -> Option<&'a Reply> {
    let is_name = |key: &Reply| key.as_bytes().is_some_and(|key| key == name.as_bytes());
    match map {
        Reply::Map(pairs) => pairs.iter().find(|(key, _)| is_name(key)).map(|(_, value)| value),
        flat => flat.as_array()?.chunks_exact(2).find_map(|pair| match pair {
            [key, value] if is_name(key) => Some(value),
            _ => None,
        }),
    }
}

/// A host that says nothing: unknown (`?`), or not announced.
pub(super) fn known(host: Option<&str>) -> Option<&str> {
    host.filter(|host| !host.is_empty() && *host != "?")
}

const SLOTS: &str = "a range of slots";
