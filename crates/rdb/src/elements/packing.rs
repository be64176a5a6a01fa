//! Elements of values, or of nodes of values, that are packed into one string.

use crate::error::{Error, ErrorKind};
use crate::packed::{Intset, Listpack, Ziplist, Zipmap};
use crate::scalar::Scalar;

use super::Element;
use super::cursor::{Blob, Stop, parse_score};

/// How a string packs a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    ListZiplist,
    ListListpack,
    SetIntset,
    SetListpack,
    ZsetZiplist,
    ZsetListpack,
    HashZipmap,
    HashZiplist,
    HashListpack,
    /// Triples of field, value, expiry.
    HashListpackExpiry,
}

/// Hands out all elements of a packed value.
pub(super) fn unpack(packing: Packing, blob: Blob<'_>, sink: &mut impl FnMut(Element<'_>)) -> Result<(), Stop> {
    let bytes = blob.bytes;
    let result = match packing {
        Packing::ListZiplist => Ziplist::new(bytes).map(|entries| each(entries, Element::Item, sink)),
        Packing::ListListpack => Listpack::new(bytes).map(|entries| each(entries, Element::Item, sink)),
        Packing::SetListpack => Listpack::new(bytes).map(|entries| each(entries, Element::Member, sink)),
        Packing::SetIntset => Intset::new(bytes).map(|numbers| {
            numbers.for_each(|number| sink(Element::Member(Scalar::Int(number))));
            Ok(())
        }),
        Packing::ZsetZiplist => Ziplist::new(bytes).map(|entries| scored(entries, sink)),
        Packing::ZsetListpack => Listpack::new(bytes).map(|entries| scored(entries, sink)),
        Packing::HashZiplist => Ziplist::new(bytes).map(|entries| fields(entries, sink)),
        Packing::HashListpack => Listpack::new(bytes).map(|entries| fields(entries, sink)),
        Packing::HashListpackExpiry => Listpack::new(bytes).map(|entries| expiring_fields(entries, sink)),
        Packing::HashZipmap => Zipmap::new(bytes).map(|pairs| zipmap_fields(pairs, sink)),
    };
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Damage::Entry(error))) | Err(error) => Err(blob.damage(&error)),
        Ok(Err(Damage::Whole(kind))) => Err(blob.bad(kind)),
    }
}

/// What is wrong with a packed value.
enum Damage {
    /// One of its entries.
    Entry(Error),
    /// What its entries make together.
    Whole(ErrorKind),
}

impl From<Error> for Damage {
    fn from(error: Error) -> Self {
        Self::Entry(error)
    }
}

/// An entry that must be there: values of several entries have all of them.
#[inline]
fn required<'a>(entry: Option<Result<Scalar<'a>, Error>>) -> Result<Scalar<'a>, Damage> {
    Ok(entry.ok_or(Damage::Whole(ErrorKind::BadPackedCount))??)
}

#[inline]
fn each<'a>(
    entries: impl Iterator<Item = Result<Scalar<'a>, Error>>,
    element: impl Fn(Scalar<'a>) -> Element<'a>,
    sink: &mut impl FnMut(Element<'_>),
) -> Result<(), Damage> {
    for entry in entries {
        sink(element(entry?));
    }
    Ok(())
}

fn scored<'a>(
    mut entries: impl Iterator<Item = Result<Scalar<'a>, Error>>,
    sink: &mut impl FnMut(Element<'_>),
) -> Result<(), Damage> {
    while let Some(member) = entries.next() {
        let member = member?;
        let score = score(required(entries.next())?).ok_or(Damage::Whole(ErrorKind::BadScore))?;
        sink(Element::Scored { member, score });
    }
    Ok(())
}

/// Scores are numbers, or text (`zzlStrtod`).
fn score(scalar: Scalar<'_>) -> Option<f64> {
    match scalar {
        #[expect(clippy::cast_precision_loss, reason = "servers read it so")]
        Scalar::Int(value) => Some(value as f64),
        Scalar::Bytes(text) => parse_score(text),
    }
}

fn fields<'a>(
    mut entries: impl Iterator<Item = Result<Scalar<'a>, Error>>,
    sink: &mut impl FnMut(Element<'_>),
) -> Result<(), Damage> {
    while let Some(name) = entries.next() {
        let name = name?;
        let value = required(entries.next())?;
        sink(Element::Field { name, value, expire_at_ms: None });
    }
    Ok(())
}

fn expiring_fields<'a>(
    mut entries: impl Iterator<Item = Result<Scalar<'a>, Error>>,
    sink: &mut impl FnMut(Element<'_>),
) -> Result<(), Damage> {
    while let Some(name) = entries.next() {
        let name = name?;
        let value = required(entries.next())?;
        let Scalar::Int(expiry) = required(entries.next())? else {
            return Err(Damage::Whole(ErrorKind::BadFieldExpiry));
        };
        sink(Element::Field { name, value, expire_at_ms: (expiry != 0).then_some(expiry) });
    }
    Ok(())
}

fn zipmap_fields(pairs: Zipmap<'_>, sink: &mut impl FnMut(Element<'_>)) -> Result<(), Damage> {
    for pair in pairs {
        let (name, value) = pair?;
        sink(Element::Field { name: Scalar::Bytes(name), value: Scalar::Bytes(value), expire_at_ms: None });
    }
    Ok(())
}
