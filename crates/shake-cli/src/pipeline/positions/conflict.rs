//! A conflict that a link stopped at, kept in the target so that the next start says it again.
//!
//! A command that is sent in a unit is not repeated: the errors of the others do not keep a transaction from taking effect,
//! and its fence is part of it. So a link that is started again goes on behind such a command, and must not do so silently.

use cluster_router::{ClientError, Discovery, Rejection, Router, Slot};

use super::keys;
use super::survey::{Survey, question};

/// Leaves word of a conflict at the node that it was met at.
///
/// # Errors
/// When the node cannot be told.
pub(crate) async fn leave(discovery: &Discovery, link: &str, conflict: &Rejection) -> Result<(), ClientError> {
    let map = discovery.slot_map(Some(&conflict.node)).await?;
    let is_its = |slot: &Slot| map.owner(*slot).is_some_and(|owner| owner.addr == conflict.node);
    let Some(slot) = Slot::all().find(is_its) else { return Ok(()) };
    let mut client = discovery.client(&conflict.node).await?;
    let (key, field, sentence) = (keys(link).key(slot), field(link), conflict.to_string());
    client.call(&["HSET", &key, &field, &sentence]).await?;
    Ok(())
}

/// What was left of conflicts, with the slots that have it.
pub(crate) fn left(survey: &Survey, link: &str) -> Vec<(Slot, String)> {
    let own = field(link);
    let of = |(slot, fields): &(Slot, Vec<(String, bytes::Bytes)>)| {
        let (_, sentence) = fields.iter().find(|(field, _)| *field == own)?;
        Some((*slot, String::from_utf8_lossy(sentence).into_owned()))
    };
    survey.fields.iter().filter_map(of).collect()
}

/// Takes it away: it was said.
pub(crate) fn take_away(router: &mut Router, link: &str, slot: Slot) {
    let words = ["HDEL".to_owned(), keys(link).key(slot), field(link)];
    router.submit(question(slot), |out| resp::put_command(out, &words));
}

fn field(link: &str) -> String {
    format!("{link}:stopped")
}
