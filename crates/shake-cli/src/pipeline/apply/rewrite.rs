//! Commands that a primary sends to its replicas, but that a client may not say in the same words.

use bytes::BytesMut;
use cluster_router::command::Args;

/// Writes `args` as an ordinary client has to say it; answers false when the command can be passed on as it is.
pub(super) fn rewrite(name: &str, args: Args<'_>, out: &mut BytesMut) -> bool {
    match name {
        // What MIGRATE leaves in the stream of the node that got the key is RESTORE-ASKING, which from a client would
        // need an importing slot. The key was not there at the source, or it was to be replaced: here it is always.
        "RESTORE" | "RESTORE-ASKING" => restore_words(args, args.arg(PAYLOAD).unwrap_or_default(), out),
        // Every primary of a source has loaded it, each for itself.
        "FUNCTION" if args.is_word(1, "LOAD") => {
            let said: &[usize] = if args.is_word(2, "REPLACE") { &[2] } else { &[] };
            put(out, &[b"FUNCTION", b"LOAD", b"REPLACE"], args, 2, said);
        }
        "XADD" | "XTRIM" => match trim_limit(args) {
            Some(limit) => put(out, &[], args, 0, &[limit, limit + 1]),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// Writes a RESTORE with another payload.
pub(super) fn restore_words(args: Args<'_>, payload: &[u8], out: &mut BytesMut) {
    let replaces = (RESTORE_OPTIONS..args.len()).any(|index| args.is_word(index, "REPLACE"));
    resp::put_array(out, args.len() + usize::from(!replaces));
    resp::put_bulk(out, b"RESTORE");
    for index in 1..args.len() {
        resp::put_bulk(out, if index == PAYLOAD { payload } else { args.arg(index).unwrap_or_default() });
    }
    if !replaces {
        resp::put_bulk(out, b"REPLACE");
    }
}

/// `RESTORE key ttl payload [option ...]`
const RESTORE_OPTIONS: usize = 4;
const PAYLOAD: usize = 3;

/// Where `LIMIT n` stands behind an exact `MAXLEN = n` or `MINID = id`. Redis 7.0 makes the trimming exact in its
/// stream and leaves the limit there, which is a syntax error from anybody else.
fn trim_limit(args: Args<'_>) -> Option<usize> {
    let is_any = |index: usize, words: &[&str]| words.iter().any(|word| args.is_word(index, word));
    // The options stand before the id of XADD; behind it are fields, which may be called anything.
    let strategy = (2..args.len()).find(|&index| !is_any(index, &["NOMKSTREAM", "KEEPREF", "DELREF", "ACKED"]))?;
    if !is_any(strategy, &["MAXLEN", "MINID"]) {
        return None;
    }
    let threshold = strategy + if is_any(strategy + 1, &["="]) { 2 } else { 1 };
    let is_exact = !is_any(strategy + 1, &["~"]);
    (is_exact && is_any(threshold + 1, &["LIMIT"])).then_some(threshold + 1)
}

/// Writes `first`, then `args` from `from` on without those at `left_out`.
fn put(out: &mut BytesMut, first: &[&[u8]], args: Args<'_>, from: usize, left_out: &[usize]) {
    resp::put_array(out, first.len() + args.len() - from - left_out.len());
    first.iter().for_each(|word| resp::put_bulk(out, word));
    for index in (from..args.len()).filter(|index| !left_out.contains(index)) {
        resp::put_bulk(out, args.arg(index).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(line: &str) -> Option<String> {
        let start = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
        let ranges: Vec<_> = line.split(' ').map(|word| start(word)..start(word) + word.len()).collect();
        let args = Args::new(line.as_bytes(), &ranges);
        let name = line.split(' ').next().unwrap().to_uppercase();
        let mut out = BytesMut::new();
        rewrite(&name, args, &mut out).then(|| {
            let mut scanner = resp::CommandScanner::default();
            assert_eq!(scanner.scan(&out), Ok(Some(out.len())));
            let words: Vec<_> = scanner.args().iter().map(|arg| String::from_utf8_lossy(&out[arg.clone()])).collect();
            words.join(" ")
        })
    }

    #[test]
    fn an_exact_trim_loses_its_limit() {
        for (from, to) in [
            ("XADD k MAXLEN = 4 LIMIT 1 5-1 f v", Some("XADD k MAXLEN = 4 5-1 f v")),
            ("xadd k NOMKSTREAM minid = 4-0 limit 10 5-1 f v", Some("xadd k NOMKSTREAM minid = 4-0 5-1 f v")),
            ("XTRIM k MAXLEN 4 LIMIT 1", Some("XTRIM k MAXLEN 4")),
            ("XTRIM k MAXLEN ~ 4 LIMIT 1", None),
            ("XADD k MAXLEN = 4 5-1 LIMIT 1", None),
            ("XADD k 5-1 MAXLEN = LIMIT 1", None),
            ("XADD k 1-1 maxlen 100 limit 5", None),
            ("XADD k NOMKSTREAM 1-1 a 1 minid 7 limit 9", None),
            ("SET k LIMIT", None),
        ] {
            assert_eq!(rewritten(from).as_deref(), to, "{from}");
        }
    }

    #[test]
    fn functions_replace() {
        assert_eq!(rewritten("FUNCTION LOAD code").as_deref(), Some("FUNCTION LOAD REPLACE code"));
        assert_eq!(rewritten("function load replace code").as_deref(), Some("FUNCTION LOAD REPLACE code"));
        assert_eq!(rewritten("FUNCTION DELETE lib"), None);
    }

    #[test]
    fn a_migrated_key_is_an_ordinary_restore() {
        let restore = Some("RESTORE k 0 payload ABSTTL REPLACE");
        assert_eq!(rewritten("RESTORE-ASKING k 0 payload ABSTTL").as_deref(), restore);
        assert_eq!(
            rewritten("restore k 0 payload ABSTTL replace").as_deref(),
            Some("RESTORE k 0 payload ABSTTL replace")
        );
        assert_eq!(rewritten("RESTORE k 0 REPLACE").as_deref(), Some("RESTORE k 0 REPLACE REPLACE"));
    }
}
