//! Streams: what only replicas take, and what older servers do not know.

use bytes::BytesMut;

use super::{Rewritten, put};
use crate::pipeline::apply::said::Said;
use crate::pipeline::target::Target;

/// `XADD key [NOMKSTREAM] [trimming] id field value ...`, `XTRIM key trimming`
pub(super) fn add_or_trim(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    let mut left_out = Vec::new();
    if !target.has_create_consumer() && said.args.is_word(2, "NOMKSTREAM") {
        left_out.push(2);
    }
    left_out.extend(trim_limit(said).into_iter().flat_map(|limit| [limit, limit + 1]));
    if left_out.is_empty() {
        return Rewritten::Same;
    }
    put(out, &[], said.args, 0, &left_out);
    Rewritten::Commands(1)
}

/// Where `LIMIT n` stands behind an exact `MAXLEN = n` or `MINID = id`. Redis 7.0 makes the trimming exact in its
/// stream and leaves the limit there, which is a syntax error from anybody else.
fn trim_limit(said: Said<'_>) -> Option<usize> {
    // The options stand before the id of XADD; behind it are fields, which may be called anything.
    let options = &["NOMKSTREAM", "KEEPREF", "DELREF", "ACKED"];
    let strategy = (2..said.args.len()).find(|&index| !said.is_any(index, options))?;
    if !said.is_any(strategy, &["MAXLEN", "MINID"]) {
        return None;
    }
    let threshold = strategy + if said.is_any(strategy + 1, &["="]) { 2 } else { 1 };
    let is_exact = !said.is_any(strategy + 1, &["~"]);
    (is_exact && said.is_any(threshold + 1, &["LIMIT"])).then_some(threshold + 1)
}

/// `XGROUP CREATE key group id [MKSTREAM] [ENTRIESREAD n]`, `XGROUP SETID key group id [ENTRIESREAD n]` and the others.
pub(super) fn group(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    // Older servers create a consumer when it is first given an entry.
    if !target.has_create_consumer() && said.args.is_word(1, "CREATECONSUMER") {
        return Rewritten::Commands(0);
    }
    let counter = (GROUP_OPTIONS..said.args.len()).find(|&index| said.args.is_word(index, "ENTRIESREAD"));
    match counter {
        Some(at) if !target.has_stream_counters() && said.is_any(1, &["CREATE", "SETID"]) => {
            put(out, &[], said.args, 0, &[at, at + 1]);
            Rewritten::Commands(1)
        }
        _ => Rewritten::Same,
    }
}

/// `XSETID key id [ENTRIESADDED n] [MAXDELETEDID id]`
pub(super) fn set_id(said: Said<'_>, target: Target, out: &mut BytesMut) -> Rewritten {
    if target.has_stream_counters() || said.args.len() <= 3 {
        return Rewritten::Same;
    }
    resp::put_command(out, &[b"XSETID", said.arg(1), said.arg(2)]);
    Rewritten::Commands(1)
}

const GROUP_OPTIONS: usize = 5;

#[cfg(test)]
mod tests {
    use super::super::bench::becomes;

    #[test]
    fn an_exact_trim_loses_its_limit() {
        for (from, to) in [
            ("XADD k MAXLEN = 4 LIMIT 1 5-1 f v", "XADD k MAXLEN = 4 5-1 f v"),
            ("xadd k NOMKSTREAM minid = 4-0 limit 10 5-1 f v", "xadd k NOMKSTREAM minid = 4-0 5-1 f v"),
            ("XTRIM k MAXLEN 4 LIMIT 1", "XTRIM k MAXLEN 4"),
            ("XTRIM k MAXLEN ~ 4 LIMIT 1", "= XTRIM k MAXLEN ~ 4 LIMIT 1"),
            ("XADD k MAXLEN = 4 5-1 LIMIT 1", "= XADD k MAXLEN = 4 5-1 LIMIT 1"),
            ("XADD k 5-1 MAXLEN = LIMIT 1", "= XADD k 5-1 MAXLEN = LIMIT 1"),
            ("XADD k 1-1 maxlen 100 limit 5", "= XADD k 1-1 maxlen 100 limit 5"),
            ("XADD k NOMKSTREAM 1-1 a 1 minid 7 limit 9", "= XADD k NOMKSTREAM 1-1 a 1 minid 7 limit 9"),
        ] {
            assert_eq!(becomes("redis-7.0", from), to, "{from}");
        }
    }

    #[test]
    fn older_servers_are_not_told_what_they_do_not_know() {
        for (from, to) in [
            ("XADD k NOMKSTREAM MAXLEN = 4 LIMIT 1 5-1 f v", "XADD k MAXLEN = 4 5-1 f v"),
            ("XGROUP CREATE k g $ MKSTREAM ENTRIESREAD 5", "XGROUP CREATE k g $ MKSTREAM"),
            ("xgroup setid k g 1-0 entriesread 5", "xgroup setid k g 1-0"),
            ("XGROUP CREATECONSUMER k g c", ""),
            ("XGROUP DESTROY k g", "= XGROUP DESTROY k g"),
            ("XSETID k 5-1 ENTRIESADDED 7 MAXDELETEDID 3-1", "XSETID k 5-1"),
            ("XSETID k 5-1", "= XSETID k 5-1"),
        ] {
            assert_eq!(becomes("redis-6.0", from), to, "{from}");
            if !from.contains("LIMIT") {
                assert_eq!(becomes("valkey-8.0", from), format!("= {from}"));
            }
        }
    }
}
