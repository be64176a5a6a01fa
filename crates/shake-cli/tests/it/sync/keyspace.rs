//! What a server holds besides the positions of links, which are at any target.

use testbed::{Conn, Value};

/// The keys of the database, in no order.
pub(super) fn keys(conn: &mut Conn) -> Vec<String> {
    let keys = names(&conn.call("KEYS *").unwrap());
    keys.into_iter().filter(|key| !is_positions(key)).collect()
}

/// How many there are.
pub(super) fn size(conn: &mut Conn) -> usize {
    // KEYS of a pattern rather than all: a test may ask for it again and again.
    let commands = ["MULTI".into(), "DBSIZE".into(), "KEYS shake:{*}:positions".into(), "EXEC".into()];
    let replies = conn.pipeline(&commands).unwrap();
    let [all, positions] = replies[3].items() else { panic!("{replies:?}") };
    usize::try_from(all.integer().unwrap()).unwrap() - positions.items().len()
}

/// The keys of ours that are there for a while only: under them something is made.
pub(super) fn passing(conn: &mut Conn) -> Vec<String> {
    let ours = names(&conn.call("KEYS shake:*").unwrap());
    ours.into_iter().filter(|key| !is_positions(key)).collect()
}

fn names(reply: &Value) -> Vec<String> {
    reply.items().iter().map(Value::text).collect()
}

fn is_positions(key: &str) -> bool {
    key.starts_with("shake:{") && key.ends_with("}:positions")
}
