//! The nodes of a stream: a master ID, and a listpack of entries told by their difference to it (`t_stream.c`).

use crate::error::{Error, ErrorKind};
use crate::packed::Listpack;
use crate::scalar::Scalar;

use super::cursor::{Blob, Cursor, Stop};
use super::room::Room;
use super::{EntryFields, StreamElement, StreamId};

/// Reads a node and hands out its entries.
pub(super) fn read_node(
    cursor: &mut Cursor<'_>,
    room: &mut Room,
    sink: &mut impl FnMut(StreamElement<'_>),
) -> Result<(), Stop> {
    let key_at = cursor.bad(ErrorKind::BadStreamNode);
    let key = cursor.encoded()?;
    let blob = cursor.blob(&mut room.second)?;
    let Scalar::Bytes(key) = key.decode(&mut room.first)? else { return Err(key_at) };
    let Ok(key) = key.try_into() else { return Err(key_at) };
    match entries(StreamId::from_bytes(key), blob, sink) {
        Ok(()) => Ok(()),
        Err(Damage::Entry(error)) => Err(blob.damage(&error)),
        Err(Damage::Node) => Err(blob.bad(ErrorKind::BadStreamNode)),
    }
}

/// What is wrong with a node.
enum Damage {
    /// An entry of the listpack.
    Entry(Error),
    /// What the entries mean.
    Node,
}

impl From<Error> for Damage {
    fn from(error: Error) -> Self {
        Self::Entry(error)
    }
}

fn entries(master: StreamId, blob: Blob<'_>, sink: &mut impl FnMut(StreamElement<'_>)) -> Result<(), Damage> {
    let mut walk = Walk(Listpack::new(blob.bytes)?);
    let (mut live, mut deleted) = (walk.int()?, walk.int()?);
    let field_count = walk.count()?;
    let names = walk.0.clone();
    walk.skip(field_count)?;
    if walk.int()? != 0 {
        return Err(Damage::Node);
    }
    let master = Master { id: master, names, field_count };
    while let Some(flags) = walk.0.next() {
        let Scalar::Int(flags) = flags? else { return Err(Damage::Node) };
        let (id, fields) = master.entry(flags, &mut walk)?;
        if flags & DELETED == 0 {
            live = live.wrapping_sub(1);
            sink(StreamElement::Entry { id, fields });
        } else {
            deleted = deleted.wrapping_sub(1);
        }
    }
    if live == 0 && deleted == 0 { Ok(()) } else { Err(Damage::Node) }
}

/// `STREAM_ITEM_FLAG_DELETED`, `STREAM_ITEM_FLAG_SAMEFIELDS`.
const DELETED: i64 = 1;
const SAME_FIELDS: i64 = 2;

/// What the entries of a node share.
struct Master<'a> {
    id: StreamId,
    names: Listpack<'a>,
    field_count: usize,
}

impl<'a> Master<'a> {
    /// Walks the entry behind these flags.
    fn entry(&self, flags: i64, walk: &mut Walk<'a>) -> Result<(StreamId, EntryFields<'a>), Damage> {
        let (ms, seq) = (walk.int()?, walk.int()?);
        // Differences are signed, and may go around.
        let id = StreamId {
            ms: self.id.ms.wrapping_add(ms.cast_unsigned()),
            seq: self.id.seq.wrapping_add(seq.cast_unsigned()),
        };
        let same = flags & SAME_FIELDS != 0;
        let left = if same { self.field_count } else { walk.count()? };
        let fields = EntryFields { names: same.then(|| self.names.clone()), values: walk.0.clone(), left };
        // Flags and ID are three; the number of fields is one more, and then names stand with the values.
        let (strings, fixed) = if same { (left, 3) } else { (left.saturating_mul(2), 4) };
        walk.skip(strings)?;
        if walk.count()? == strings.saturating_add(fixed) { Ok((id, fields)) } else { Err(Damage::Node) }
    }
}

/// A listpack whose entries must be there and mean something.
struct Walk<'a>(Listpack<'a>);

impl Walk<'_> {
    fn int(&mut self) -> Result<i64, Damage> {
        match self.0.next().ok_or(Damage::Node)?? {
            Scalar::Int(value) => Ok(value),
            Scalar::Bytes(_) => Err(Damage::Node),
        }
    }

    fn count(&mut self) -> Result<usize, Damage> {
        usize::try_from(self.int()?).map_err(|_| Damage::Node)
    }

    fn skip(&mut self, count: usize) -> Result<(), Damage> {
        for _ in 0..count {
            self.0.next().ok_or(Damage::Node)??;
        }
        Ok(())
    }
}
