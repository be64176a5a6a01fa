//! What the target cannot be told of a value.

use rdb::{LossKind, Losses};

use super::error::ApplyErrorKind;
use crate::pipeline::plan::OnLoss;

/// Keeps account of what is not carried over, and says when to stop.
#[derive(Debug)]
pub(crate) struct LossBook {
    target: rdb::Target,
    on_loss: OnLoss,
    total: Losses,
    /// The first key of each kind, until it was told.
    news: Vec<Lost>,
}

/// The first key of which something of this kind was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) kind: LossKind,
    pub(crate) key: String,
}

impl LossBook {
    pub(crate) fn new(target: rdb::Target, on_loss: OnLoss) -> Self {
        Self { target, on_loss, total: Losses::default(), news: Vec::new() }
    }

    /// Whether these may be lost.
    ///
    /// # Errors
    /// When they are nothing to go on without, and the configuration says so.
    pub(crate) fn check(&self, key: &[u8], losses: &Losses) -> Result<(), ApplyErrorKind> {
        let grave = losses.iter().find(|(kind, _)| is_grave(*kind)).filter(|_| self.on_loss == OnLoss::Stop);
        match grave {
            Some((kind, count)) => Err(ApplyErrorKind::Incomplete {
                key: key.escape_ascii().to_string(),
                target: self.target,
                what: kind.name(),
                count,
            }),
            None => Ok(()),
        }
    }

    /// Takes account of what was lost of a key, which [`check`](Self::check) has let pass.
    pub(crate) fn record(&mut self, key: &[u8], losses: &Losses) {
        for (kind, _) in losses.iter().filter(|(kind, _)| self.total.count(*kind) == 0) {
            self.news.push(Lost { kind, key: key.escape_ascii().to_string() });
        }
        self.total.add_all(losses);
    }

    /// What was lost so far.
    pub(crate) fn total(&self) -> &Losses {
        &self.total
    }

    /// What was lost for the first time since the last call.
    pub(crate) fn take_news(&mut self) -> Vec<Lost> {
        std::mem::take(&mut self.news)
    }
}

/// Whether a user of the key would miss it: a field that should vanish and stays is another value than the source's.
/// The rest is bookkeeping that a target without it does not have for its own keys either, or of deleted entries.
fn is_grave(kind: LossKind) -> bool {
    matches!(kind, LossKind::FieldExpiry | LossKind::KeyMetadata)
}
