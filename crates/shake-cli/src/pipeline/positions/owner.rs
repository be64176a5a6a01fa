use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;

use serde::{Deserialize, Serialize};

use super::link_of_mark;
use super::mark::Mark;
use super::survey::Survey;

/// The process that a link belongs to. Of two, the greater one has it: the one that came later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct OwnerTag {
    epoch: u64,
    process: String,
}

impl OwnerTag {
    /// One that takes links over, of which a survey tells.
    pub(crate) fn after(survey: &Survey, links: &[&str]) -> Self {
        let epoch = owners(survey, |link| links.contains(&link)).map(|owner| owner.epoch).max().unwrap_or(0) + 1;
        let random = RandomState::new();
        Self { epoch, process: format!("{:08x}", random.hash_one(std::process::id()) >> 32) }
    }

    /// The one that a link belongs to, when it is another one that came later.
    pub(crate) fn successor(&self, survey: &Survey, link: &str) -> Option<Self> {
        owners(survey, |other| other == link).filter(|owner| owner > self).max()
    }
}

impl fmt::Display for OwnerTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.process)
    }
}

fn owners(survey: &Survey, is_meant: impl Fn(&str) -> bool) -> impl Iterator<Item = OwnerTag> {
    let fields = survey.fields.iter().flat_map(|(_, fields)| fields);
    let marks = fields.filter(move |(field, _)| link_of_mark(field).is_some_and(&is_meant));
    marks.filter_map(|(_, value)| Mark::parse(value)?.owner)
}
