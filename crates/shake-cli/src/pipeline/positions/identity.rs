use cluster_router::NodeAddr;

use super::history::NodeHistory;
use super::link_of_mark;
use super::mark::Mark;
use super::survey::Survey;

/// A source node and its link, as the target knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The source's node.
    pub(crate) node: NodeAddr,
    /// Where the source was in its history when it was asked.
    pub(crate) history: NodeHistory,
    /// The name under which the link's positions are kept.
    pub(crate) link: String,
}

/// The links of some sources: for each the one with a position in its history, since nodes and addresses change and
/// histories go on; or else the one that was fed from its address; or else a new one, named after the history.
pub(crate) fn identify(survey: &Survey, sources: Vec<(NodeAddr, NodeHistory)>) -> Vec<Identity> {
    let marks: Vec<(&str, Mark)> = marks(survey).collect();
    let by_history = |(_, history): &(NodeAddr, NodeHistory)| {
        marks.iter().find(|(_, mark)| history.is_one_of(&mark.source.replids)).map(|(link, _)| (*link).to_owned())
    };
    let mut links: Vec<Option<String>> = sources.iter().map(by_history).collect();
    for (index, (node, _)) in sources.iter().enumerate() {
        let is_free = |link: &str| !links.iter().flatten().any(|taken| taken == link);
        let found = marks.iter().find(|(link, mark)| mark.source.node == node.to_string() && is_free(link));
        let found = found.map(|(link, _)| (*link).to_owned());
        if let Some(link) = links.get_mut(index) {
            *link = link.take().or(found);
        }
    }
    let named = |((node, history), link): ((NodeAddr, NodeHistory), Option<String>)| {
        let link = link.unwrap_or_else(|| history.replid.as_str().chars().take(NAME_LEN).collect());
        Identity { node, history, link }
    };
    sources.into_iter().zip(links).map(named).collect()
}

/// The marks of all links.
fn marks(survey: &Survey) -> impl Iterator<Item = (&str, Mark)> {
    let fields = survey.fields.iter().flat_map(|(_, fields)| fields);
    fields.filter_map(|(field, value)| Some((link_of_mark(field)?, Mark::parse(value)?)))
}

const NAME_LEN: usize = 12;
