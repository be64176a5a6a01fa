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
///
/// No two have the same link, nor one of those that are `taken`. A node's own history goes before the one that it shares
/// with its former primary: somebody else may have the same.
pub(crate) fn identify(survey: &Survey, taken: &[String], sources: Vec<(NodeAddr, NodeHistory)>) -> Vec<Identity> {
    let marks: Vec<(&str, Mark)> = marks(survey).collect();
    let mut links: Vec<Option<String>> = vec![None; sources.len()];
    let own = |_: &NodeAddr, history: &NodeHistory, mark: &Mark| {
        mark.source.replids.iter().any(|id| id == history.replid.as_str())
    };
    let shared = |_: &NodeAddr, history: &NodeHistory, mark: &Mark| history.is_one_of(&mark.source.replids);
    let address = |node: &NodeAddr, _: &NodeHistory, mark: &Mark| mark.source.node == node.to_string();
    let signs: [&Sign; 3] = [&own, &shared, &address];
    for sign in signs {
        for (index, (node, history)) in sources.iter().enumerate() {
            let is_free = |link: &str| !taken.iter().chain(links.iter().flatten()).any(|other| other == link);
            let found = marks.iter().find(|(link, mark)| sign(node, history, mark) && is_free(link));
            let found = found.map(|(link, _)| (*link).to_owned());
            if let Some(link) = links.get_mut(index) {
                *link = link.take().or(found);
            }
        }
    }
    let named = |((node, history), link): ((NodeAddr, NodeHistory), Option<String>)| {
        let link = link.unwrap_or_else(|| new_name(&history, taken));
        Identity { node, history, link }
    };
    sources.into_iter().zip(links).map(named).collect()
}

/// Whether a mark is that of a source.
type Sign = dyn Fn(&NodeAddr, &NodeHistory, &Mark) -> bool;

/// A name after a source's history, which nobody has yet.
fn new_name(history: &NodeHistory, taken: &[String]) -> String {
    let name: String = history.replid.as_str().chars().take(NAME_LEN).collect();
    let is_free = |name: &String| !taken.contains(name);
    let numbered = (2..).map(|number: u32| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or_default()
}

/// The marks of all links.
fn marks(survey: &Survey) -> impl Iterator<Item = (&str, Mark)> {
    let fields = survey.fields.iter().flat_map(|(_, fields)| fields);
    fields.filter_map(|(field, value)| Some((link_of_mark(field)?, Mark::parse(value)?)))
}

const NAME_LEN: usize = 12;
