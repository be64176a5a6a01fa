use cluster_router::Info;
use replica::ReplId;

/// The replication history of a node, as its `INFO replication` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeHistory {
    /// The id of its history.
    pub(crate) replid: ReplId,
    /// Where it is in that.
    pub(crate) offset: u64,
    /// The history that it shares with its former primary, and the offset where they part.
    pub(crate) second: Option<(ReplId, u64)>,
    /// The least that one of its replicas has acknowledged; `None` when it has no replicas.
    pub(crate) acknowledged: Option<u64>,
}

impl NodeHistory {
    /// Reads the text of the answer; `None` when something is missing.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let info = Info::parse(text).ok()?;
        let replid = info.text("master_replid")?.parse().ok()?;
        let second = info.text("master_replid2").and_then(|id| id.parse().ok()).zip(info.number("second_repl_offset"));
        let replicas = (0..info.number("connected_slaves").unwrap_or(0usize)).map(|index| format!("slave{index}"));
        let offsets = replicas.map(|key| info.part(&key, "offset").and_then(|offset| offset.parse().ok()).unwrap_or(0));
        Some(Self { replid, offset: info.number("master_repl_offset")?, second, acknowledged: offsets.min() })
    }

    /// Whether what a node had that was there in a history is part of what this one has.
    pub(crate) fn contains(&self, replid: &str, offset: u64) -> bool {
        let is = |own: &ReplId| own.as_str() == replid;
        (is(&self.replid) && offset <= self.offset) || self.second.is_some_and(|(own, end)| is(&own) && offset < end)
    }

    /// Whether one of the ids is of this node's history.
    pub(crate) fn is_one_of(&self, ids: &[String]) -> bool {
        let is = |own: &ReplId| ids.iter().any(|id| id == own.as_str());
        is(&self.replid) || self.second.is_some_and(|(own, _)| is(&own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[test]
    fn a_promoted_node_has_what_its_primary_had_up_to_where_they_part() {
        let text = format!(
            "role:master\r\nconnected_slaves:2\r\nslave0:ip=::1,port=1,state=online,offset=90,lag=0\r\n\
             slave1:ip=::1,port=2,state=online,offset=70,lag=0\r\nmaster_replid:{A}\r\nmaster_replid2:{B}\r\n\
             master_repl_offset:100\r\nsecond_repl_offset:51\r\n"
        );
        let history = NodeHistory::parse(text.as_bytes()).unwrap();
        assert_eq!(history.acknowledged, Some(70));
        let contains = [(A, 100, true), (A, 101, false), (B, 50, true), (B, 51, false)];
        for (id, offset, expected) in contains {
            assert_eq!(history.contains(id, offset), expected, "{id} {offset}");
        }
        assert!(history.is_one_of(&[B.to_owned()]) && !history.is_one_of(&["c".to_owned()]));
    }

    #[test]
    fn without_replicas_nothing_is_acknowledged() {
        let zeros = "0".repeat(40);
        let text = format!(
            "connected_slaves:0\r\nmaster_replid:{A}\r\nmaster_replid2:{zeros}\r\nmaster_repl_offset:0\r\n\
             second_repl_offset:-1\r\n"
        );
        let history = NodeHistory::parse(text.as_bytes()).unwrap();
        assert_eq!((history.acknowledged, history.second), (None, None));
        assert_eq!(NodeHistory::parse(b"role:master\r\n"), None);
    }
}
