//! The table of commands against running servers.

use std::collections::BTreeSet;

use cluster_router::command::{Class, CommandSlot, all, find, lookup, slot_of_command};
use cluster_router::slot_of;
use testbed::{Conn, Server, ServerSpec, Value, cmd};

use crate::sample::Sample;

/// Servers, and the letters that stand for them in the list of samples.
const SERVERS: [(&str, char); 3] = [("redis-7.0", '7'), ("redis-8.0", 'r'), ("valkey-9.1", 'v')];

#[derive(Debug)]
struct Case {
    line: &'static str,
    known_to: &'static str,
    wrong: bool,
    sample: Sample,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("commands.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (known_to, rest) = line.split_once(" | ").unwrap_or(("7,r,v", line));
            let (wrong, rest) = rest.strip_prefix("! ").map_or((false, rest), |rest| (true, rest));
            Case { line, known_to, wrong, sample: Sample::parse(rest) }
        })
        .collect()
}

/// Runs a test with a connection to each kind of server.
fn on_each_server(mut test: impl FnMut(&str, char, &mut Conn)) {
    for (name, letter) in SERVERS {
        let server = Server::start(ServerSpec::new(name)).expect("the server starts");
        test(name, letter, &mut server.conn().expect("the server takes a connection"));
    }
}

/// The keys by the table; `None` when it finds the arguments wrong.
fn own_keys(sample: &Sample) -> Option<Vec<Vec<u8>>> {
    let mut indexes = vec![99];
    let spec = lookup(&sample.words[0]).expect("the table has the command");
    spec.keys(sample.args(), &mut indexes).ok()?;
    assert_eq!(spec.first_key_index(sample.args()).unwrap(), indexes.first().copied());
    Some(indexes.iter().map(|&index| sample.words[index].clone()).collect())
}

/// The keys by the server; `None` when it finds the arguments wrong.
fn server_keys(conn: &mut Conn, sample: &Sample) -> Option<Vec<Vec<u8>>> {
    let reply = conn.exchange(cmd("COMMAND GETKEYS").args(sample.words.clone())).expect("the server answers");
    match reply {
        Value::Error(text) if text.contains("no key arguments") => Some(Vec::new()),
        Value::Error(_) => None,
        keys => Some(keys.items().iter().map(|key| key.bytes().expect("a key").to_vec()).collect()),
    }
}

#[test]
fn keys_are_those_that_servers_find() {
    on_each_server(|name, letter, conn| {
        for case in cases().iter().filter(|case| case.known_to.contains(letter) && !case.wrong) {
            if letter == '7' && case.sample.words.len() == 1 {
                continue; // GETKEYS of redis 7.0 wants an argument behind the command.
            }
            let keys = own_keys(&case.sample).unwrap_or_else(|| panic!("{}: found wrong by the table", case.line));
            assert_eq!(Some(&keys), server_keys(conn, &case.sample).as_ref(), "{} on {name}", case.line);
        }
    });
}

#[test]
fn wrong_arguments_are_wrong_to_both() {
    on_each_server(|name, letter, conn| {
        for case in cases().iter().filter(|case| case.known_to.contains(letter) && case.wrong) {
            assert_eq!(own_keys(&case.sample), None, "{}", case.line);
            let servers = server_keys(conn, &case.sample).unwrap_or_default();
            assert!(servers.is_empty(), "{} on {name}: {servers:?}", case.line);
        }
    });
}

#[test]
fn slots_follow_from_the_keys() {
    for case in cases().iter().filter(|case| !case.wrong) {
        let keys = own_keys(&case.sample).unwrap_or_else(|| panic!("{}: found wrong", case.line));
        let slots: BTreeSet<_> = keys.iter().map(|key| slot_of(key)).collect();
        let expected = match slots.len() {
            0 if case.sample.words[0] == b"SPUBLISH" => CommandSlot::One(slot_of(b"channel")),
            0 => CommandSlot::Keyless,
            1 => CommandSlot::One(slots.into_iter().next().unwrap()),
            _ => CommandSlot::CrossSlot,
        };
        assert_eq!(slot_of_command(case.sample.args()), Ok(expected), "{}", case.line);
    }
}

#[test]
fn no_write_of_a_server_is_missing() {
    let samples = cases();
    on_each_server(|name, _, conn| {
        let reply = conn.call("COMMAND").expect("the server answers");
        let writes = writes(reply.items());
        assert!(writes.len() > 100, "{name} reports {} writes", writes.len());
        for write in writes {
            let words: Vec<&str> = write.split('|').collect();
            let of_it = |case: &&Case| {
                !case.wrong && words.iter().zip(&case.sample.words).all(|(a, b)| b.eq_ignore_ascii_case(a.as_bytes()))
            };
            let mut classes = BTreeSet::new();
            for case in samples.iter().filter(of_it) {
                let spec = find(case.sample.args()).unwrap_or_else(|| panic!("{write} of {name} is not in the table"));
                assert!(spec.is_write(), "{write} of {name} is no write in the table");
                classes.insert(format!("{:?}", spec.class(case.sample.args())));
            }
            assert!(!classes.is_empty(), "{write} of {name} has no sample in commands.txt");
            assert!(classes.iter().any(|class| *class != format!("{:?}", Class::NotAWrite)), "{write} is a write");
        }
    });
}

/// The names of the commands that are flagged as writes, subcommands as `container|name`.
fn writes(rows: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    for row in rows {
        let fields = row.items();
        if fields[2].items().iter().any(|flag| flag.text() == "write") {
            found.push(fields[0].text());
        }
        found.extend(writes(fields[9].items()));
    }
    found
}

#[test]
fn the_commands_of_servers_are_in_the_table_with_their_arity() {
    on_each_server(|name, _, conn| {
        for row in conn.call("COMMAND").expect("the server answers").items() {
            let fields = row.items();
            let spec = lookup(fields[0].text().as_bytes()).unwrap_or_else(|| panic!("{row:?} of {name}"));
            let arity = fields[1].integer().expect("an arity");
            // The table holds the loosest arity of all servers.
            let fewest = i64::from(spec.arity).abs();
            assert!(i64::from(spec.arity) == arity || spec.arity < 0 && fewest <= arity.abs(), "{}", spec.name);
        }
    });
    assert!(all().len() > 250);
}
