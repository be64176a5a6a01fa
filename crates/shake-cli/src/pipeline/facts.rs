//! What a server says of itself.

use cluster_router::{Client, ClientError, Info, NodeAddr};

/// A server as `INFO` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Family and version.
    pub(crate) server: rdb::Target,
    /// What it is called: `redis 7.0.15`, `valkey 9.1.2`.
    pub(crate) product: String,
    /// Whether it is a node of a cluster.
    pub(crate) cluster: bool,
    /// Tells this very process from every other: two addresses may lead to one server.
    pub(crate) run_id: String,
    /// The databases that hold keys.
    pub(crate) databases: Vec<u32>,
    /// By which policy it evicts keys that do not expire, when it does.
    pub(crate) evicts_any: Option<String>,
}

impl Facts {
    /// Asks a server.
    pub(crate) async fn ask(client: &mut Client) -> Result<Self, FactsError> {
        let node = client.node().clone();
        let text = client.text(&["INFO"]).await?;
        let malformed = || FactsError::Malformed { node: node.clone() };
        let info = Info::parse(&text).map_err(|_| malformed())?;
        Self::parse(&info).ok_or_else(malformed)
    }

    fn parse(info: &Info<'_>) -> Option<Self> {
        let redis = info.text("redis_version")?;
        // Valkey calls itself redis 7.2 as well.
        let (brand, version) = match info.text("valkey_version") {
            Some(valkey) => ("valkey", valkey),
            None => ("redis", redis),
        };
        let databases = info.fields().filter_map(|(key, _)| key.strip_prefix("db")?.parse().ok()).collect();
        Some(Self {
            server: server(brand, version)?,
            product: format!("{brand} {version}"),
            cluster: info.text("cluster_enabled") == Some("1"),
            run_id: info.text("run_id")?.to_owned(),
            databases,
            evicts_any: evicts_any(info),
        })
    }
}

fn evicts_any(info: &Info<'_>) -> Option<String> {
    let policy = info.text("maxmemory_policy").filter(|policy| policy.starts_with("allkeys"))?;
    let has_limit = info.number("maxmemory").is_some_and(|bytes: u64| bytes > 0);
    has_limit.then(|| policy.to_owned())
}

/// The version as far as it is numbers: `8.0.0-rc1` is 8.0.0.
fn server(brand: &str, version: &str) -> Option<rdb::Target> {
    let numbers = version.find(|c: char| !c.is_ascii_digit() && c != '.').and_then(|end| version.get(..end));
    format!("{brand}-{}", numbers.unwrap_or(version)).parse().ok()
}

/// Why a server's description is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactsError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{node}: its INFO is not that of a Redis or Valkey server")]
    Malformed { node: NodeAddr },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_limit_some_policies_evict_any_key() {
        let cases =
            [(0, "allkeys-lru", false), (9, "allkeys-lfu", true), (9, "volatile-lru", false), (9, "noeviction", false)];
        for (limit, policy, evicts) in cases {
            let text = format!("maxmemory:{limit}\r\nmaxmemory_policy:{policy}\r\n");
            let found = evicts_any(&Info::parse(text.as_bytes()).unwrap());
            assert_eq!(found.is_some(), evicts, "{limit} {policy}");
        }
    }

    #[test]
    fn redis_and_valkey_describe_themselves() {
        let text = b"# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\nrun_id:abc\r\n\
                     # Cluster\r\ncluster_enabled:1\r\n# Keyspace\r\ndb0:keys=1,expires=0\r\ndb12:keys=3,expires=0\r\n";
        let facts = Facts::parse(&Info::parse(text).unwrap()).unwrap();
        assert_eq!(facts.product, "valkey 9.1.2");
        assert_eq!((facts.server, facts.cluster, facts.databases), (rdb::Target::valkey(9, 1), true, vec![0, 12]));
        let text = b"redis_version:6.0.16\r\nrun_id:abc\r\n";
        let facts = Facts::parse(&Info::parse(text).unwrap()).unwrap();
        assert_eq!((facts.product.as_str(), facts.cluster), ("redis 6.0.16", false));
        assert_eq!(facts.server, rdb::Target::redis(6, 0));
        assert_eq!(server("redis", "8.0.0-rc1"), Some(rdb::Target::redis(8, 0)));
        assert!(Facts::parse(&Info::parse(b"proxy:yes\r\n").unwrap()).is_none());
    }
}
