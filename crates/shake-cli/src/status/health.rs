//! What probes ask: is it ready?

use super::View;
use crate::meter::Measured;
use crate::pipeline::State;

/// Why a sync is not ready, a line for each reason: it is when every link follows its source and none holds.
pub(super) fn objections(view: &View<'_>) -> Vec<String> {
    if view.links.is_empty() {
        return vec!["starting: both sides are being looked at".to_owned()];
    }
    view.links.iter().filter_map(objection).collect()
}

fn objection(link: &Measured) -> Option<String> {
    let figures = &link.figures;
    let why = match figures.state {
        State::Starting => "waiting for the source's snapshot".to_owned(),
        State::Snapshot => "copying".to_owned(),
        State::Stream if !figures.connected => "the source is not connected".to_owned(),
        State::Stream => format!("holding: {}", figures.holding.as_ref()?.reason),
    };
    Some(format!("{}: {why}", figures.node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::{facts, one_link, three_links};

    #[test]
    fn ready_is_when_all_follow_and_none_holds() {
        let facts = facts();
        assert_eq!(objections(&View { links: vec![], ..one_link(&facts) }).len(), 1);
        assert_eq!(objections(&one_link(&facts)), [] as [&str; 0]);
        let mut view = three_links(&facts);
        assert_eq!(
            objections(&view),
            ["10.0.0.1:6379: copying", "[::1]:6379: the source is not connected"],
            "the one that follows has nothing to say"
        );
        view.links.iter_mut().for_each(|link| link.figures.connected = true);
        assert!(objections(&view).iter().any(|line| line.starts_with("[::1]:6379: holding: 10.1.0.1:6379: OOM")));
    }
}
