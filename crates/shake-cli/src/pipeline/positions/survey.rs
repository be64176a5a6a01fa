//! Reads what all nodes of a target know of a pipeline's links.

use std::collections::BTreeMap;

use bytes::Bytes;
use cluster_router::{Delivery, Event, Hold, Outgoing, Owner, Phase, PositionKeys, Route, Router, RouterError, Slot};
use resp::Reply;

use super::history::NodeHistory;
use super::link_of_field;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The nodes, and where each is in its history.
    pub(super) nodes: Vec<Surveyed>,
    /// The fields of each slot's hash, in the order of slots.
    pub(super) fields: Vec<(Slot, Vec<(String, Bytes)>)>,
}

/// A node.
#[derive(Debug, Clone)]
pub(super) struct Surveyed {
    pub(super) owner: Owner,
    pub(super) history: NodeHistory,
}

/// Asks every slot through the lanes of `router`, which must be new: what earlier connections of the link had under way is
/// ended before the first answer, and what is sent afterwards takes the way of the questions.
///
/// # Errors
/// As [`Router::drive`]; also when the target refuses to tell.
pub(crate) async fn survey(
    router: &mut Router,
    keys: &PositionKeys,
    mut holding: impl FnMut(&Hold),
) -> Result<Survey, SurveyError> {
    let mut asking = Asking::new(router);
    let mut survey = Survey::default();
    let slots: Vec<Slot> = Slot::all().collect();
    for some in slots.chunks(AT_ONCE) {
        let questions = some.iter().map(|&slot| (question(slot), vec!["HGETALL".to_owned(), keys.key(slot)])).collect();
        let answers = asking.ask(questions, &mut holding).await?;
        for (&slot, answer) in some.iter().zip(&answers) {
            let fields = fields(answer)?;
            if !fields.is_empty() {
                survey.fields.push((slot, fields));
            }
        }
    }
    loop {
        asking.interrupted = false;
        let owners = asking.router.owners();
        let questions: Vec<_> =
            owners.iter().filter_map(|owner| Some((question(owner.slots.iter().next()?), info()))).collect();
        let owners = owners.into_iter().filter(|owner| !owner.slots.is_empty());
        let answers = asking.ask(questions, &mut holding).await?;
        // Slots may have moved since, and somebody else have answered.
        if asking.interrupted {
            continue;
        }
        for (owner, answer) in owners.zip(&answers) {
            let history = answer.as_bytes().and_then(|text| NodeHistory::parse(text));
            let history = history.ok_or_else(|| refused("INFO replication", answer))?;
            survey.nodes.push(Surveyed { owner, history });
        }
        return Ok(survey);
    }
}

pub(super) fn info() -> Vec<String> {
    ["INFO", "replication"].map(str::to_owned).to_vec()
}

/// Questions to the owners of slots, with their answers.
pub(crate) struct Asking<'a> {
    router: &'a mut Router,
    answers: Vec<Option<Reply>>,
    /// Whether something stood in the way since the last questions.
    interrupted: bool,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(router: &'a mut Router) -> Self {
        Self { router, answers: Vec::new(), interrupted: false }
    }

    /// Asks each question at the owner of its slot; the answers are in the same order.
    pub(crate) async fn ask<A: AsRef<[u8]>>(
        &mut self,
        questions: Vec<(Outgoing, Vec<A>)>,
        holding: &mut impl FnMut(&Hold),
    ) -> Result<Vec<Reply>, RouterError> {
        self.answers = vec![None; questions.len()];
        for (token, (question, words)) in questions.iter().enumerate() {
            self.router.ask(*question, token as u64, |out| resp::put_command(out, words));
        }
        while self.answers.iter().any(Option::is_none) {
            match self.router.drive().await? {
                Event::Answer { token, reply } => {
                    let token = usize::try_from(token).unwrap_or(usize::MAX);
                    if let Some(answer) = self.answers.get_mut(token) {
                        *answer = Some(reply);
                    }
                }
                Event::Holding(hold) => {
                    self.interrupted = true;
                    holding(&hold);
                }
                _ => {}
            }
        }
        Ok(self.answers.drain(..).flatten().collect())
    }
}

/// A question that is put to the owner of a slot.
pub(crate) fn question(slot: Slot) -> Outgoing {
    Outgoing {
        route: Route::Slot(slot),
        commands: 1,
        db: 0,
        phase: Phase::Stream,
        offset: 0,
        forgiving: false,
        delivery: Delivery::Repeatable,
    }
}

/// The fields of an answer to `HGETALL`; none of a key of another type, which is somebody else's.
fn fields(reply: &Reply) -> Result<Vec<(String, Bytes)>, SurveyError> {
    let all = match reply.first_error() {
        Some(error) if error.is("WRONGTYPE") => &[],
        _ => reply.as_array().ok_or_else(|| refused("HGETALL", reply))?,
    };
    let pairs = all.chunks_exact(2).filter_map(|pair| match pair {
        [field, value] => Some((field.as_bytes()?, value.as_bytes()?)),
        _ => None,
    });
    Ok(pairs.map(|(field, value)| (String::from_utf8_lossy(field).into_owned(), value.clone())).collect())
}

fn refused(command: &'static str, reply: &Reply) -> SurveyError {
    let answer =
        reply.first_error().map_or_else(|| "an answer of another kind than expected".to_owned(), ToString::to_string);
    SurveyError::Refused { command, answer }
}

impl Survey {
    /// The links of which something is known, in the order of their names, and the slots that have fields of each.
    pub(crate) fn links(&self) -> BTreeMap<&str, Vec<Slot>> {
        let mut links: BTreeMap<&str, Vec<Slot>> = BTreeMap::new();
        for (slot, fields) in &self.fields {
            for (field, _) in fields {
                let slots = links.entry(link_of_field(field)).or_default();
                if slots.last() != Some(slot) {
                    slots.push(*slot);
                }
            }
        }
        links
    }
}

/// Why a target does not tell how far a link is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SurveyError {
    #[error(transparent)]
    Router(#[from] RouterError),
    #[error("{command}: {answer}")]
    Refused { command: &'static str, answer: String },
}

/// How many slots are asked before their answers are waited for.
pub(crate) const AT_ONCE: usize = 4096;
