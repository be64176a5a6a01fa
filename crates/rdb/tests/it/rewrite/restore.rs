//! The table of what servers load, held against servers.

use rdb::{Decoder, Item, Options, Target};
use testbed::{Conn, Server, ServerSpec, cmd};

use crate::fixtures;

#[test]
fn servers_take_the_payloads_that_the_table_says() {
    let (mut taken, mut refused) = (0, 0);
    for name in fixtures::NAMES {
        let target: Target = name.parse().unwrap();
        let server = Server::start(ServerSpec::new(name).option("save", "")).unwrap();
        let mut conn = server.conn().unwrap();
        for (source, file) in fixtures::all() {
            conn.call("FLUSHALL").unwrap();
            let mut decoder = Decoder::new(Options::default().whole_value_limit(16 << 20));
            decoder.feed(&file);
            while let Some(item) = decoder.next_item().unwrap() {
                let Item::Entry(entry) = item else { continue };
                let mut payload = Vec::new();
                entry.dump_into(&mut payload);
                let loads = restore(&mut conn, entry.key.name, payload);
                let name = entry.key.name.escape_ascii();
                assert_eq!(
                    target.loads(&entry.key),
                    loads,
                    "{name} ({:?}), {source} to {target}",
                    entry.key.value_type
                );
                if loads { taken += 1 } else { refused += 1 }
            }
        }
    }
    assert!(taken > 1000 && refused > 100, "{taken} taken, {refused} refused");
}

/// Whether the server takes the payload.
fn restore(conn: &mut Conn, key: &[u8], payload: Vec<u8>) -> bool {
    let reply = conn.exchange(cmd("RESTORE").arg(key.to_vec()).arg("0").arg(payload).arg("REPLACE")).unwrap();
    match reply.error() {
        None => true,
        Some("ERR DUMP payload version or checksum are wrong" | "ERR Bad data format") => false,
        Some(other) => panic!("{other}"),
    }
}
