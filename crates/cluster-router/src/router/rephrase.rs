//! Other words for a payload that a node does not load.

use bytes::Bytes;
use resp::ErrorReply;

use super::Router;
use crate::Refusal;
use crate::lane::Entry;

/// What is sent in place of a refused command; several commands take effect together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InOtherWords {
    /// The commands.
    pub bytes: Bytes,
    /// How many there are.
    pub commands: u32,
}

/// Finds other words for the command in these bytes, or says why there are none.
pub type Rephrase = dyn Fn(&[u8]) -> Result<InOtherWords, String> + Send + Sync;

impl Router {
    /// Has commands whose payload a node refuses sent in other words, in their place among the commands of their slot.
    /// Without it, such a refusal is an error.
    pub fn rephrase_with(&mut self, rephrase: Box<Rephrase>) {
        self.rephrase = Some(rephrase);
    }
}

/// The other words for a refused entry, if that is what its error calls for and there are any; the error is why not.
pub(super) fn rephrase(
    with: Option<&Rephrase>,
    error: &ErrorReply,
    entry: Entry,
    bytes: &[u8],
) -> Option<Result<InOtherWords, String>> {
    // A transaction of the source is more than the command that was refused.
    let is_payload = entry.replies == 1 && Refusal::of(error, "") == Refusal::BadPayload;
    with.filter(|_| is_payload).map(|rephrase| rephrase(bytes))
}
