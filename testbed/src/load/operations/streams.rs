//! Streams and their groups.
//!
//! Every operation that reads with a group adds an entry first: on some servers a read that finds nothing leaves
//! a consumer behind that the server's own replicas do not get.

use super::{ALL, Operation, op};
use crate::{Command, cmd, load::script::Script};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        op("XADD", ALL, |s| {
            let key = s.any("stream");
            vec![xadd(s, &key)]
        }),
        op("XADD MAXLEN ~", ALL, |s| {
            vec![cmd("XADD").arg(s.any("stream")).args(["MAXLEN", "~", "100", "*"]).arg("field").arg(s.text())]
        }),
        op("XADD MAXLEN", ALL, |s| {
            vec![cmd("XADD").arg(s.any("stream")).args(["MAXLEN", "80", "*"]).arg("field").arg(s.text())]
        }),
        op("XADD MAXLEN ~ LIMIT", 602, |s| {
            let add = cmd("XADD").arg(s.any("stream")).args(["MAXLEN", "~", "60", "LIMIT", "10", "*"]);
            vec![add.arg("field").arg(s.text())]
        }),
        op("XADD NOMKSTREAM", 602, |s| {
            vec![cmd("XADD").arg(s.fresh("stream")).args(["NOMKSTREAM", "*"]).arg("field").arg(s.text())]
        }),
        op("XADD MINID", 602, |s| {
            vec![cmd("XADD").arg(s.any("stream")).args(["MINID", "~", "1000", "*"]).arg("field").arg(s.text())]
        }),
        op("XTRIM", ALL, |s| vec![cmd("XTRIM").arg(s.any("stream")).args(["MAXLEN", "50"])]),
        op("XDEL", ALL, |s| {
            let key = s.any("stream");
            let id = next_id(s);
            vec![
                cmd("XADD").arg(id_stream(s)).arg(&id).arg("field").arg(s.text()),
                cmd("XDEL").arg(id_stream(s)).arg(id),
                xadd(s, &key),
            ]
        }),
        op("XGROUP CREATE", ALL, |s| {
            let key = s.fresh("stream");
            vec![cmd("XGROUP CREATE").arg(key).args(["group", "$", "MKSTREAM"])]
        }),
        op("XGROUP CREATECONSUMER", 602, |s| {
            let key = s.fresh("stream");
            vec![
                cmd("XGROUP CREATE").arg(&key).args(["group", "0", "MKSTREAM"]),
                cmd("XGROUP CREATECONSUMER").arg(key).args(["group", "alice"]),
            ]
        }),
        op("XGROUP SETID", ALL, |s| {
            let key = s.fresh("stream");
            let mut commands = read(s, &key);
            commands.push(cmd("XGROUP SETID").arg(key).args(["group", "0"]));
            commands
        }),
        op("XGROUP DELCONSUMER", ALL, |s| {
            let key = s.fresh("stream");
            let mut commands = read(s, &key);
            commands.push(cmd("XGROUP DELCONSUMER").arg(key).args(["group", "alice"]));
            commands
        }),
        op("XGROUP DESTROY", ALL, |s| {
            let key = s.fresh("stream");
            let mut commands = read(s, &key);
            commands.push(cmd("XGROUP DESTROY").arg(key).arg("group"));
            commands
        }),
        op("XREADGROUP", ALL, |s| {
            let key = s.fresh("stream");
            read(s, &key)
        }),
        op("XACK", ALL, |s| {
            let (key, id) = (s.fresh("stream"), next_id(s));
            let mut commands = read_ids(s, &key, &id);
            commands.push(cmd("XACK").arg(key).arg("group").arg(id));
            commands
        }),
        op("XCLAIM", ALL, |s| {
            let (key, id) = (s.fresh("stream"), next_id(s));
            let mut commands = read_ids(s, &key, &id);
            commands.push(cmd("XCLAIM").arg(key).args(["group", "bob", "0"]).arg(id));
            commands
        }),
        op("XAUTOCLAIM", 602, |s| {
            let key = s.fresh("stream");
            let mut commands = read(s, &key);
            commands.push(cmd("XAUTOCLAIM").arg(key).args(["group", "bob", "0", "0"]));
            commands
        }),
        op("XSETID", ALL, |s| {
            let key = s.fresh("stream");
            vec![xadd(s, &key), cmd("XSETID").arg(key).arg("99999999999999-7")]
        }),
    ]
}

fn xadd(s: &mut Script, key: &str) -> Command {
    cmd("XADD").arg(key).arg("*").arg(s.member()).arg(s.text()).arg("n").arg(s.number(1_000))
}

/// A group, some entries, and a consumer that has read most of them.
fn read(s: &mut Script, key: &str) -> Vec<Command> {
    let id = next_id(s);
    read_ids(s, key, &id)
}

fn read_ids(s: &mut Script, key: &str, id: &str) -> Vec<Command> {
    vec![
        cmd("XGROUP CREATE").arg(key).args(["group", "0", "MKSTREAM"]),
        cmd("XADD").arg(key).arg(id).arg("field").arg(s.text()),
        xadd(s, key),
        xadd(s, key),
        cmd("XREADGROUP GROUP group alice COUNT 2 STREAMS").arg(key).arg(">"),
    ]
}

/// An id that is larger than all before, and smaller than those that the server makes from its clock.
fn next_id(s: &Script) -> String {
    format!("{}-1", s.count())
}

fn id_stream(s: &Script) -> String {
    s.key(":stream:ids")
}
