//! The positioned read: values, and the offset of a stream that they belong to.

use bytes::Bytes;
use cluster_router::{Client, ClientError, Info};
use resp::Reply;

/// What was read at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    /// The offset in the node's stream behind the last command that the values have in them.
    pub(crate) offset: u64,
    /// In the order of the keys.
    pub(crate) values: Vec<(Bytes, Option<Value>)>,
}

/// A key that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// As DUMP gives it.
    pub(crate) payload: Bytes,
    /// When it expires, in milliseconds since the epoch; 0 when it does not.
    pub(crate) expire_at_ms: i64,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("a positioned read: {0}")]
    Refused(String),
}

/// Reads keys of one slot at a node that owns it, or is taking it over.
pub(crate) async fn read(client: &mut Client, keys: &[Bytes]) -> Result<Read, ReadError> {
    let word = |word: &str| Bytes::copy_from_slice(word.as_bytes());
    // All of them wear off with EXEC, and at a node that owns the slot ASKING changes nothing.
    let mut commands = vec![vec![word("ASKING")], vec![word("MULTI")]];
    for key in keys {
        commands.push(vec![word("DUMP"), key.clone()]);
        commands.push(vec![word("PTTL"), key.clone()]);
    }
    commands.extend([vec![word("TIME")], vec![word("INFO"), word("replication")], vec![word("EXEC")]]);
    let replies = client.pipeline(&commands).await?;
    let refused = || {
        let error = replies.iter().find_map(|reply| reply.first_error());
        ReadError::Refused(error.map_or_else(|| "an answer of another kind".to_owned(), ToString::to_string))
    };
    let answers = replies.last().and_then(Reply::as_array).filter(|answers| answers.len() == 2 * keys.len() + 2);
    let (values, last) = answers.ok_or_else(refused)?.split_at(2 * keys.len());
    let now = last.first().and_then(millis).ok_or_else(refused)?;
    let offset = last.last().and_then(offset).ok_or_else(refused)?;
    let values = keys.iter().zip(values.chunks_exact(2)).map(|(key, pair)| (key.clone(), value(pair, now)));
    Ok(Read { offset, values: values.collect() })
}

fn value(pair: &[Reply], now: i64) -> Option<Value> {
    let payload = pair.first()?.as_bytes()?.clone();
    let left = pair.last()?.as_integer().filter(|&left| left >= 0);
    Some(Value { payload, expire_at_ms: left.map_or(0, |left| now + left) })
}

/// The answer to TIME in milliseconds. The clock stands still within a transaction.
fn millis(reply: &Reply) -> Option<i64> {
    let number = |reply: &Reply| std::str::from_utf8(reply.as_bytes()?).ok()?.parse::<i64>().ok();
    let parts = reply.as_array()?;
    Some(number(parts.first()?)? * 1000 + number(parts.last()?)? / 1000)
}

fn offset(reply: &Reply) -> Option<u64> {
    Info::parse(reply.as_bytes()?).ok()?.number("master_repl_offset")
}
