use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use cluster_router::{Info, Slot, SlotSet, slot_of};
use resp::Reply;

use super::sweep::{keys, refused};
use super::{At, Settled};
use crate::pipeline::apply::Sink;
use crate::pipeline::apply::copied::Copied;
use crate::pipeline::apply::error::ApplyErrorKind;

/// Deletes the keys of some slots on a server that has no slots: all keys are looked at.
#[derive(Debug)]
pub(in crate::pipeline::apply) struct ServerSweep {
    slots: SlotSet,
    kept: Option<Arc<Copied>>,
    at: At,
    /// The databases to look through, that at hand first; nothing while they are not known.
    dbs: Option<VecDeque<u32>>,
    /// Where in the first database the search goes on.
    cursor: Bytes,
    /// What was found and is not deleted yet.
    found: Vec<Bytes>,
    waiting: bool,
    /// A cursor means nothing to another server, which may have taken the place of the one that gave it.
    torn: bool,
    deleted: u64,
}

impl ServerSweep {
    /// Of some slots, all keys but those that are kept.
    pub(super) fn new(slots: SlotSet, db: Option<u32>, kept: Option<Arc<Copied>>, at: At) -> Self {
        let dbs = db.map(|db| VecDeque::from([db]));
        let (cursor, found) = (START, Vec::new());
        Self { slots, kept, at, dbs, cursor, found, waiting: false, torn: false, deleted: 0 }
    }

    pub(super) fn advance(&mut self, sink: &mut dyn Sink) {
        if self.waiting {
            return;
        }
        let Some(dbs) = &self.dbs else {
            self.waiting = true;
            let encode = &mut |out: &mut _| resp::put_command(out, &["INFO", "keyspace"]);
            return sink.ask(self.at.outgoing(Slot::MIN, 1, 0), 0, encode);
        };
        let Some(&db) = dbs.front() else { return };
        self.delete(db, sink);
        if self.cursor.is_empty() {
            self.next_database();
            return self.advance(sink);
        }
        self.waiting = true;
        sink.ask(self.at.outgoing(Slot::MIN, 1, db), 0, &mut |out| {
            resp::put_command(out, &[b"SCAN", &self.cursor[..], b"COUNT", b"1000"]);
        });
    }

    fn delete(&mut self, db: u32, sink: &mut dyn Sink) {
        let keys = std::mem::take(&mut self.found);
        if keys.is_empty() {
            return;
        }
        self.deleted += keys.len() as u64;
        sink.submit(self.at.outgoing(Slot::MIN, 1, db), &mut |out| {
            resp::put_array(out, keys.len() + 1);
            resp::put_bulk(out, b"UNLINK");
            keys.iter().for_each(|key| resp::put_bulk(out, key));
        });
    }

    fn next_database(&mut self) {
        self.cursor = START;
        if let Some(dbs) = &mut self.dbs {
            dbs.pop_front();
        }
    }

    pub(super) fn answer(&mut self, reply: &Reply) -> Result<(), ApplyErrorKind> {
        self.waiting = false;
        if self.dbs.is_none() {
            self.dbs = Some(databases(reply).ok_or_else(|| refused("INFO", reply))?);
            return Ok(());
        }
        let answers = reply.as_array().filter(|answers| answers.len() == 2);
        let cursor = answers.and_then(|answers| answers.first()?.as_bytes());
        let found = answers.and_then(|answers| keys(answers.last()));
        let ((keys, _), cursor) = found.zip(cursor).ok_or_else(|| refused("SCAN", reply))?;
        let db = self.dbs.as_ref().and_then(|dbs| dbs.front().copied()).unwrap_or_default();
        let goes = |key: &Bytes| {
            self.slots.contains(slot_of(key)) && !self.kept.as_ref().is_some_and(|kept| kept.contains(db, key))
        };
        self.found = keys.into_iter().filter(goes).collect();
        self.cursor = match &cursor[..] {
            _ if std::mem::take(&mut self.torn) => START,
            b"0" => Bytes::new(),
            _ => cursor.clone(),
        };
        Ok(())
    }

