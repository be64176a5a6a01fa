//! Commands on streams.

use rdb::StreamId;

use crate::content::{Group, Pending, Stream};

use super::words::{Words, id, number};

pub(super) fn execute(stream: &mut Stream, name: &[u8], mut words: Words<'_>) {
    match name {
        b"XADD" => xadd(stream, words.behind_key()),
        b"XDEL" => words.behind_key().0.iter().for_each(|word| delete(stream, id(word))),
        b"XTRIM" => xtrim(stream, words.behind_key()),
        b"XSETID" => xsetid(stream, words.behind_key()),
        b"XCLAIM" => xclaim(stream, words.behind_key()),
        b"XGROUP" => xgroup(stream, words),
        b"XREADGROUP" => {
            words.expect(b"GROUP");
            let (group, consumer) = (words.next(), words.next());
            words.expect(b"STREAMS");
            words.behind_key().expect(b"0");
            group_of(stream, group).consumers.insert(consumer.to_vec());
        }
        other => panic!("unknown command {}", other.escape_ascii()),
    }
}

fn xadd(stream: &mut Stream, mut words: Words<'_>) {
    let mut trim = false;
    if *words.0[0] == *b"MAXLEN" {
        words.next();
        words.expect(b"0");
        trim = true;
    }
    let id = id(words.next());
    assert!(id > stream.last_id, "{id} is not above {}", stream.last_id);
    let fields = words.pairs().map(|[name, value]| (name.to_vec(), value.to_vec())).collect();
    stream.entries.insert(id, fields);
    stream.last_id = id;
    stream.entries_added += 1;
    if trim {
        stream.entries.clear();
    }
}

fn delete(stream: &mut Stream, id: StreamId) {
    assert!(stream.entries.remove(&id).is_some(), "{id} is there");
    stream.max_deleted_id = stream.max_deleted_id.max(id);
}

/// Trimming does not count as deleting.
fn xtrim(stream: &mut Stream, mut words: Words<'_>) {
    match words.next() {
        b"MAXLEN" => {
            words.expect(b"0");
            stream.entries.clear();
        }
        _ => stream.entries = stream.entries.split_off(&id(words.next())),
    }
}

fn xsetid(stream: &mut Stream, mut words: Words<'_>) {
    let last_id = id(words.next());
    assert!(last_id >= stream.top(), "XSETID below the top entry");
    if !words.0.is_empty() {
        words.expect(b"ENTRIESADDED");
        stream.entries_added = signed(words.next());
        words.expect(b"MAXDELETEDID");
        let max_deleted_id = id(words.next());
        // 0-0 changes nothing.
        if max_deleted_id != StreamId::default() {
            stream.max_deleted_id = max_deleted_id;
        }
        assert!(stream.entries_added >= stream.entries.len() as u64, "fewer were added than are there");
    }
    assert!(stream.max_deleted_id <= last_id, "deleted above the last ID");
    stream.last_id = last_id;
}

fn xgroup(stream: &mut Stream, mut words: Words<'_>) {
    let subcommand = words.next();
    words = words.behind_key();
    let name = words.next().to_vec();
    match subcommand {
        b"CREATECONSUMER" => {
            group_of(stream, &name).consumers.insert(words.next().to_vec());
        }
        b"CREATE" => {
            let mut group = Group::default();
            set_group(&mut group, words);
            assert!(stream.groups.insert(name, group).is_none(), "the group exists");
        }
        b"SETID" => set_group(group_of(stream, &name), words),
        other => panic!("XGROUP {}", other.escape_ascii()),
    }
}

/// What is not said of how much a group read, is not known.
fn set_group(group: &mut Group, mut words: Words<'_>) {
    let last_id = words.next();
    group.last_id = if last_id == b"0" { StreamId::default() } else { id(last_id) };
    group.entries_read = (!words.0.is_empty()).then(|| {
        words.expect(b"ENTRIESREAD");
        signed(words.next())
    });
}

fn xclaim(stream: &mut Stream, mut words: Words<'_>) {
    let (group, consumer) = (words.next(), words.next());
    words.expect(b"0");
    let mut ids = Vec::new();
    while *words.0[0] != *b"TIME" {
        ids.push(id(words.next()));
    }
    words.next();
    let at_ms = number(words.next());
    words.expect(b"RETRYCOUNT");
    let deliveries = signed(words.next());
    words.expect(b"FORCE");
    words.expect(b"JUSTID");
    // Servers drop claims on entries that are not there.
    ids.retain(|id| stream.entries.contains_key(id));
    let group = group_of(stream, group);
    group.consumers.insert(consumer.to_vec());
    for id in ids {
        group.pending.insert(id, Pending { consumer: consumer.to_vec(), at_ms, deliveries });
    }
}

/// A count, which servers read as a signed number.
fn signed(word: &[u8]) -> u64 {
    u64::try_from(number::<i64>(word)).expect("a count is not negative")
}

fn group_of<'a>(stream: &'a mut Stream, name: &[u8]) -> &'a mut Group {
    stream.groups.get_mut(name).expect("the group is there")
}