    pub(super) fn interrupted(&mut self) {
        self.torn = true;
    }

    pub(super) fn settled(&self) -> Option<Settled> {
        let done = self.dbs.as_ref().is_some_and(VecDeque::is_empty) && !self.waiting;
        done.then_some(Settled::Swept(self.deleted))
    }
}

/// The databases that hold keys.
fn databases(reply: &Reply) -> Option<VecDeque<u32>> {
    let info = Info::parse(reply.as_bytes()?).ok()?;
    Some(info.fields().filter_map(|(name, _)| name.strip_prefix("db")?.parse().ok()).collect())
}

const START: Bytes = Bytes::from_static(b"0");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::apply::sink::recorder::{Recorder, reply};

    fn sweep(db: Option<u32>) -> ServerSweep {
        let mut slots = SlotSet::new();
        slots.insert(slot_of(b"foo"));
        ServerSweep::new(slots, db, None, At { offset: 5 })
    }

    #[test]
    fn keys_of_the_slots_go_from_one_database() {
        let (mut sweep, mut sink) = (sweep(Some(3)), Recorder::default());
        sweep.advance(&mut sink);
        sweep.advance(&mut sink);
        assert_eq!(sink.lines, ["0 3: ask 0: SCAN 0 COUNT 1000"]);
        let found = "*2\r\n$2\r\n17\r\n*4\r\n$3\r\nfoo\r\n$3\r\nbar\r\n$11\r\nshake:{foo}\r\n$7\r\n{foo}:1\r\n";
        sweep.answer(&reply(found)).unwrap();
        sweep.advance(&mut sink);
        assert_eq!(sink.lines[1..], ["0 3: UNLINK foo {foo}:1", "0 3: ask 0: SCAN 17 COUNT 1000"]);
        sweep.answer(&reply("*2\r\n$1\r\n0\r\n*1\r\n$3\r\nfoo\r\n")).unwrap();
        assert_eq!(sweep.settled(), None);
        sweep.advance(&mut sink);
        assert_eq!((&sink.lines[3..], sweep.settled()), (&["0 3: UNLINK foo".to_owned()][..], Some(Settled::Swept(3))));
    }

    #[test]
    fn or_from_all_that_there_are() {
        let (mut sweep, mut sink) = (sweep(None), Recorder::default());
        sweep.advance(&mut sink);
        assert_eq!(sink.lines, ["0 0: ask 0: INFO keyspace"]);
        let text = "# Keyspace\r\ndb0:keys=1,expires=0\r\ndb7:keys=1,expires=0\r\n";
        sweep.answer(&reply(&format!("${}\r\n{text}\r\n", text.len()))).unwrap();
        for db in [0, 7] {
            sweep.advance(&mut sink);
            assert_eq!(*sink.lines.last().unwrap(), format!("0 {db}: ask 0: SCAN 0 COUNT 1000"));
            sweep.answer(&reply("*2\r\n$1\r\n0\r\n*0\r\n")).unwrap();
        }
        sweep.advance(&mut sink);
        assert_eq!(sweep.settled(), Some(Settled::Swept(0)));
    }

    #[test]
    fn a_search_that_was_interrupted_begins_anew() {
        let (mut sweep, mut sink) = (sweep(Some(0)), Recorder::default());
        sweep.advance(&mut sink);
        sweep.interrupted();
        for cursor in ["17", "0"] {
            sweep.answer(&reply(&format!("*2\r\n${}\r\n{cursor}\r\n*0\r\n", cursor.len()))).unwrap();
            sweep.advance(&mut sink);
        }
        assert_eq!(sink.lines, ["0 0: ask 0: SCAN 0 COUNT 1000", "0 0: ask 0: SCAN 0 COUNT 1000"]);
        assert_eq!(sweep.settled(), Some(Settled::Swept(0)));
    }
}
